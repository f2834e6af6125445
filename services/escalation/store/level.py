"""What people say of the level: raises, and up to which rating a lowering holds."""

from datetime import datetime
from uuid import UUID

from shared.events.codes import Level
from shared.ids import CaseId, PersonId
from shared.postgres.pool import Connection


async def add_raise(
    conn: Connection, raise_id: UUID, case_id: CaseId, *, level: Level, by: PersonId, reason: bytes, now: datetime
) -> None:
    """A person raised it."""
    await conn.execute("INSERT INTO raises VALUES ($1, $2, $3, $4, $5, $6)", raise_id, case_id, level, by, reason, now)


async def lower(conn: Connection, case_id: CaseId) -> None:
    """The ratings that came so far are not in force any more."""
    await conn.execute(
        """UPDATE cases SET lowered_rating_no =
               (SELECT coalesce(max(rating_no), 0) FROM ratings WHERE case_id = $1) WHERE case_id = $1""",
        case_id,
    )
