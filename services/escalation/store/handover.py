"""Offers to take a case over, each with a note that is sealed."""

from datetime import datetime
from uuid import UUID

import asyncpg

from shared.ids import CaseId, PersonId
from shared.postgres.pool import Connection


async def offer(
    conn: Connection, handover_id: UUID, case_id: CaseId, *, by: PersonId, to: PersonId, note: bytes, now: datetime
) -> None:
    """Store an offer."""
    await conn.execute("INSERT INTO handovers VALUES ($1, $2, $3, $4, $5, $6)", handover_id, case_id, by, to, note, now)


async def last(conn: Connection, case_id: CaseId) -> asyncpg.Record | None:
    """The newest offer of the case."""
    return await conn.fetchrow(
        "SELECT * FROM handovers WHERE case_id = $1 ORDER BY at DESC, handover_id DESC LIMIT 1", case_id
    )
