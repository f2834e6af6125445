"""The consumer: every record is handled, skipped or parked, and none holds up the next of its case."""

import asyncio
from typing import Any

import asyncpg
import pytest

from shared.delivery.inbox import On
from shared.delivery.outbox import Transaction
from shared.events.escalation import MessageWithdrawn
from shared.ids import new_id
from tests.support import trouble
from tests.support.miniature import effects, headers, note_effect, reception, withdrawn
from tests.support.system import until
from tests.system.delivery.conftest import Roads

FACT = withdrawn()
BODY = FACT.model_dump_json().encode()


def raw(**changed: str) -> list[tuple[str, Any]]:
    return [(name, value.encode()) for name, value in headers(FACT, **changed).items()]


async def parked(roads: Roads) -> list[str]:
    return [row["reason"] for row in await roads.hearer.pool.fetch("SELECT reason FROM parked")]


@pytest.mark.parametrize(
    ("body", "named", "reasons"),
    [
        (b"\xff\x00 junk 0101701234", [("ce_id", b"junk")], ["envelope_malformed"]),
        (None, [], ["envelope_malformed"]),
        (BODY, [*raw()[1:], ("ce_specversion", None)], []),
        (BODY, [*raw(), ("note", b"\xff\xfe")], []),
        (b"{}", raw(ce_type="beredskab.escalation.told-later.v1"), []),
        (BODY, raw(ce_type="beredskab.escalation.message-withdrawn.v2"), ["major_version_unknown"]),
        (b"{}", raw(), ["body_malformed"]),
        (BODY, raw(ce_source="triage"), ["not_its_publisher"]),
    ],
    ids=["junk", "nothing", "null header", "header not UTF-8", "type", "major version", "body", "publisher"],
)
async def test_what_no_handler_can_take_does_not_hold_up_the_next_of_its_case(
    roads: Roads, body: bytes | None, named: list[tuple[str, Any]], reasons: list[str]
) -> None:
    after = withdrawn(FACT.case_id)
    async with roads.consumer():
        record = (after.model_dump_json().encode(), [(n, v.encode()) for n, v in headers(after).items()])
        await roads.produce((body, named), record, key=FACT.case_id.bytes)
        await roads.heard(after, within=5)
    assert await parked(roads) == reasons


async def test_parked_bytes_are_sealed(roads: Roads) -> None:
    async with roads.consumer():
        await roads.produce((b"junk 0101701234", [("ce_Ane", b"0101701234")]), key=b"k")
        await until(lambda: parked(roads))
    row = await roads.hearer.pool.fetchrow("SELECT * FROM parked")
    assert "0101701234" not in str(dict(row or {}))
    assert "Ane" not in str(dict(row or {}))


async def test_a_fault_of_the_ground_is_waited_out_and_nothing_is_parked(roads: Roads) -> None:
    failures = 5

    async def fail_for_a_while(tx: Transaction, event: MessageWithdrawn) -> None:
        nonlocal failures
        failures -= 1
        if failures >= 0:
            raise asyncpg.ConnectionDoesNotExistError
        await note_effect(tx, event)

    async with roads.consumer(reception(roads.hearer, On(MessageWithdrawn, fail_for_a_while))):
        await roads.produce((BODY, raw()), key=FACT.case_id.bytes)
        await roads.heard(FACT)
    assert await parked(roads) == []


async def test_a_record_that_was_not_taken_at_a_stop_comes_again_after_it(roads: Roads) -> None:
    tried = asyncio.Event()

    async def away(tx: Transaction, event: MessageWithdrawn) -> None:
        tried.set()
        raise asyncpg.ConnectionDoesNotExistError

    async with roads.consumer(reception(roads.hearer, On(MessageWithdrawn, away))):
        await roads.produce((BODY, raw()), key=FACT.case_id.bytes)
        await tried.wait()
    async with roads.consumer():
        await roads.heard(FACT)


