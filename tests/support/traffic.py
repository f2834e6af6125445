"""Reports that keep coming, sent as people send them: the same key until it is in; and what must be true of them."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx2

from tests.support.children import new_child
from tests.support.system import System, until

ACUTE = [{"sign": "travel.planned", "answer": "said"}, {"sign": "fear.extreme", "answer": "said"}]


def concern(**changed: Any) -> dict[str, Any]:
    """A report on a child nobody knows, that is paged at once."""
    child = new_child()
    return {"children": [child], "answers": ACUTE, "text": "Hun er bange.", "reporter": {"kind": "teacher"}} | changed


async def sent_until_in(system: System, body: dict[str, Any], *, key: str = "", every: float = 0.2) -> dict[str, Any]:
    """What a sender does whose connection breaks: the same again, with the same key, until it is in."""
    key = key or str(uuid4())
    while True:
        try:
            answer = await system.post(body, key=key)
            if answer.status_code == 201:
                return dict(answer.json())
            assert answer.status_code == 503, answer.text
        except httpx2.TransportError:
            pass
        await asyncio.sleep(every)


async def seen_by(system: System, sent: dict[str, str]) -> bool:
    """Whether intake knows that a consultant has seen the report; its receipt says so to verified reporters alone."""
    seen = "SELECT seen_at IS NOT NULL FROM reports WHERE report_id = $1"
    return bool(await system.value("intake", seen, UUID(sent["report_id"])))


async def answered(system: System, sent: dict[str, str], *, within: float) -> None:
    """Have the report paged, acknowledge it, and wait until intake knows."""
    case = await system.paged(sent["report_id"], within=within)
    covers = len(case["reports"])

    async def acknowledged() -> bool:
        answer = await system.act(f"cases/{case['case_id']}/acknowledge", covers_report_no=covers)
        return answer.status_code == 200

    await until(acknowledged)
    await until(lambda: seen_by(system, sent), within=within)


@dataclass
class Traffic:
    """What was sent so far, and what was answered."""

    answers: list[dict[str, Any]] = field(default_factory=list)

    @property
    def report_ids(self) -> list[UUID]:
        """The reports that were answered with 201."""
        return [UUID(answer["report_id"]) for answer in self.answers]


@asynccontextmanager
async def traffic(system: System, *, a_second: float) -> AsyncIterator[Traffic]:
    """Reports for the length of the block; at its end all are in."""
    seen, tasks = Traffic(), []

    async def one() -> None:
        seen.answers.append(await sent_until_in(system, concern()))

    async def keep_on() -> None:
        while True:
            tasks.append(asyncio.create_task(one()))
            await asyncio.sleep(1 / a_second)

    sending = asyncio.create_task(keep_on())
    try:
        yield seen
    finally:
        sending.cancel()
        async with asyncio.timeout(240):
            await asyncio.gather(*tasks)


async def nothing_lost_nothing_doubled(
    system: System, report_ids: Sequence[UUID], *, within: float = 240, one_each: bool = True
) -> None:
    """Each is stored once, known everywhere, has one escalation, and each demand of it became one message.

    `one_each`: each report has a case of its own.
    """
    ids = list(report_ids)
    assert len(ids) == len(set(ids))

    async def known() -> bool:
        found = await system.value("escalation", "SELECT count(*) FROM reports WHERE report_id = ANY($1)", ids)
        return found == len(ids) and await system.at_rest()

    await until(known, within=within, every=0.3)
    stored = await system.rows("intake", "SELECT case_id FROM reports WHERE report_id = ANY($1)", ids)
    assert len(stored) == len(ids)
    cases = list({row["case_id"] for row in stored})
    assert len(cases) == len(ids) or not one_each
    opened = await system.rows("escalation", "SELECT case_id FROM escalations WHERE case_id = ANY($1)", cases)
    assert Counter(row["case_id"] for row in opened) == dict.fromkeys(cases, 1)
    rated = await system.rows("triage", "SELECT DISTINCT case_id FROM ratings WHERE case_id = ANY($1)", cases)
    assert {row["case_id"] for row in rated} == set(cases)
    await _each_demand_is_one_message(system, cases)


async def _each_demand_is_one_message(system: System, cases: Sequence[UUID]) -> None:
    of_cases = "SELECT message_id FROM pages JOIN escalations USING (escalation_id) WHERE case_id = ANY($1)"
    asked = await system.rows("escalation", of_cases, cases)
    sent = await system.rows("notify", "SELECT message_id, state FROM messages WHERE case_id = ANY($1)", cases)
    assert {row["message_id"] for row in asked} <= {row["message_id"] for row in sent}
    accepted = await system.rows(
        "notify", "SELECT case_id FROM messages WHERE case_id = ANY($1) AND state = 'accepted'", cases
    )
    assert {row["case_id"] for row in accepted} == set(cases)
    for service in ("intake", "triage", "escalation", "notify"):
        assert (
            await system.value(service, "SELECT count(*) FROM parked WHERE reason ~ '^handler' AND state = 'parked'")
            == 0
        )
