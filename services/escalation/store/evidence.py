"""The evidence of a case."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import asyncpg

from shared.ids import CaseId
from shared.postgres.pool import Connection

PULLED_IN = "pulled_in"
"""The act by which waits are pulled in that a clock ahead had put off."""


async def ahead(conn: Connection, case_id: CaseId, now: datetime) -> timedelta:
    """How far the clock was ahead that wrote the newest entry since waits were last pulled in; zero where none was.

    Zero also where the last promise was given by phone: from when that runs, a person has written.
    """
    newest: datetime | None = await conn.fetchval(
        """SELECT max(at) FROM evidence e WHERE case_id = $1 AND at > $2
               AND n > (SELECT coalesce(max(n), 0) FROM evidence WHERE case_id = $1 AND act = $3)
               AND NOT EXISTS (SELECT FROM evidence p WHERE case_id = $1 AND act = 'phone_answer_recorded' AND p.at =
                   (SELECT at FROM evidence WHERE case_id = $1 AND act = 'acknowledged' ORDER BY n DESC LIMIT 1))""",
        case_id,
        now,
        PULLED_IN,
    )
    return newest - now if newest else timedelta()


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
