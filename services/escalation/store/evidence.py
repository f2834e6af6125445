"""The evidence of a case."""

import asyncpg

from shared.ids import CaseId
from shared.postgres.pool import Connection


async def of_case(conn: Connection, case_id: CaseId) -> list[asyncpg.Record]:
    """All of it, in order."""
    rows: list[asyncpg.Record] = await conn.fetch("SELECT * FROM evidence WHERE case_id = $1 ORDER BY n", case_id)
    return rows
