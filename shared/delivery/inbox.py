"""Taking an event in exactly once: its id is inserted first, in the transaction of its effect."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, TypeVar
from uuid import UUID

from shared.clock import Clock
from shared.delivery.arrival import Arrival
from shared.delivery.kafka import RETENTION
from shared.delivery.outbox import Transaction, Transactions
from shared.events.envelope import Envelope
from shared.events.model import Event
from shared.ids import EventId
from shared.postgres.pool import Pool

E = TypeVar("E", bound=Event)
KEPT = timedelta(milliseconds=2 * RETENTION)
"""How long it is remembered that an event was taken: longer than Kafka keeps it, so that a replay has no effect."""
_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class On(Generic[E]):
    """One row of a service's subscription table: on this event, do that."""

    event: type[E]
    handle: Callable[[Transaction, E], Awaitable[None]]
    unhandled: Callable[[Transactions, Arrival], Awaitable[None]] | None = None
    """What is done of one that cannot be handled and is about to be parked."""


@dataclass(frozen=True, slots=True)
class Taking:
    """An event about to be taken, and the span to take it in."""

    envelope: Envelope
    event: Event
    span: AbstractContextManager[object]


class Inbox:
    """Gives events to their handlers, whichever road they came by."""

    def __init__(self, transactions: Transactions, subscriptions: Sequence[On[Any]]) -> None:
        self._transactions = transactions
        self._handlers = {row.event: row.handle for row in subscriptions}
        self._nets = {_unversioned(row.event.type): row.unhandled for row in subscriptions if row.unhandled}

    @property
    def topics(self) -> list[str]:
        """The topics the handled events live on."""
        return sorted({event.topic for event in self._handlers})

    def handles(self, event: Event) -> bool:
        """Whether this service has anything to do with such an event."""
        return type(event) in self._handlers

    async def catch(self, arrival: Arrival) -> None:
        """Do what is to be done of an event that cannot be handled, whichever version of its type it says it has."""
        net = self._nets.get(_unversioned(arrival.type or ""))
        if net is not None:
            await net(self._transactions, arrival)

    async def known(self, pool: Pool, event_ids: Sequence[UUID]) -> list[UUID]:
        """Those of the events that have been taken, or parked."""
        rows = await pool.fetch(
            """SELECT event_id FROM inbox WHERE consumer = $1 AND event_id = ANY($2::uuid[])
               UNION SELECT event_id FROM parked WHERE event_id = ANY($2::uuid[])""",
            self._transactions.source,
            list(event_ids),
        )
        return [row["event_id"] for row in rows]

    async def take(self, envelope: Envelope, event: Event) -> None:
        """Let the event have its effect, unless it has had it. Raises whatever the handler or the database raises."""
        handle = self._handlers[type(event)]
        async with self._transactions.begin(f"handle {type(event).__name__}") as tx:
            if await _is_new(tx, envelope):
                tx.told_at = envelope.time
                await handle(tx, event)

    async def take_together(self, arrived: Sequence[Taking]) -> None:
        """Let many events have their effects in one transaction: all of them, or none when one raises.

        They are taken by case, each case's in their order, so that rows are locked in the order of their ids.
        """
        async with self._transactions.begin("handle events") as tx:
            new = await _new_among(tx, [each.envelope for each in arrived])
            for each in sorted(arrived, key=lambda each: each.event.case_id):
                if each.envelope.id in new:
                    new.remove(each.envelope.id)
                    tx.told_at = each.envelope.time
                    with each.span:
                        await self._handlers[type(each.event)](tx, each.event)


def _unversioned(type_: str) -> str:
    return type_.rpartition(".v")[0]


async def forget(pool: Pool, clock: Clock) -> int:
    """Forget the oldest of what was taken longer ago than `KEPT`; how many events that were."""
    tag: str = await pool.execute(
        """DELETE FROM inbox WHERE (consumer, event_id) IN
               (SELECT consumer, event_id FROM inbox WHERE received_at < $1 LIMIT $2)""",
        clock.now() - KEPT,
        _AT_ONCE,
    )
    return int(tag.removeprefix("DELETE "))


async def _new_among(tx: Transaction, envelopes: Sequence[Envelope]) -> set[EventId]:
    rows = await tx.conn.fetch(
        """INSERT INTO inbox (consumer, event_id, received_at)
           SELECT $1, event_id, $3 FROM unnest($2::uuid[]) AS told (event_id)
           ON CONFLICT DO NOTHING RETURNING event_id""",
        tx.source,
        [envelope.id for envelope in envelopes],
        tx.now,
    )
    return {EventId(row["event_id"]) for row in rows}


async def _is_new(tx: Transaction, envelope: Envelope) -> bool:
    tag = await tx.conn.execute(
        "INSERT INTO inbox (consumer, event_id, received_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        tx.source,
        envelope.id,
        tx.now,
    )
    return bool(tag == "INSERT 0 1")
