"""The evidence of a case."""

from collections.abc import Sequence

import asyncpg

from shared.ids import CaseId
from shared.postgres.pool import Connection


async def of_case(conn: Connection, case_id: CaseId) -> list[asyncpg.Record]:
    """All of it, in order."""
    rows: list[asyncpg.Record] = await conn.fetch("SELECT * FROM evidence WHERE case_id = $1 ORDER BY n", case_id)
    return rows


async def newest(conn: Connection, case_id: CaseId, acts: Sequence[str], *, at_most: int) -> list[asyncpg.Record]:
    """The newest entries of these acts, oldest first."""
    rows: list[asyncpg.Record] = await conn.fetch(
        """SELECT at, act, actor, facts FROM evidence WHERE case_id = $1 AND act = ANY ($2)
           ORDER BY n DESC LIMIT $3""",
        case_id,
        list(acts),
        at_most,
    )
    return rows[::-1]
