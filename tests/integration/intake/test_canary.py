"""Canaries: sent the whole way in their time, by one process alone, never by a client, and erased after a day."""

import asyncio
from datetime import timedelta

import httpx2
import pytest
from structlog.testing import capture_logs

from services.intake import tick
from services.intake.handlers.report import make_canary_token
from services.intake.reading import read_text
from services.triage.domain import rate
from services.triage.rules import newest as newest_rules
from shared.canary import HEADER
from shared.events.codes import Level
from shared.events.intake import ReportRead, ReportReceived
from tests.integration.intake.conftest import Intake
from tests.support.facts import report

EVERY = timedelta(minutes=5)


async def sent(intake: Intake, every: timedelta = EVERY) -> int:
    return await tick.send_canary(intake.ground.transactions, intake.client, every)


async def canaries(intake: Intake) -> list[ReportReceived]:
    events = await intake.ground.published(ReportReceived)
    return [event for event in events if isinstance(event, ReportReceived) and event.canary]


async def test_one_is_sent_every_five_minutes_however_many_workers_look(intake: Intake) -> None:
    for n in range(1, 4):
        await asyncio.gather(*(sent(intake) for _ in range(3)))
        assert await sent(intake) == 0
        assert len(await canaries(intake)) == n
        intake.ground.clock.pass_by(minutes=5)


async def test_none_is_sent_where_they_are_switched_off(intake: Intake) -> None:
    assert await sent(intake, timedelta(0)) == 0


async def test_it_is_read_as_grave_so_that_it_takes_the_whole_way(intake: Intake) -> None:
    await sent(intake)
    await tick.run_once(intake.ground.transactions, intake.secrets, read_text)
    (read,) = await intake.ground.published(ReportRead)
    assert isinstance(read, ReportRead)
    assert rate([report(signs=read.signs)], newest_rules(), as_of=intake.ground.clock.now()).level is Level.ACUTE


async def test_it_goes_in_by_the_form_and_by_the_api_in_turn(intake: Intake) -> None:
    asked: list[str] = []

    async def note(request: httpx2.Request) -> None:
        asked.append(request.url.path)

    intake.client.event_hooks = {"request": [note]}
    for _ in range(4):
        await sent(intake)
        intake.ground.clock.pass_by(minutes=5)
    assert asked == ["/v1/reports", "/send", "/v1/reports", "/send"]
    assert len(await canaries(intake)) == 4


@pytest.mark.parametrize("path", ["/v1/reports", "/send"])
async def test_a_client_cannot_send_one(intake: Intake, path: str) -> None:
    for token in (b"", b"x", b"true", "æøå".encode()):
        answer = await intake.client.post(path, json={"canary": True, "text": "Hej"}, headers={HEADER.encode(): token})
        assert answer.status_code == 201
    assert await canaries(intake) == []
    assert await intake.ground.pool.fetchval("SELECT count(*) FROM reports") == 4


async def test_its_leave_is_used_once_and_soon_and_whoever_has_it_cannot_hide_a_report(intake: Intake) -> None:
    async def made() -> str:
        async with intake.ground.transactions.begin("test") as tx:
            return (await make_canary_token(tx))[0]

    used, old = await made(), await made()
    child = {"text": "Han slår.", "children": [{"cpr": "010116-1234"}]}
    await intake.client.post("/v1/reports", json=child, headers={HEADER: used})
    assert await intake.ground.pool.fetchval("SELECT count(*) FROM children WHERE lookup IS NOT NULL") == 0
    await intake.client.post("/v1/reports", json=child, headers={HEADER: used})
    intake.ground.clock.pass_by(minutes=1)
    await intake.client.post("/v1/reports", json=child, headers={HEADER: old})
    assert len(await canaries(intake)) == 1
    assert await intake.ground.pool.fetchval("SELECT count(*) FROM cases WHERE canary") == 1


async def test_where_the_front_is_away_it_is_said_and_the_next_one_waits_its_time(intake: Intake) -> None:
    async with httpx2.AsyncClient(base_url="http://127.0.0.1:9") as away:
        with capture_logs() as said:
            assert await tick.send_canary(intake.ground.transactions, away, EVERY) == 1
            assert await tick.send_canary(intake.ground.transactions, away, EVERY) == 0
    assert [line["event"] for line in said] == ["canary.not_taken"]
    assert await canaries(intake) == []


async def test_it_is_erased_after_a_day_with_all_that_was_kept_of_it_and_nothing_else_is(intake: Intake) -> None:
    await intake.client.post("/v1/reports", json={"text": "Han har truet hende.", "children": [{"name": "Ida"}]})
    await sent(intake)
    for _ in range(2):
        await tick.run_once(intake.ground.transactions, intake.secrets, read_text)
    intake.ground.clock.pass_by(hours=24)
    assert await tick.erase_canaries(intake.ground.transactions) == 0
    assert await intake.ground.pool.fetchval("SELECT count(*) FROM reports") == 2
    intake.ground.clock.pass_by(seconds=1)
    assert await tick.erase_canaries(intake.ground.transactions) == 1
    (real,) = await intake.ground.pool.fetch("SELECT case_id, report_id FROM reports")
    for table in ("cases", "evidence"):
        rows = await intake.ground.pool.fetch(f"SELECT DISTINCT case_id FROM {table}")
        assert rows == [(real["case_id"],)], table
    assert {row["report_id"] for row in await intake.ground.pool.fetch("SELECT report_id FROM readings")} == {
        real["report_id"]
    }
