"""One concern is one trace, from the POST to the mail server's yes and back."""

import secrets
import time
from typing import Any

from deploy.cli.journey import journey
from tests.support.children import new_child
from tests.support.system import System, until

ACUTE = [{"sign": "travel.passport_taken", "answer": "said", "when": "now"}]
EDGES = {
    ("intake", "triage"),
    ("intake", "escalation"),
    ("triage", "escalation"),
    ("escalation", "intake"),
    ("escalation", "notify"),
    ("notify", "escalation"),
}
"""Who hears whom while a report becomes a page; `SUBSCRIPTIONS` of each service."""
Spans = list[dict[str, Any]]


async def test_the_whole_way_of_a_concern_is_one_trace_with_the_declared_edges(system: System) -> None:
    caller = secrets.token_hex(16)
    answer = await system.send({"children": [new_child()], "text": "Hej", "answers": ACUTE}, caller=caller)
    await system.paged(answer["report_id"])

    async def whole() -> Spans:
        spans = await system.spans(caller=caller)
        return spans if edges(spans) == EDGES and smtp(spans) and len(roots(spans)) == 1 else []

    spans = await until(whole)
    (root,) = roots(spans)
    assert (root["kind"], place(root), root["name"]) == ("SERVER", "intake", "POST /v1/reports")
    assert "parentId" not in root
    assert root["traceId"] != caller
    by_id = {span["id"]: span for span in spans}
    assert way(smtp(spans)[0], by_id) == ["notify", "escalation", "triage", "intake"]
    assert not [span["name"] for span in spans if "error" in span["tags"]]


def roots(spans: Spans) -> Spans:
    """The spans whose parent is not among them."""
    known = {span["id"] for span in spans}
    return [span for span in spans if span.get("parentId") not in known]


def edges(spans: Spans) -> set[tuple[str, str]]:
    """From whom to whom facts went: a consumer's span is the child of the sender's."""
    by_id = {span["id"]: span for span in spans}
    heard = [span for span in spans if span.get("kind") == "CONSUMER" and span.get("parentId") in by_id]
    return {(place(by_id[span["parentId"]]), place(span)) for span in heard}


def smtp(spans: Spans) -> Spans:
    """The dialogues in which a mail server said yes."""
    return [span for span in spans if span["tags"].get("smtp.reply.code") == "250"]


def way(span: dict[str, Any], by_id: dict[str, dict[str, Any]]) -> list[str]:
    """The services on the way back to the POST, each once where it comes."""
    places = [place(span)]
    while (parent := by_id.get(span.get("parentId", ""))) is not None:
        span = parent
        places += [place(span)] if places[-1] != place(span) else []
    return places


def place(span: dict[str, Any]) -> str:
    """The service a span comes from."""
    return str(span["localEndpoint"]["serviceName"])


async def test_the_trace_viewer_shows_all_four_services_in_one_trace(system: System) -> None:
    caller = secrets.token_hex(16)
    answer = await system.send({"answers": ACUTE}, caller=caller)
    await system.paged(answer["report_id"])

    async def shown() -> bool:
        trace_id = next((span["traceId"] for span in await system.spans(caller=caller)), "")
        found = await system.client.get(f"{system.urls['traces']}/api/v2/trace/{trace_id}")
        return found.status_code == 200 and {place(span) for span in found.json()} == {
            *("intake", "triage", "escalation", "notify")
        }

    assert await until(shown)


async def test_the_journey_of_a_concern_has_all_its_stations_in_order(system: System) -> None:
    caller, sent_at = secrets.token_hex(16), time.time()
    answer = await system.send({"answers": ACUTE}, caller=caller)
    await system.paged(answer["report_id"])

    async def whole() -> Any:
        return journey(await system.spans(caller=caller), sent_at=sent_at)

    found = await until(whole)
    assert 0 < found.rated < found.paged < found.mailed
    assert found.accepted > 0, "answered on a beat, which may be after the page"
