"""The evidence of a case."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import asyncpg

from services.escalation.store.case import SEEN
from shared.auth.people import Person
from shared.ids import CaseId
from shared.postgres.pool import Connection

READS = (
    "case_viewed", "case_found", "report_read", "reasons_read", "assessment_read", "printed", "evidence_read",
    "unusual_reading", "unusual_viewing",
)  # fmt: skip
"""The acts of somebody who looks."""
_READS = ", ".join(f"'{act}'" for act in READS)  # spelled out, as in the index of these entries

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


async def cases_read(conn: Connection, who: Person, *, since: datetime, limit: int, skip: int) -> list[asyncpg.Record]:
    """The cases that somebody looked into since then, as far as the reader sees them, the last one first."""
    query = f"""SELECT v.case_id, c.unit, count(DISTINCT v.actor) AS people, count(*) AS entries, max(v.at) AS last_at,
                       bool_or(v.act IN ('unusual_reading', 'unusual_viewing')) AS unusual
                FROM evidence v JOIN cases c USING (case_id)
                WHERE v.act IN ({_READS}) AND v.at >= $3 AND {SEEN}
                GROUP BY 1, 2 ORDER BY last_at DESC, v.case_id LIMIT $4 OFFSET $5"""
    rows: list[asyncpg.Record] = await conn.fetch(query, list(who.units), who.person_id, since, limit, skip)
    return rows


async def reads(conn: Connection, who: Person, *, since: datetime, limit: int) -> list[asyncpg.Record]:
    """Every time that somebody looked into a case which the reader sees, the newest first."""
    query = f"""SELECT v.* FROM evidence v JOIN cases c USING (case_id)
                WHERE v.act IN ({_READS}) AND v.at >= $3 AND {SEEN} ORDER BY v.at DESC, v.case_id, v.n DESC LIMIT $4"""
    rows: list[asyncpg.Record] = await conn.fetch(query, list(who.units), who.person_id, since, limit)
    return rows
