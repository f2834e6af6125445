"""Codes of break-glass, and how often one was tried that is none."""

from datetime import datetime, timedelta

import asyncpg

from shared.ids import PersonId
from shared.postgres.pool import Connection, Pool

_KEPT = timedelta(days=1)


async def put(conn: Connection, code_sha256: bytes, unit: str, *, by: PersonId, at: datetime) -> None:
    """Store a unit's code; the one that was not used yet is none any more."""
    await conn.execute(
        "UPDATE break_glass SET replaced_at = $2 WHERE unit = $1 AND used_at IS NULL AND replaced_at IS NULL", unit, at
    )
    await conn.execute(
        "INSERT INTO break_glass (code_sha256, unit, made_at, made_by) VALUES ($1, $2, $3, $4)",
        code_sha256,
        unit,
        at,
        by,
    )


async def use(conn: Connection, code_sha256: bytes, *, by: PersonId, at: datetime) -> str | None:
    """The unit that the code lets into, once; None where it is no code, was used or was replaced."""
    unit: str | None = await conn.fetchval(
        """UPDATE break_glass SET used_at = $2, used_by = $3
           WHERE code_sha256 = $1 AND used_at IS NULL AND replaced_at IS NULL RETURNING unit""",
        code_sha256,
        at,
        by,
    )
    return unit


async def note_refused(conn: Connection, *, at: datetime) -> None:
    """Keep that a code was tried which is none, and forget those of earlier days."""
    await conn.execute("DELETE FROM break_glass_refused WHERE at < $1", at - _KEPT)
    await conn.execute("INSERT INTO break_glass_refused VALUES ($1)", at)


async def units(conn: Connection) -> list[asyncpg.Record]:
    """Of each unit that ever had a code: unit, made_at of the one that can be used, used_at of the last that was."""
    rows: list[asyncpg.Record] = await conn.fetch(
        """SELECT unit, max(made_at) FILTER (WHERE used_at IS NULL AND replaced_at IS NULL) AS made_at,
                  max(used_at) AS used_at
           FROM break_glass GROUP BY unit ORDER BY unit"""
    )
    return rows


async def figures(pool: Pool, *, since: datetime) -> tuple[int, int]:
    """Units whose code was used and that have no new one; codes tried since then that are none."""
    row = await pool.fetchrow(
        """SELECT (SELECT count(*) FROM (SELECT FROM break_glass GROUP BY unit
                       HAVING bool_or(used_at IS NOT NULL)
                          AND NOT bool_or(used_at IS NULL AND replaced_at IS NULL)) open) AS used,
                  (SELECT count(*) FROM break_glass_refused WHERE at >= $1) AS refused""",
        since,
    )
    assert row is not None
    return row["used"], row["refused"]
