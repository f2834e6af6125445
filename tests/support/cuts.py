"""A process that dies at a chosen statement: its connection is really ended, and PostgreSQL does the rest."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

import asyncpg

from shared.ids import derived_id


class Where(StrEnum):
    """At which moment of its work."""

    STATEMENT = "statement"
    BEFORE_COMMIT = "before commit"
    AFTER_COMMIT = "after commit"


@dataclass(frozen=True)
class Cut:
    """At the n-th statement; or at the n-th COMMIT, before it reached the server or after."""

    where: Where
    n: int = 1


class Ids:
    """Ids in an order that can be given again. Those that a transaction drew in vain are not kept."""

    def __init__(self, given: Sequence[UUID] = ()) -> None:
        self.kept: list[UUID] = []
        self._given = given
        self._drawn: list[UUID] = []
        self._count = 0

    def new(self) -> UUID:
        """The next of those that were given; one of its own where there are no more."""
        place = len(self.kept) + len(self._drawn)
        self._count += 1
        named = self._given[place] if place < len(self._given) else derived_id("drawn", len(self._given), self._count)
        self._drawn.append(named)
        return named

    def begin(self) -> None:
        """A transaction begins: what the last one drew and did not commit is as if it had not been."""
        self._drawn = []

    def commit(self) -> None:
        """A transaction has come about."""
        self.kept += self._drawn
        self._drawn = []


class Knife:
    """Follows the statements of one process, and ends its connection where it was laid."""

    def __init__(self, over: asyncpg.Connection, ids: Ids) -> None:
        self._over = over
        self._ids = ids
        self.lay(None)

    def lay(self, cut: Cut | None) -> None:
        """Begin to count."""
        self._cut = cut
        self._passed = dict.fromkeys(Where, 0)
        self.fallen = False
        self.commits = 0

    def lift(self) -> None:
        """Cut no more; what was seen so far still stands."""
        self._cut = None

    async def before(self, conn: asyncpg.Connection, query: str) -> None:
        """The process is about to send this."""
        if query.startswith("BEGIN"):
            self._ids.begin()
        await self._pass(conn, Where.STATEMENT)
        if query.startswith("COMMIT"):
            await self._pass(conn, Where.BEFORE_COMMIT)

    async def after(self, conn: asyncpg.Connection, query: str) -> None:
        """The server has done it. Raises what asyncpg raises when the process is not to hear of that any more."""
        if query.startswith("COMMIT"):
            self._ids.commit()
            self.commits += 1
            if await self._pass(conn, Where.AFTER_COMMIT):
                await asyncpg.Connection.execute(conn, "SELECT")

    async def _pass(self, conn: asyncpg.Connection, where: Where) -> bool:
        self._passed[where] += 1
        if self.fallen or self._cut != Cut(where, self._passed[where]):
            return False
        self.fallen = True
        await self._end(conn.get_server_pid())
        return True

    async def _end(self, pid: int) -> None:
        """The next process must not find locks that are about to go."""
        await self._over.execute("SELECT pg_terminate_backend($1)", pid)
        async with asyncio.timeout(20):
            while await self._over.fetchval("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1)", pid):
                pass

    @property
    def connection(self) -> type[asyncpg.Connection]:
        """The class of the connections of that process."""
        return type("Followed", (asyncpg.Connection,), {name: _followed(self, name) for name in _STATEMENTS})


_STATEMENTS = ("execute", "executemany", "fetch", "fetchrow", "fetchval")


def _followed(knife: Knife, name: str) -> Callable[..., Awaitable[Any]]:
    async def statement(self: asyncpg.Connection, query: str, *args: Any, **more: Any) -> Any:
        await knife.before(self, query)
        answer = await getattr(asyncpg.Connection, name)(self, query, *args, **more)
        await knife.after(self, query)
        return answer

    return statement
