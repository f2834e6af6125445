"""escalation on a database of its own, in a process that dies where it is told to and is followed by another."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from deploy.local.postgres import Postgres
from services.escalation import seed, tick
from services.escalation.app import MIGRATIONS, SUBSCRIPTIONS
from services.escalation.seed import SeedShift
from shared.delivery.inbox import Inbox, Taking
from shared.ids import derived_id
from shared.postgres.faults import INFRASTRUCTURE
from shared.sealing import KeyRing, MacKeys
from tests.integration.escalation.conftest import AASE, BO, SEED, Service, door
from tests.support.cuts import Cut, Ids, Knife
from tests.support.databases import fresh_database
from tests.support.services import NOON, Hands, open_ground

Act = Callable[[Service], Awaitable[Any]]
Row = Mapping[str, Any]
KEPT = ("desks", "ladders", "migrations", "people", "people_history", "rotas")
ROUNDS = 20
"""More than the tick ever needs at one moment."""


@dataclass(frozen=True)
class Step:
    """What was done, and when."""

    at: datetime
    do: Act


class World:
    """The database, and the process that works on it now. `watch` is a connection that no process has."""

    watch: asyncpg.Connection
    clock: Hands
    ids: Ids
    knife: Knife
    service: Service
    macs: MacKeys

    def __init__(self, postgres: Postgres, keys: Path) -> None:
        self._postgres = postgres
        self._keys = keys
        self._stack = AsyncExitStack()
        self._process = AsyncExitStack()

    async def open(self) -> None:
        """Make the database."""
        self._url = await self._stack.enter_async_context(fresh_database(self._postgres, MIGRATIONS))
        self.watch = await asyncpg.connect(self._url)
        self._stack.push_async_callback(self.watch.close)
        await seed.load(self.watch, _with_changing_shifts())

    async def begin(self, ids: Sequence[UUID] = ()) -> None:
        """Begin anew: nothing is stored but people, rota and ladders, and the ids to come are these."""
        await self._empty()
        self.clock = Hands()
        self.ids = Ids(ids)
        self.knife = Knife(self.watch, self.ids)
        await self._another()

    async def _empty(self) -> None:
        """What is append-only is emptied as a replica would, whose triggers are quiet."""
        tables = [f"DELETE FROM {table};" for table in await self._tables() if table not in KEPT]
        await self.watch.execute(f"SET session_replication_role = replica; {''.join(tables)} RESET ALL")

    async def _tables(self) -> list[str]:
        rows = await self.watch.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        return [row["tablename"] for row in rows]

    async def _another(self) -> None:
        """End the process, if there is one, and start another: nothing it knew is left."""
        await self._process.aclose()
        ground = open_ground(
            "escalation",
            self._url,
            self._keys,
            clock=self.clock,
            ids=self.ids.new,
            connection=self.knife.connection,
        )
        opened = await self._process.enter_async_context(ground)
        self._process.callback(opened.pool.terminate)
        self._process.callback(opened.transactions.pool.terminate)
        self.macs = opened.macs
        self.service = await self._process.enter_async_context(door(opened))

    async def attempt(self, do: Act, cut: Cut | None) -> Any:
        """Do it in the process, which dies where it is cut; another follows. None is the answer of one that died."""
        self.knife.lay(cut)
        try:
            answer = await do(self.service)
        except INFRASTRUCTURE:
            assert self.knife.fallen
            answer = None
        self.knife.lift()
        assert not self.knife.fallen or getattr(answer, "status_code", 503) == 503, "it answered although it died"
        if not self.knife.fallen:
            return answer
        await self._another()
        return None

    async def live(self, steps: Sequence[Step]) -> None:
        """Do all of it, each once, in this order, uncut."""
        for step in steps:
            self.clock.at = step.at
            await step.do(self.service)

    async def close(self) -> None:
        """End the process, and drop the database."""
        await self._process.aclose()
        await self._stack.aclose()

    async def dump(self) -> dict[str, list[Row]]:
        """Everything that is stored, what is sealed opened; the outbox case by case, each in its order."""
        told = await self.watch.fetch("SELECT * FROM outbox ORDER BY case_id, seq")
        tables = [table for table in await self._tables() if table not in (*KEPT, "outbox")]
        stored = {table: await self._rows(table) for table in tables}
        return stored | {"outbox": [_without(row, "seq") for row in told]}

    async def _rows(self, table: str) -> list[Row]:
        rows = await self.watch.fetch(f"SELECT * FROM {table}")
        if table == "cases":
            return sorted((_without(row, "wrapped_key") for row in rows), key=str)
        return sorted([await self._opened(table, row) for row in rows], key=str)

    async def _opened(self, table: str, row: asyncpg.Record) -> Row:
        """A seal differs each time; what it holds must not, and must open with the case's one key."""
        if table not in SEALED:
            return dict(row)
        wrapped = await self.watch.fetchval("SELECT wrapped_key FROM cases WHERE case_id = $1", row["case_id"])
        ring: KeyRing = self.service.ground.keys
        columns, named = SEALED[table]
        return dict(row) | {
            column: ring.unwrap(wrapped).unseal(row[column], table=table, column=column, row=named(row))
            for column in columns
            if row[column] is not None
        }


def _without(row: Row, column: str) -> Row:
    return {name: value for name, value in row.items() if name != column}


SEALED: Mapping[str, tuple[Sequence[str], Callable[[Row], UUID]]] = {
    "assessments": (["answers"], lambda row: row["assessment_id"]),
    "countersigns": (["reason", "answer_reason"], lambda row: row["countersign_id"]),
    "exclusions": (["reason"], lambda row: derived_id("exclusion", row["case_id"], row["person_id"])),
    "handovers": (["note"], lambda row: row["handover_id"]),
    "lifts": (["reason"], lambda row: derived_id("lift", row["case_id"], row["n"])),
    "raises": (["reason"], lambda row: row["raise_id"]),
    "steps": (["note"], lambda row: row["step_id"]),
}
"""The sealed columns that this world writes, and the id of the row that each is bound to."""


def _with_changing_shifts() -> seed.Seed:
    """Both consultants, then one, then nobody, then the other."""
    on_call = ((AASE, -1, 3), (BO, -1, 8), (AASE, 16, 24 * 365))
    shifts = [
        SeedShift(person=who, starts_at=NOON + timedelta(hours=starts), ends_at=NOON + timedelta(hours=ends))
        for who, starts, ends in on_call
    ]
    return seed.read(SEED).model_copy(update={"shifts": shifts})


async def hear(service: Service, facts: Sequence[Taking]) -> None:
    """The facts arrive: one alone, or several in one batch."""
    inbox = Inbox(service.ground.transactions, SUBSCRIPTIONS)
    if len(facts) > 1:
        await inbox.take_together(facts)
    for fact in facts if len(facts) == 1 else ():
        await inbox.take(fact.envelope, fact.event)


async def time_passes(service: Service) -> None:
    """Everything that is due by now happens."""
    for _ in range(ROUNDS):
        moved = await tick.run_once(service.ground.transactions)
        if not moved + await tick.change_shifts_once(service.ground.transactions):
            return
    raise AssertionError("the tick comes to no rest")