async def test_what_was_taken_before_a_stop_is_committed_by_it(roads: Roads) -> None:
    seen: list[MessageWithdrawn] = []

    async def note(tx: Transaction, event: MessageWithdrawn) -> None:
        seen.append(event)
        await note_effect(tx, event)

    async with roads.consumer():
        await roads.produce((BODY, raw()), key=FACT.case_id.bytes)
        await roads.heard(FACT)
    await roads.hearer.pool.execute("DELETE FROM inbox")
    async with roads.consumer(reception(roads.hearer, On(MessageWithdrawn, note))):
        after = withdrawn(FACT.case_id)
        record = (after.model_dump_json().encode(), [(n, v.encode()) for n, v in headers(after).items()])
        await roads.produce(record, key=FACT.case_id.bytes)
        await roads.heard(after)
    assert seen == [after]


async def test_what_fails_three_times_is_parked_and_its_replay_works_once(roads: Roads) -> None:
    async def fail(tx: Transaction, event: MessageWithdrawn) -> None:
        raise ZeroDivisionError

    event_id = new_id()
    named = [(name, value.encode()) for name, value in headers(FACT, event_id=event_id).items()]
    async with roads.consumer(reception(roads.hearer, On(MessageWithdrawn, fail))):
        await roads.produce((BODY, named), key=FACT.case_id.bytes)
        await until(lambda: parked(roads))
    mended = reception(roads.hearer)
    await roads.hearer.pool.execute("UPDATE parked SET state = 'asked'")
    while await mended.replay_once():
        pass
    await roads.hearer.pool.execute("UPDATE parked SET state = 'asked'")
    while await mended.replay_once():
        pass
    assert await effects(roads.hearer) == [FACT.message_id]
    assert await roads.hearer.pool.fetchval("SELECT state FROM parked") == "replayed"
    assert await roads.hearer.pool.fetchval("SELECT count(*) FROM tries") == 0


async def test_a_worker_says_that_kafka_is_missing_and_when_it_is_back(roads: Roads) -> None:
    async with roads.consumer() as consumer:
        roads.broker.kill()
        await until(lambda: _is(not consumer.connected), within=20)
        roads.broker.start()
        await until(lambda: _is(consumer.connected), within=20)
        await roads.produce((BODY, raw()), key=FACT.case_id.bytes)
        await roads.heard(FACT)


async def _is(value: bool) -> bool:
    return value


async def test_a_queue_is_taken_together_and_what_fails_in_it_is_parked_alone(roads: Roads) -> None:
    events = [withdrawn() for _ in range(30)]
    together: list[int] = []

    async def refuse_one(tx: Transaction, event: MessageWithdrawn) -> None:
        if event == events[17]:
            raise RuntimeError
        await note_effect(tx, event)
        together.append(await tx.conn.fetchval("SELECT count(*) FROM inbox WHERE received_at = $1", tx.now))

    async with roads.consumer(reception(roads.hearer, On(MessageWithdrawn, refuse_one))) as consumer:
        async with consumer._busy:
            for event in events:
                record = (event.model_dump_json().encode(), [(n, v.encode()) for n, v in headers(event).items()])
                await roads.produce(record, key=event.case_id.bytes)
        await roads.heard(*events[:17], *events[18:])

        async def one_parked() -> bool:
            return await parked(roads) == ["handler_RuntimeError"]

        await until(one_parked)
    assert max(together) > 1


def record(event: MessageWithdrawn) -> tuple[bytes, list[tuple[str, Any]]]:
    return event.model_dump_json().encode(), [(name, value.encode()) for name, value in headers(event).items()]


@pytest.mark.parametrize("sqlstate", ["53100", "25006", "42501", "22021"])
@pytest.mark.parametrize("tables", [("inbox", "tries"), ("inbox", "tries", "parked")], ids=", ".join)
async def test_no_offset_passes_a_record_while_its_failure_cannot_be_noted(
    roads: Roads, tables: tuple[str, ...], sqlstate: str
) -> None:
    """Also not by the commit of what follows, at a stop, or when some are taken together."""
    events = [withdrawn(FACT.case_id) for _ in range(25)]
    async with trouble.failing(roads.hearer.url, sqlstate, *tables), roads.consumer() as consumer:
        await roads.produce(*map(record, events), key=FACT.case_id.bytes)
        await until(lambda: _is(consumer._busy.locked()))
        await consumer.commit()
        assert consumer._offsets == {}
    async with roads.consumer():
        await roads.heard(*events)
    assert await effects(roads.hearer) == [event.message_id for event in events]
    assert await parked(roads) == []
