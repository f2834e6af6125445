"""What people have written in forms and not sent yet. Sealed, and nobody else's."""

from datetime import datetime

import asyncpg

from shared.ids import CaseId, PersonId
from shared.postgres.pool import Connection


async def put(
    conn: Connection, case_id: CaseId, person_id: PersonId, what: str, *, form: int, answers: bytes, now: datetime
) -> None:
    """Keep what the person has written so far in that form."""
    await conn.execute(
        """INSERT INTO drafts (case_id, person_id, what, form, answers, saved_at) VALUES ($1, $2, $3, $4, $5, $6)
           ON CONFLICT (case_id, person_id, what) DO UPDATE SET form = $4, answers = $5, saved_at = $6""",
        case_id,
        person_id,
        what,
        form,
        answers,
        now,
    )


async def of_person(conn: Connection, case_id: CaseId, person_id: PersonId) -> list[asyncpg.Record]:
    """What the person has written so far in the forms of the case."""
    rows: list[asyncpg.Record] = await conn.fetch(
        "SELECT * FROM drafts WHERE case_id = $1 AND person_id = $2 ORDER BY what", case_id, person_id
    )
    return rows


async def drop(conn: Connection, case_id: CaseId, person_id: PersonId, what: str) -> None:
    """It has been sent."""
    await conn.execute(
        "DELETE FROM drafts WHERE case_id = $1 AND person_id = $2 AND what = $3", case_id, person_id, what
    )
