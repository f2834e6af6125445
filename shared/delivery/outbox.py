"""The transaction a service acts in, and the outbox its facts leave by: both commit together or not at all."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import zip_longest
from typing import Any, TypeVar

from shared.clock import Clock
from shared.crash import crash_point
from shared.events.consumers import CONSUMERS
from shared.events.envelope import EVENTS, Envelope, headers_of
from shared.events.model import Event
from shared.ids import CaseId, EventId, NewId, new_id
from shared.postgres.again import note_commit
from shared.postgres.pool import Connection, Pool
from shared.sealing import MacKeys
from shared.telemetry import metrics
from shared.telemetry.tracing import IDLE, current_traceparent, database_span

_told = metrics.Counter("beredskab.events.told", "Facts that were stored and told, by type.")


W = TypeVar("W")
Row = tuple[EventId, str, CaseId, str, bytes, bool, datetime, str]
"""A row of the outbox: event_id, topic, case_id, headers, body, urgent, created_at, and who waits for it, by commas."""


@dataclass(slots=True)
class Transaction:
    """One act: the connection it happens on, its moment (UTC), and the facts it tells.

    What is told of the act is written at its end: in few statements, however many events were taken together.
    An act that stores work for a loop of its own service sets `work_waits`: the loop is woken.
    """

    conn: Connection
    now: datetime
    source: str
    macs: MacKeys
    ids: NewId = new_id
    published: list[str] = field(default_factory=list)
    """The types of the facts that leave by it."""
    told_at: datetime | None = field(default=None)
    """When the fact that is being handled happened at its publisher's; None in acts of our own."""
    work_waits: bool = field(default=False)
    _at_end: dict[Any, dict[CaseId, list[Any]]] = field(default_factory=dict)

    def at_end(self, write: Callable[[Connection, list[W]], Awaitable[None]], case_id: CaseId, row: W) -> None:
        """Have the row written before the commit: in rounds, each one call of `write` with a row of every case left."""
        self._at_end.setdefault(write, {}).setdefault(case_id, []).append(row)

    async def write(self) -> None:
        """Write what waits for the end now, for somebody who is about to read it."""
        waiting, self._at_end = self._at_end, {}
        for write, by_case in waiting.items():
            for rows in zip_longest(*by_case.values()):
                await write(self.conn, [row for row in rows if row is not None])

    @asynccontextmanager
    async def part(self) -> AsyncIterator[None]:
        """A part of the act that can fail by itself: then nothing of it was done, nor told."""
        earlier, self._at_end, told = self._at_end, {}, len(self.published)
        try:
            async with self.conn.transaction():
                yield
                await self.write()
        except BaseException:
            del self.published[told:]
            raise
        finally:
            self._at_end = earlier

    async def publish(self, event: Event, *, traceparent: str | None = None) -> None:
        """Have the event appended to the outbox. The case's row is locked by this transaction: it orders the facts.

        `traceparent` continues a stored trace; by default it is the running one (W3C Trace Context).
        """
        self.at_end(_append, event.case_id, self._row(event, traceparent or current_traceparent(), sequence=0))
        self.published.append(event.type)

    async def publish_alone(self, event: Event) -> None:
        """Append the event now and without the row of its case, which may be what is broken."""
        *row, waits_for = self._row(event, current_traceparent(), sequence=0)
        await self.conn.execute(
            """INSERT INTO outbox (event_id, topic, case_id, headers, body, urgent, created_at, waits_for)
               VALUES ($1, $2, $3, $4, $5, $6, $7, string_to_array($8, ','))""",
            *row,
            waits_for,
        )
        self.published.append(event.type)

    def first(self, event: Event) -> Row:
        """The row of the fact with which a case begins, for the statement that writes the case too."""
        return self._row(event, current_traceparent(), sequence=1)

    def _row(self, event: Event, traceparent: str | None, *, sequence: int) -> Row:
        """`sequence` is 0 where the case's row knows the next."""
        envelope = Envelope(EventId(self.ids()), event.type, self.source, self.now, sequence, traceparent)
        return (
            envelope.id,
            event.topic,
            event.case_id,
            json.dumps(headers_of(event, envelope)),
            event.model_dump_json().encode(),
            event.urgent,
            self.now,
            ",".join(CONSUMERS.get(type(event), ())) if event.urgent else "",
        )


async def _append(conn: Connection, rows: list[Row]) -> None:
    done = await conn.execute(
        """WITH told AS (
               UPDATE cases SET event_sequence = event_sequence + 1
               FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::jsonb[], $5::bytea[], $6::boolean[],
                           $7::timestamptz[], $8::text[])
                    AS t (event_id, topic, case_id, headers, body, urgent, at, waits_for)
               WHERE cases.case_id = t.case_id RETURNING t.*, event_sequence
           )
           INSERT INTO outbox (event_id, topic, case_id, headers, body, urgent, created_at, waits_for)
           SELECT event_id, topic, case_id, headers || jsonb_build_object('ce_sequence', event_sequence::text), body,
                  urgent, at, string_to_array(waits_for, ',')
           FROM told""",
        *map(list, zip(*rows, strict=True)),
    )
    if done != f"INSERT 0 {len(rows)}":
        raise LookupError("a fact of a case that is not stored")


class Transactions:
    """Opens the transactions of one process. `wake(facts=…, work=…)` is called after a commit of either."""

    def __init__(
        self, pool: Pool, clock: Clock, source: str, wake: Callable[..., None], macs: MacKeys, ids: NewId = new_id
    ) -> None:
        self.pool = pool
        self.clock = clock
        self.source = source
        self._wake = wake
        self.macs = macs
        self._ids = ids
        for type_ in (type_ for type_, model in EVENTS.items() if model.topic.startswith(f"{source}.")):
            _told.add(0, {"type": type_})  # a count that begins at 1 has no increase that an alert could see

    @asynccontextmanager
    async def begin(self, name: str) -> AsyncIterator[Transaction]:
        """A transaction at READ COMMITTED. `name` says in traces what it does; it is a fixed text, never data."""
        with database_span(name, database=self.source) as running:
            async with self.pool.acquire() as conn, conn.transaction():
                tx = self._on(conn)
                yield tx
                await tx.write()
                if tx.published or tx.work_waits or tx.told_at:
                    crash_point("act.before_commit")
                else:
                    running.set_attribute(IDLE, True)
        self._done(tx, name)

    @asynccontextmanager
    async def alone(self, name: str) -> AsyncIterator[Transaction]:
        """An act of one statement, which is a transaction by itself: without a way to the database to begin, or to end.

        The statement writes its evidence and its row of the outbox too; `published` names the fact once it has.
        """
        with database_span(name, database=self.source):
            async with self.pool.acquire() as conn:
                crash_point("act.before_commit")
                tx = self._on(conn)
                yield tx
        self._done(tx, name)

    def _on(self, conn: Connection) -> Transaction:
        return Transaction(conn, self.clock.now(), self.source, self.macs, self._ids)

    def _done(self, tx: Transaction, name: str) -> None:
        note_commit(name)
        if tx.published or tx.work_waits or tx.told_at:
            crash_point("act.after_commit")
        if tx.published or tx.work_waits:
            self._wake(facts=bool(tx.published), work=tx.work_waits)
        for type_ in tx.published:
            _told.add(1, {"type": type_})
