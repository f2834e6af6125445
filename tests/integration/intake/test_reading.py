"""Reading after the accept: findings are kept sealed, codes are told, and no text holds up the next."""

import asyncio
import threading
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from services.intake import tick
from services.intake.domain.reading import TextReading
from services.intake.reading import read_text, reader_model
from services.intake.store import reading as readings
from shared.delivery.figures import found
from shared.events.codes import Grade
from shared.events.intake import ReportRead
from shared.ids import ReportId
from tests.integration.intake.conftest import Intake

TEXT = "Hun skal giftes på lørdag. Forældrene er ikke kontaktet."


async def send(intake: Intake, body: object) -> ReportId:
    answer = await intake.client.post("/v1/reports", json=body)
    assert answer.status_code == 201, answer.text
    return ReportId(answer.json()["report_id"])


async def read_all(intake: Intake, reader: Any = read_text) -> list[ReportRead]:
    while await tick.run_once(intake.ground.transactions, intake.secrets, reader):
        pass
    return [event for event in await intake.ground.published(ReportRead) if isinstance(event, ReportRead)]


async def test_a_text_is_told_as_codes_once(intake: Intake) -> None:
    await send(intake, {"text": TEXT})
    (event,) = await read_all(intake)
    told = {(fact.sign, fact.answer.value, str(fact.date)) for fact in event.signs if fact.grade is Grade.READ}
    assert told == {("marriage.planned", "said", "2026-03-14"), ("disclosure.family_knows", "denied", "None")}
    assert all(fact.score is not None for fact in event.signs)
    assert event.model == reader_model()
    assert await tick.run_once(intake.ground.transactions, intake.secrets, read_text) == 0


async def test_findings_are_kept_with_their_quotes_sealed(intake: Intake) -> None:
    report_id = await send(intake, {"text": TEXT})
    await read_all(intake)
    async with intake.ground.transactions.begin("look") as tx:
        kept = await readings.of_report(tx.conn, report_id)
    wrapped = await intake.ground.pool.fetchval("SELECT wrapped_key FROM cases")
    key = intake.ground.keys.unwrap(wrapped)
    opened = [
        key.unseal(each.quote_sealed, table="readings", column="quote_sealed", row=each.reading_id).decode()
        for each in kept
    ]
    assert opened == [TEXT[each.found.start : each.found.end] for each in kept]
    assert opened[0] == "Hun skal giftes på lørdag"
    stored = await intake.ground.pool.fetch("SELECT readings::text AS row FROM readings")
    assert not any("giftes" in row["row"] for row in stored)


async def test_answer_and_text_that_disagree_are_told_as_a_contradiction(intake: Intake) -> None:
    answers = [{"sign": "marriage.planned", "answer": "denied"}, {"sign": "violence.now", "answer": "denied"}]
    await send(intake, {"text": TEXT, "answers": answers, "parents_know": "yes"})
    (event,) = await read_all(intake)
    assert event.contradictions == ("marriage.planned", "disclosure.family_knows")


async def test_a_reader_that_fails_tells_the_text_as_unread_and_goes_on(intake: Intake) -> None:
    def failing(text: str, *, received_at: datetime) -> TextReading:
        if "Noget" in text:
            raise RuntimeError(text)
        return read_text(text, received_at=received_at)

    await send(intake, {"text": "Noget."})
    await send(intake, {"text": TEXT})
    first, second = await read_all(intake, failing)
    assert (first.language_unread, first.signs) == (True, ())
    assert not second.language_unread
    assert {"marriage.planned", "disclosure.family_knows"} <= {fact.sign for fact in second.signs}


async def test_a_body_that_no_longer_opens_is_told_as_unread(intake: Intake) -> None:
    await send(intake, {"text": TEXT})
    await intake.ground.pool.execute("UPDATE cases SET wrapped_key = '\\x00'")
    (event,) = await read_all(intake)
    assert (event.language_unread, event.signs) == (True, ())


@pytest.mark.parametrize("body", [[TEXT], {"text": [TEXT]}, {"text": {"a": TEXT}}, TEXT])
async def test_text_is_found_wherever_it_stands(intake: Intake, body: object) -> None:
    await send(intake, body)
    (event,) = await read_all(intake)
    assert "marriage.planned" in {fact.sign for fact in event.signs}


async def test_half_a_character_pair_is_no_hindrance(intake: Intake) -> None:
    await intake.client.post("/v1/reports", content=b'{"text": "Hun skal giftes \\ud83d med ham"}')
    (event,) = await read_all(intake)
    assert "marriage.planned" in {fact.sign for fact in event.signs}


async def test_reading_blocks_neither_the_loop_nor_a_transaction(intake: Intake) -> None:
    begun, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def slow(text: str, *, received_at: datetime) -> TextReading:
        loop.call_soon_threadsafe(begun.set)
        go_on.wait(20)
        return read_text(text, received_at=received_at)

    child = {"cpr": "010112-9999"}
    await send(intake, {"text": TEXT, "children": [child]})
    reading = asyncio.create_task(tick.run_once(intake.ground.transactions, intake.secrets, slow))
    await begun.wait()
    await send(intake, {"children": [child]})
    go_on.set()
    assert await reading == 1


async def test_two_readers_tell_a_text_once(intake: Intake) -> None:
    for _ in range(4):
        await send(intake, {"text": TEXT})
    await asyncio.gather(read_all(intake), read_all(intake))
    events = await read_all(intake)
    assert len(events) == len({event.report_id for event in events}) == 4


async def test_the_trace_of_the_report_goes_on(intake: Intake) -> None:
    await send(intake, {"text": TEXT})
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    await intake.ground.pool.execute("UPDATE reports SET traceparent = $1", trace)
    await read_all(intake)
    headers = await intake.ground.pool.fetchval("SELECT headers FROM outbox ORDER BY seq DESC LIMIT 1")
    assert trace in headers


async def test_a_text_that_cannot_be_worked_on_is_set_aside_with_an_alarm_and_those_behind_it_are_read(
    intake: Intake,
) -> None:
    def impossible(text: str, *, received_at: datetime) -> TextReading:
        read = read_text(text, received_at=received_at)
        moved = tuple(replace(each, start=-each.end) for each in read.found)
        return replace(read, found=moved) if "ond" in text else read

    bad = await send(intake, {"text": f"En ond dag. {TEXT}"})
    behind = [await send(intake, {"text": TEXT}) for _ in range(3)]
    for _ in range(2):
        events = await read_all(intake, impossible)
        assert [str(event.report_id) for event in events] == behind
    row = await intake.ground.pool.fetchrow("SELECT loop, row_id FROM set_aside")
    assert row is not None
    assert (row["loop"], str(row["row_id"])) == ("reader", bad)
    assert (await found(intake.ground.pool, intake.ground.clock))["beredskab.set.aside"] == 1
    intake.ground.clock.pass_by(minutes=11)
    assert [str(event.report_id) for event in await read_all(intake)] == [*behind, bad]
