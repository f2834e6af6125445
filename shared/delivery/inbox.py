"""Taking an event in exactly once: its id is inserted first, in the transaction of its effect."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from shared.delivery.outbox import Transaction, Transactions
from shared.events.envelope import Envelope
from shared.events.model import Event

E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True)
class On(Generic[E]):
    """One row of a service's subscription table: on this event, do that."""

    event: type[E]
    handle: Callable[[Transaction, E], Awaitable[None]]


class Inbox:
    """Gives events to their handlers, whichever road they came by."""

    def __init__(self, transactions: Transactions, subscriptions: Sequence[On[Any]]) -> None:
        self._transactions = transactions
        self._handlers = {row.event: row.handle for row in subscriptions}

    @property
    def topics(self) -> list[str]:
        """The topics the handled events live on."""
        return sorted({event.topic for event in self._handlers})

    def handles(self, event: Event) -> bool:
        """Whether this service has anything to do with such an event."""
        return type(event) in self._handlers

    async def take(self, envelope: Envelope, event: Event) -> None:
        """Let the event have its effect, unless it has had it. Raises whatever the handler or the database raises."""
        handle = self._handlers[type(event)]
        async with self._transactions.begin(f"handle {type(event).__name__}") as tx:
            if await _is_new(tx, envelope):
                tx.told_at = envelope.time
                await handle(tx, event)


async def _is_new(tx: Transaction, envelope: Envelope) -> bool:
    tag = await tx.conn.execute(
        "INSERT INTO inbox (consumer, event_id, received_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        tx.source,
        envelope.id,
        tx.now,
    )
    return bool(tag == "INSERT 0 1")
