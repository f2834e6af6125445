"""Kafka dies. The concern still becomes a page, is answered and told of; when Kafka is back, nothing doubles."""

import signal
import time
from typing import Any
from uuid import uuid4

from shared.events.escalation import MessageRequested
from tests.support.system import System, until
from tests.system.conftest import OwnStack

ACUTE = {
    "reporter": {"kind": "teacher"},
    "text": "Hun er bange for at blive sendt ud af landet.",
    "children": [{"cpr": "010170-1234", "age_band": "13-17"}],
    "answers": [
        {"sign": "travel.planned", "answer": "said", "when": "now"},
        {"sign": "fear.extreme", "answer": "said"},
    ],
}


async def receipt(system: System, sent: dict[str, Any]) -> dict[str, Any]:
    words = {"reference": sent["reference"], "code": sent["code"]}
    return dict((await system.client.post(f"{system.urls['intake']}/v1/receipt", json=words)).json())


async def test_a_concern_is_paged_answered_and_told_while_kafka_is_dead(own_stack: OwnStack) -> None:
    system = await own_stack()
    await system.paged((await system.send({"text": "the first warms everything up"}))["report_id"])
    system.stack.stop("kafka", by=signal.SIGKILL)
    mails = len(await system.mails())
    trace_id = uuid4().hex
    began = time.monotonic()
    sent = await system.send(ACUTE, trace_id=trace_id)
    case = await system.paged(sent["report_id"], within=25)
    assert time.monotonic() - began < 15
    answered = await system.act(f"cases/{case['case_id']}/acknowledge", version=case["version"], covers_report_no=1)
    assert answered.status_code == 200

    async def seen() -> bool:
        return bool((await receipt(system, sent)).get("seen_at"))

    await until(seen, within=20)
    paged = len(await system.mails())
    system.stack.start("kafka")
    await until(system.at_rest, within=60)
    told = [event.message_id for _, event in await system.facts(MessageRequested)]
    assert len(told) == len(set(told))
    assert len(await system.mails()) == paged > mails
    spans = await system.spans(trace_id)
    services = {span["localEndpoint"]["serviceName"] for span in spans}
    assert services == {"intake", "triage", "escalation", "notify"}
    assert any(span["name"] == "post /events" or span["name"] == "POST /events" for span in spans)
