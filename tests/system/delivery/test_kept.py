"""Kafka may lose what it acknowledged: a fact is kept until its consumer has said that it has it."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.delivery.kafka import PARTITIONS
from shared.events.escalation import MessageWithdrawn
from tests.support.miniature import effects, tell, withdrawn
from tests.system.delivery.conftest import TOPIC, Roads

SOON = timedelta(seconds=30)


async def lost(roads: Roads, *facts: MessageWithdrawn) -> None:
    """Kafka acknowledges these, and nobody will ever read them."""
    async with roads.relay():
        await tell(roads.teller, *facts)
        await roads.sent_all()
    await roads.begin_at_end()


async def test_what_kafka_acknowledged_and_lost_goes_out_again_as_the_same_fact(roads: Roads) -> None:
    facts = [withdrawn() for _ in range(5)]
    await lost(roads, *facts)
    async with roads.relay(), roads.consumer(), roads.door():
        assert await effects(roads.hearer) == []
        await roads.ask(later=SOON)
        await roads.heard(*facts)
        await roads.ask(later=2 * SOON)
        await roads.ask(later=4 * SOON)
    assert await roads.waiting() == 0
    assert await roads.teller.pool.fetchval("SELECT count(*) FROM kept") == len(facts)


async def test_what_has_arrived_is_not_sent_again(roads: Roads) -> None:
    fact = withdrawn()
    async with roads.relay(), roads.consumer(), roads.door():
        await tell(roads.teller, fact)
        await roads.heard(fact)
        await roads.sent_all()
        assert await roads.ask(later=SOON) == 1
        assert await roads.ask(later=2 * SOON) == 0
    assert await roads.waiting() == 0


async def test_a_consumer_that_does_not_answer_is_asked_again_later_and_sent_nothing_meanwhile(roads: Roads) -> None:
    fact = withdrawn()
    await lost(roads, fact)
    assert await roads.ask(later=SOON) == 0
    assert (await roads.waiting(), await roads.outbox()) == (1, 0)
    async with roads.relay(), roads.consumer(), roads.door():
        await roads.ask(later=3 * SOON)
        await roads.heard(fact)


async def test_what_is_parked_has_arrived(roads: Roads) -> None:
    fact = withdrawn()
    await lost(roads, fact)
    event_id = await roads.teller.pool.fetchval("SELECT event_id FROM kept")
    await roads.hearer.pool.execute(
        """INSERT INTO parked (parked_id, topic, header_names, sealed, reason, parked_at, event_id)
           VALUES ($1, 'escalation.events', '{}', '', 'handler_ValueError', $2, $1)""",
        event_id,
        roads.hearer.clock.now(),
    )
    async with roads.door():
        await roads.ask(later=SOON)
    assert (await roads.waiting(), await roads.outbox()) == (0, 0)


@pytest.mark.parametrize("beyond", [1, 1_000_000])
async def test_a_group_whose_place_lies_beyond_the_log_reads_it_from_its_start(roads: Roads, beyond: int) -> None:
    facts = [withdrawn() for _ in range(3)]
    await lost(roads, *facts)
    await commit_beyond(roads, beyond)
    async with roads.consumer():
        await roads.heard(*facts)


async def commit_beyond(roads: Roads, beyond: int) -> None:
    parts: Sequence[TopicPartition] = [TopicPartition(TOPIC, n) for n in range(PARTITIONS)]
    consumer = AIOKafkaConsumer(**roads.broker.client, group_id=roads.group, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign(parts)
        ends = await consumer.end_offsets(parts)
        await consumer.commit({part: end + beyond for part, end in ends.items()})
    finally:
        await consumer.stop()
