"""What a person reads when their duty begins: the clocks in the cases they see, and whether they have read it."""

from datetime import datetime

import asyncpg

from services.escalation.domain.access import ANSWERS
from services.escalation.store.case import SEEN
from shared.auth.people import Person
from shared.ids import PersonId
from shared.postgres.pool import Connection

MOST = 5000
"""Clocks that are looked at: of more, the last ones wait."""


async def clocks(conn: Connection, who: Person, until: datetime) -> list[asyncpg.Record]:
    """The clocks that end by then in the cases the person sees, and those that ended unjudged; the first of them."""
    if not who.roles & ANSWERS:
        return []
    query = f"""
        SELECT c.case_id, d.rule, d.limit_at, d.state FROM deadlines d JOIN cases c USING (case_id)
        WHERE NOT c.canary AND {SEEN} AND d.limit_at <= $3 AND (d.state = 'running'
            OR d.state = 'missed' AND d.rule IN ('acute_judgement', 'said_date')
               AND NOT EXISTS (SELECT FROM judgements j WHERE j.report_id = d.report_id))
        GROUP BY c.case_id, d.rule, d.limit_at, d.state ORDER BY d.limit_at, c.case_id, d.rule LIMIT $4"""
    rows: list[asyncpg.Record] = await conn.fetch(query, list(who.units), who.person_id, until, MOST)
    return rows


async def has_read(conn: Connection, person_id: PersonId) -> bool:
    """Whether the person has ever read one: who has not begins a first duty."""
    found: bool = await conn.fetchval("SELECT EXISTS (SELECT FROM briefs WHERE person_id = $1)", person_id)
    return found


async def is_read(conn: Connection, person_id: PersonId, began_at: datetime) -> bool:
    """Whether the person has read it since that duty began."""
    found: bool = await conn.fetchval(
        "SELECT EXISTS (SELECT FROM briefs WHERE person_id = $1 AND began_at >= $2)", person_id, began_at
    )
    return found


async def read(conn: Connection, person_id: PersonId, began_at: datetime, now: datetime) -> None:
    """The person has read it; the first time counts."""
    await conn.execute("INSERT INTO briefs VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", person_id, began_at, now)
