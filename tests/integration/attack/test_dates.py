"""Days and moments from outside that no act of ours can be about: said, counted as unknown, and never in the way."""

import json
from collections.abc import AsyncIterator

import pytest

from services.escalation import seed
from services.escalation.app import MIGRATIONS as ESCALATION
from services.intake.app import MIGRATIONS as INTAKE
from services.triage.app import MIGRATIONS as TRIAGE
from shared.events.intake import ReportReceived, SignFact
from tests.conftest import OpenGround
from tests.integration.escalation.conftest import SEED
from tests.support.whole_way import WholeWay

NO_DAYS = (
    *("0001-01-01", "0001-01-01T00:00:00", "9999-12-31", "1900-01-01", "1970-01-01", "1753-01-01T00:00:00Z"),
    *("9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+02:00", "2026-02-30", "1e400", "infinity", "-infinity"),
    *(10**400, -1, 1.5, float("nan"), True, [], {}, "2" * 5000),
)
NO_MOMENTS = (
    *("0001-01-01T00:00:00+00:00", "0001-01-01T00:00:00+02:00", "9999-12-31T23:59:59-12:00", "infinity", "-infinity"),
    *("1899-12-30T00:00:00Z", "1970-01-01T00:00:00Z", "2025-01-01T00:00:00Z", "2099-01-01T00:00:00Z"),
    *(0, -1, 10**400, float("nan"), True, None, [], {}),
)


@pytest.fixture
async def way(ground: OpenGround) -> AsyncIterator[WholeWay]:
    grounds = [
        await ground(name, migrations)
        for name, migrations in (("intake", INTAKE), ("triage", TRIAGE), ("escalation", ESCALATION))
    ]
    async with grounds[2].pool.acquire() as conn:
        await seed.load(conn, seed.read(SEED))
    async with WholeWay.on(*grounds) as opened:
        yield opened


async def test_a_day_outside_life_is_unread_and_the_report_opens_an_escalation(way: WholeWay) -> None:
    for day in NO_DAYS:
        sent = {"answers": [{"sign": "travel.planned", "answer": "said", "date": day}]}
        answer = await way.send(json.dumps(sent).encode())
        assert answer.json()["unread"] == ["answers[0].date"], day
    events = await way.told()
    assert {(fact.sign, fact.date) for event in events for fact in event.signs} == {("travel.planned", None)}
    await way.handle()
    assert set(await way.unanswered()) == {event.report_id for event in events}


async def test_after_it_the_next_report_of_the_child_is_shown_and_can_be_answered(way: WholeWay) -> None:
    child = {"children": [{"cpr": "010112-9999"}]}
    await way.send(json.dumps({**child, "answers": [{"sign": "travel.planned", "date": "0001-01-01"}]}).encode())
    await way.send(json.dumps({**child, "answers": [{"sign": "threat.concrete", "answer": "said"}]}).encode())
    await way.handle()
    assert await way.escalation.pool.fetchval("SELECT count(*) FROM reports") == 2
    assert await way.escalation.pool.fetchval("SELECT state FROM escalations") == "paging"


async def test_a_day_as_a_moment_of_it_is_that_day_in_copenhagen(way: WholeWay) -> None:
    answers = [{"sign": "travel.planned", "answer": "said", "date": "2026-12-17T23:30:00Z"}]
    await way.send(json.dumps({"answers": answers}).encode())
    (event,) = await way.told()
    assert str(event.signs[0].date) == "2026-12-18"


async def test_a_call_of_no_possible_moment_counts_from_now_and_that_is_said(way: WholeWay) -> None:
    for at in NO_MOMENTS:
        answer = await way.write_down(json.dumps({"received_at": at, "text": "Hun ringede."}).encode())
        assert answer.json()["unread"] == ["received_at"], at
    events = await way.told()
    assert {event.received_at for event in events} == {way.intake.clock.now()}
    await way.handle()
    assert set(await way.unanswered()) == {event.report_id for event in events}


def test_a_published_event_carries_no_day_or_moment_out_of_bounds() -> None:
    assert SignFact.model_validate({"sign": "travel.planned", "answer": "said", "date": "0001-01-01"}).date is None
    fields = json.loads(SAMPLE)
    for at, kept in (("0001-01-01T00:00:00+02:00", 1900), ("9999-12-31T23:59:59-12:00", 2200)):
        assert ReportReceived.model_validate(fields | {"received_at": at}).received_at.year == kept


SAMPLE = json.dumps(
    {
        "case_id": "0c9d3c52-6f0b-4b0e-9a51-1f6c1a000001",
        "report_id": "0c9d3c52-6f0b-4b0e-9a51-1f6c1a000002",
        "report_no": 1,
        "received_at": "2026-03-10T12:00:00Z",
        "entered_at": "2026-03-10T12:00:00Z",
        "legal_kind": "section_133",
        "reporter_kind": "teacher",
        "receipt_route": "screen",
        "reading": "none",
        "unit": "unknown",
    }
)
