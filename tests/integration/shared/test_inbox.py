"""The inbox: whichever road an event came by, and however often, it has one effect."""

import asyncio
from contextlib import nullcontext

import pytest

from shared.delivery.inbox import Inbox, On, Taking, forget
from shared.delivery.outbox import Transaction
from shared.events.envelope import Envelope
from shared.events.escalation import MessageWithdrawn
from shared.ids import CaseId, EventId, MessageId, new_id
from tests.conftest import OpenGround
from tests.support.miniature import MIGRATIONS
from tests.support.samples import AT
from tests.support.services import Ground

EVENT = MessageWithdrawn(case_id=CaseId(new_id()), message_id=MessageId(new_id()))


def envelope() -> Envelope:
    return Envelope(EventId(new_id()), EVENT.type, "escalation", AT, 1, None)


async def count(tx: Transaction, event: MessageWithdrawn) -> None:
    await tx.conn.execute("INSERT INTO cases (case_id) VALUES ($1)", new_id())


async def effects(service: Ground) -> int:
    n: int = await service.pool.fetchval("SELECT count(*) FROM cases")
    return n


async def test_an_event_delivered_again_has_no_second_effect(ground: OpenGround) -> None:
    service = await ground("notify", MIGRATIONS)
    inbox, sent = Inbox(service.transactions, [On(MessageWithdrawn, count)]), envelope()
    for _ in range(3):
        await inbox.take(sent, EVENT)
    assert await effects(service) == 1


async def test_an_event_delivered_twice_at_once_has_one_effect(ground: OpenGround) -> None:
    service = await ground("notify", MIGRATIONS)
    inbox, sent = Inbox(service.transactions, [On(MessageWithdrawn, count)]), envelope()
    await asyncio.gather(*(inbox.take(sent, EVENT) for _ in range(5)))
    assert await effects(service) == 1


async def test_what_kafka_has_long_forgotten_is_forgotten_and_what_it_may_send_again_is_not(ground: OpenGround) -> None:
    service = await ground("notify", MIGRATIONS)
    inbox, old, recent = Inbox(service.transactions, [On(MessageWithdrawn, count)]), envelope(), envelope()
    await inbox.take(old, EVENT)
    service.clock.pass_by(days=15)
    await inbox.take(recent, EVENT)
    service.clock.pass_by(days=14)
    assert await forget(service.pool, service.clock) == 1
    assert await forget(service.pool, service.clock) == 0
    await inbox.take(recent, EVENT)
    assert await effects(service) == 2


async def test_an_event_whose_handler_failed_is_taken_again(ground: OpenGround) -> None:
    service = await ground("notify", MIGRATIONS)
    failures = [RuntimeError("crash")]

    async def fail_once(tx: Transaction, event: MessageWithdrawn) -> None:
        await count(tx, event)
        if failures:
            raise failures.pop()

    inbox, sent = Inbox(service.transactions, [On(MessageWithdrawn, fail_once)]), envelope()
    with pytest.raises(RuntimeError):
        await inbox.take(sent, EVENT)
    await inbox.take(sent, EVENT)
    assert await effects(service) == 1


async def test_a_handler_is_told_when_the_fact_happened(ground: OpenGround) -> None:
    service = await ground("notify", MIGRATIONS)
    told = []

    async def look(tx: Transaction, event: MessageWithdrawn) -> None:
        told.append(tx.told_at)

    await Inbox(service.transactions, [On(MessageWithdrawn, look)]).take(envelope(), EVENT)
    assert told == [AT]


def taking(sent: Envelope, event: MessageWithdrawn = EVENT) -> Taking:
    return Taking(sent, event, nullcontext())


async def test_many_events_taken_together_have_one_effect_each(ground: OpenGround) -> None:
    service = await ground("notify", MIGRATIONS)
    inbox = Inbox(service.transactions, [On(MessageWithdrawn, count)])
    before, first, second = envelope(), envelope(), envelope()
    await inbox.take(before, EVENT)
    for _ in range(2):
        await inbox.take_together([taking(each) for each in (before, first, second, first)])
    assert await effects(service) == 3


async def test_events_taken_together_keep_the_order_of_their_case(ground: OpenGround) -> None:
    service = await ground("notify", MIGRATIONS)
    seen: list[MessageWithdrawn] = []

    async def look(tx: Transaction, event: MessageWithdrawn) -> None:
        seen.append(event)

    one, other = sorted((CaseId(new_id()), CaseId(new_id())), reverse=True)
    events = [EVENT.model_copy(update={"case_id": case, "message_id": new_id()}) for case in (one, other, one, other)]
    await Inbox(service.transactions, [On(MessageWithdrawn, look)]).take_together(
        [taking(envelope(), event) for event in events]
    )
    assert seen == [events[1], events[3], events[0], events[2]]


async def test_where_one_of_many_fails_none_has_an_effect(ground: OpenGround) -> None:
    service = await ground("notify", MIGRATIONS)

    async def fail_at_the_second(tx: Transaction, event: MessageWithdrawn) -> None:
        if await tx.conn.fetchval("SELECT count(*) FROM cases"):
            raise RuntimeError
        await count(tx, event)

    inbox = Inbox(service.transactions, [On(MessageWithdrawn, fail_at_the_second)])
    with pytest.raises(RuntimeError):
        await inbox.take_together([taking(envelope()), taking(envelope())])
    assert await effects(service) == await service.pool.fetchval("SELECT count(*) FROM inbox") == 0
