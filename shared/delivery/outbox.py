"""The transaction a service acts in, and the outbox its facts leave by: both commit together or not at all."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

import asyncpg

from shared.clock import Clock
from shared.crash import crash_point
from shared.events.consumers import CONSUMERS
from shared.events.envelope import EVENTS, Envelope, headers_of
from shared.events.model import Event
from shared.ids import EventId, NewId, new_id
from shared.postgres.pool import Connection, Pool
from shared.telemetry import metrics
from shared.telemetry.tracing import current_traceparent, database_span

_told = metrics.counter("beredskab.events.told", "Facts that were stored and told, by type.")


@dataclass(slots=True)
class Transaction:
    """One act: the connection it happens on, its moment (UTC), and the facts it tells.

    An act that stores work for a loop of its own service, and publishes nothing, sets `work_waits`: the loop is woken.
    """

    conn: Connection
    now: datetime
    source: str
    ids: NewId = new_id
    published: list[str] = field(default_factory=list)
    """The types of the facts that leave by it."""
    told_at: datetime | None = field(default=None)
    """When the fact that is being handled happened at its publisher's; None in acts of our own."""
    work_waits: bool = field(default=False)

    async def publish(self, event: Event, *, traceparent: str | None = None) -> None:
        """Append the event to the outbox. The case's row must be locked by this transaction: it orders the facts.

        `traceparent` continues a stored trace; by default it is the running one (W3C Trace Context).
        """
        envelope = Envelope(
            id=EventId(self.ids()),
            type=event.type,
            source=self.source,
            time=self.now,
            sequence=0,  # the case's row knows the next
            traceparent=traceparent or current_traceparent(),
        )
        done = await self.conn.execute(
            """WITH told AS (
                   UPDATE cases SET event_sequence = event_sequence + 1 WHERE case_id = $3 RETURNING event_sequence
               )
               INSERT INTO outbox (event_id, topic, case_id, headers, body, urgent, created_at, waits_for)
               SELECT $1, $2, $3, $4::jsonb || jsonb_build_object('ce_sequence', event_sequence::text), $5, $6, $7, $8
               FROM told""",
            envelope.id,
            event.topic,
            event.case_id,
            json.dumps(headers_of(event, envelope)),
            event.model_dump_json().encode(),
            event.urgent,
            self.now,
            CONSUMERS.get(type(event), ()) if event.urgent else (),
        )
        if done != "INSERT 0 1":
            raise LookupError("a fact of a case that is not stored")
        self.published.append(event.type)


class Transactions:
    """Opens the transactions of one process. `wake` is called after a commit that published or stored work."""

    def __init__(self, pool: Pool, clock: Clock, source: str, wake: Callable[[], None]) -> None:
        self.pool = pool
        self.clock = clock
        self.source = source
        self._wake = wake
        for type_ in (type_ for type_, model in EVENTS.items() if model.topic.startswith(f"{source}.")):
            _told.add(0, {"type": type_})  # a count that begins at 1 has no increase that an alert could see

    @asynccontextmanager
    async def begin(self, name: str) -> AsyncIterator[Transaction]:
        """A transaction at READ COMMITTED. `name` says in traces what it does; it is a fixed text, never data."""
        with database_span(name, database=self.source):
            async with self.pool.acquire() as conn, conn.transaction():
                tx = Transaction(conn, self.clock.now(), self.source)
                yield tx
                if tx.published or tx.work_waits or tx.told_at:
                    crash_point("act.before_commit")
        if tx.published or tx.work_waits or tx.told_at:
            crash_point("act.after_commit")
        if tx.published or tx.work_waits:
            self._wake()
        for type_ in tx.published:
            _told.add(1, {"type": type_})


INFRASTRUCTURE: tuple[type[Exception], ...] = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what asyncpg makes of a connection that breaks in the middle of an answer
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    OSError,
    TimeoutError,
)
"""Faults of the ground we stand on: the same act is tried again and nothing is wrong with the fact."""
