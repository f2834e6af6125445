"""The relay: nothing is lost, nothing overtakes, whatever happens between outbox and Kafka."""

import asyncio
import gc
import time
from contextlib import nullcontext

import psutil
import pytest

from shared.delivery import kafka
from shared.ids import CaseId, new_id
from tests.support.broker import Broker
from tests.support.miniature import effects, tell, withdrawn
from tests.support.races import REPETITIONS
from tests.support.system import until
from tests.system.delivery.conftest import Roads


async def test_facts_arrive_in_the_order_of_their_case(roads: Roads) -> None:
    case_id = CaseId(new_id())
    facts = [withdrawn(case_id) for _ in range(300)]
    async with roads.consumer(), roads.relay():
        await tell(roads.teller, *facts)
        await roads.heard(*facts)
        await roads.sent_all()
    assert await effects(roads.hearer) == [fact.message_id for fact in facts]


async def test_a_transaction_that_commits_late_is_not_passed_over(roads: Roads) -> None:
    late, early = withdrawn(), withdrawn()
    async with roads.consumer(), roads.relay():
        async with roads.teller.transactions.begin("test") as tx:
            await tx.conn.execute("INSERT INTO cases (case_id) VALUES ($1)", late.case_id)
            await tx.publish(late)
            await tell(roads.teller, early)
            await roads.heard(early)
        await roads.heard(late)


async def test_without_an_acknowledgement_a_fact_stays(roads: Roads) -> None:
    first, second = withdrawn(), withdrawn()
    async with roads.relay():
        await tell(roads.teller, first)
        await roads.sent_all()
        with roads.broker.frozen():
            await tell(roads.teller, second)
            await asyncio.sleep(1.5)  # for long enough that a relay in a hurry would have let go of it
            assert await roads.outbox() == 1
    async with roads.consumer(), roads.relay():
        await roads.heard(first, second)
        await roads.sent_all()


@pytest.mark.parametrize("silent", [False, True])
async def test_an_abandoned_producer_leaves_no_connection_behind(roads: Roads, silent: bool) -> None:
    await kafka.create_topic(roads.settings(roads.teller), "abandoned")
    gc.collect()  # what an earlier test broke off is none of this one's
    for _ in range(REPETITIONS):
        producer = kafka.producer(roads.settings(roads.teller))
        await producer.start()
        for _ in range(20):
            await producer.send("abandoned", b"{}", key=new_id().bytes)
        with roads.broker.frozen() if silent else nullcontext():
            await kafka.abandon(producer)
        await until(lambda: _no_connection_to(roads.broker))


async def _no_connection_to(broker: Broker) -> bool:
    return broker.address not in [":".join(map(str, each.raddr)) for each in psutil.Process().net_connections()]


async def test_while_kafka_is_dead_urgent_facts_go_by_the_second_road_and_come_once(roads: Roads) -> None:
    facts = [withdrawn() for _ in range(5)]
    roads.broker.kill()
    async with roads.door(), roads.relay():
        await tell(roads.teller, *facts)
        began = time.monotonic()
        await roads.heard(*facts, within=10)
        assert time.monotonic() - began < 10
        assert await roads.outbox() == 5
        late = withdrawn()
        await tell(roads.teller, late)
        await roads.heard(late, within=5)
        roads.broker.start()
        await roads.sent_all()
        async with roads.consumer():
            sign = withdrawn()
            await tell(roads.teller, sign)
            await roads.heard(*facts, late, sign)


async def test_while_kafka_answers_nothing_goes_by_the_second_road(roads: Roads) -> None:
    facts = [withdrawn() for _ in range(20)]
    async with roads.door(), roads.relay():
        await tell(roads.teller, *facts)
        await roads.sent_all()
    assert await effects(roads.hearer) == []


async def test_a_frozen_kafka_costs_nothing(roads: Roads) -> None:
    facts = [withdrawn() for _ in range(60)]
    async with roads.consumer(), roads.door(), roads.relay():
        await tell(roads.teller, facts[0])
        await roads.heard(facts[0])
        with roads.broker.frozen():
            for fact in facts[1:40]:
                await tell(roads.teller, fact)
            await roads.heard(*facts[:40], within=15)
        await tell(roads.teller, *facts[40:])
        await roads.heard(*facts)
        await roads.sent_all()


async def test_what_is_too_large_is_set_aside_and_does_not_hold_up_its_case(
    roads: Roads, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_id = CaseId(new_id())
    too_large, after = withdrawn(case_id), withdrawn(case_id)
    await tell(roads.teller, too_large)
    await roads.teller.pool.execute("UPDATE outbox SET body = body || repeat(' ', 1_100_000)::bytea")
    async with roads.consumer(), roads.relay():
        await tell(roads.teller, after)
        await roads.heard(after, within=5)
        assert await roads.teller.pool.fetchval("SELECT stuck FROM outbox ORDER BY seq") == "too_large"


@pytest.mark.parametrize("headers", ["[1]", '{"ce_type": 7}', '"x"', "7"])
async def test_a_row_that_makes_no_record_is_set_aside_and_the_relay_goes_on(roads: Roads, headers: str) -> None:
    case_id = CaseId(new_id())
    broken, after = withdrawn(case_id), withdrawn(case_id)
    await tell(roads.teller, broken)
    await roads.teller.pool.execute("UPDATE outbox SET headers = $1", headers)
    async with roads.consumer(), roads.relay():
        await tell(roads.teller, after)
        await roads.heard(after, within=10)
        assert await roads.teller.pool.fetchval("SELECT stuck FROM outbox ORDER BY seq") == "unsendable"


async def test_what_the_broker_finds_too_large_is_found_among_others_and_set_aside(
    roads: Roads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka, "MAX_BYTES", 3_000_000)  # the broker takes 1 MB
    case_id = CaseId(new_id())
    before, too_large, after = withdrawn(case_id), withdrawn(case_id), withdrawn(case_id)
    await tell(roads.teller, before, too_large, after)
    await roads.teller.pool.execute(
        "UPDATE outbox SET body = body || repeat(' ', 1_100_000)::bytea WHERE seq = (SELECT min(seq) + 1 FROM outbox)"
    )
    async with roads.consumer(), roads.relay():
        await roads.heard(before, after)
        assert await roads.teller.pool.fetch("SELECT stuck FROM outbox WHERE stuck IS NOT NULL") == [("too_large",)]


async def test_a_standby_takes_over_when_the_relay_loses_its_lock(roads: Roads) -> None:
    async with roads.consumer(), roads.relay() as first, roads.relay() as second:
        await until(_led(first, second))
        await roads.teller.pool.execute(
            """SELECT pg_terminate_backend(pid) FROM pg_locks
               WHERE locktype = 'advisory' AND granted AND database = (SELECT oid FROM pg_database
                                                                       WHERE datname = current_database())"""
        )
        facts = [withdrawn() for _ in range(10)]
        await tell(roads.teller, *facts)
        await roads.heard(*facts)
        await roads.sent_all()


def _led(*relays: object):  # type: ignore[no-untyped-def]
    async def led() -> bool:
        return any(getattr(relay, "_producer", None) for relay in relays)

    return led
