"""The connection pool."""

from typing import TypeAlias

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


async def open_pool(settings: ServiceSettings, *, application: str) -> Pool:
    """A pool whose sessions speak UTC and never wait for ever. Raises `OSError` and asyncpg's errors when away."""
    return await asyncpg.create_pool(
        settings.database_url.get_secret_value(),
        min_size=2,
        max_size=settings.database_connections,
        command_timeout=15,
        timeout=5,
        server_settings=SESSION | {"application_name": application},
        reset=_as_it_is,
    )


async def _as_it_is(_conn: Connection) -> None:
    """Nothing here leaves settings, cursors or locks behind in a session, and to clear them is a round trip an act."""
