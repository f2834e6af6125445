"""The connection pool."""

import time
from typing import Any, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from shared.settings import ServiceSettings

Connection: TypeAlias = asyncpg.Connection | PoolConnectionProxy
Pool: TypeAlias = asyncpg.Pool

SESSION = {
    "timezone": "UTC",
    # To plan a statement anew for every value costs as much as to run it; none of ours is better off for it.
    "plan_cache_mode": "force_generic_plan",
    # Such a plan, made while a table was nearly empty, would go on to read all of it when it is full.
    "enable_seqscan": "off",
    "statement_timeout": "10s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "30s",
}
_REFUSED_TOO_LONG = 10.0


class PoolerBetween(Exception):
    """Something between us and PostgreSQL lends sessions out. `advice` says what to do."""

    advice = (
        "BEREDSKAB_DATABASE_URL leads to a connection pooler. Give the address of PostgreSQL itself: LISTEN, advisory "
        "locks and our session settings need sessions of our own, and each process keeps a small pool anyway."
    )


class Access:
    """Opens the sessions of a pool, and notes whether the database lets us in.

    The address is asked for at each connection: a mounted secret may have been changed since the start.
    """

    def __init__(self, settings: ServiceSettings) -> None:
        self._settings = settings
        self._pool: Pool | None = None
        self._refused_since: float | None = None

    @property
    def refused(self) -> bool:
        """Whether the database has not accepted our name and password for 10 s: no retry of ours will mend that."""
        return self._refused_since is not None and time.monotonic() - self._refused_since > _REFUSED_TOO_LONG

    async def open_pool(self, *, application: str) -> Pool:
        """A pool whose sessions speak UTC and never wait for ever.

        Raises `OSError` and asyncpg's errors when the database is away, `PoolerBetween` when it is not ours alone.
        """
        try:
            self._pool = await asyncpg.create_pool(
                connect=self._connect,
                min_size=2,
                max_size=self._settings.database_connections,
                command_timeout=15,
                timeout=5,
                server_settings=SESSION | {"application_name": application},
                reset=self._leave,
            )
        except asyncpg.ProtocolViolationError:  # PgBouncer's answer to a session setting that it does not know
            raise PoolerBetween from None
        if await self._pool.fetchval("SHOW plan_cache_mode") != SESSION["plan_cache_mode"]:
            await self._pool.close()
            raise PoolerBetween
        return self._pool

    async def _connect(self, *_: object, **options: Any) -> asyncpg.Connection:
        try:
            conn: asyncpg.Connection = await asyncpg.connect(self._settings.database_url_now(), **options)
        except asyncpg.InvalidAuthorizationSpecificationError:  # 28P01, a wrong password, is a kind of it
            self._refused_since = self._refused_since or time.monotonic()
            raise
        self._refused_since = None
        return conn

    async def _leave(self, conn: Connection) -> None:
        """Leave a session as it is: no act leaves settings, cursors or locks behind, and to clear is a round trip.

        One that PostgreSQL has told to be read-only belongs to a primary that was: all are opened anew then.
        """
        told = conn.get_settings()
        if "on" in (getattr(told, name, "off") for name in ("default_transaction_read_only", "in_hot_standby")):
            assert self._pool is not None
            await self._pool.expire_connections()
