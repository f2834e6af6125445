"""Finding cases: by their code, among those that are closed; and what people looked for."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from services.escalation.domain.access import ANSWERS, FINDS
from services.escalation.domain.search import Sought
from services.escalation.store.case import AT_ONCE, SEEN
from shared.auth.people import Person
from shared.ids import CaseId, PersonId
from shared.postgres.pool import Connection

_LISTED = """c.case_id, c.unit, e.level, e.state, e.received_at, e.newest_report_no, e.responsible"""
_NEWEST = "JOIN LATERAL (SELECT * FROM escalations WHERE case_id = c.case_id ORDER BY n DESC LIMIT 1) e ON true"


async def with_code(conn: Connection, first: UUID, last: UUID) -> list[CaseId]:
    """The cases whose ids lie there."""
    rows = await conn.fetch("SELECT case_id FROM cases WHERE case_id BETWEEN $1 AND $2 ORDER BY 1", first, last)
    return [CaseId(row["case_id"]) for row in rows]


async def listed(conn: Connection, case_ids: Collection[CaseId], who: Person) -> list[asyncpg.Record]:
    """Those of the cases that the person sees, as a list tells them."""
    if not who.roles & FINDS:
        return []
    query = f"""SELECT {_LISTED},
                       (SELECT max(at) FROM evidence v WHERE v.case_id = c.case_id AND v.act = 'closed') AS closed_at
                FROM cases c {_NEWEST}
                WHERE c.case_id = ANY ($3::uuid[]) AND {SEEN} ORDER BY e.received_at DESC, c.case_id LIMIT $4"""
    rows: list[asyncpg.Record] = await conn.fetch(query, list(who.units), who.person_id, list(case_ids), AT_ONCE)
    return rows


async def closed(conn: Connection, who: Person, *, limit: int, skip: int) -> list[asyncpg.Record]:
    """The closed cases that the person sees, the last one closed first."""
    if not who.roles & ANSWERS:
        return []
    query = f"""SELECT {_LISTED}, v.at AS closed_at
                FROM evidence v JOIN cases c USING (case_id) {_NEWEST}
                WHERE v.act = 'closed' AND e.state = 'closed' AND {SEEN}
                      AND NOT EXISTS (SELECT FROM evidence w
                                      WHERE w.case_id = v.case_id AND w.n > v.n AND w.act = 'closed')
                ORDER BY v.at DESC, c.case_id LIMIT $3 OFFSET $4"""
    rows: list[asyncpg.Record] = await conn.fetch(query, list(who.units), who.person_id, limit, skip)
    return rows


async def note(
    conn: Connection,
    search_id: UUID,
    who: PersonId,
    kind: Sought,
    *,
    found: Sequence[CaseId],
    shown: Sequence[CaseId],
    now: datetime,
) -> None:
    """Keep that somebody looked, what there was, and what of it they were shown."""
    query = "INSERT INTO searches (search_id, person_id, at, kind, found, shown) VALUES ($1, $2, $3, $4, $5, $6)"
    await conn.execute(query, search_id, who, now, kind, list(found), list(shown))


async def newest(conn: Connection, who: Person, *, limit: int, skip: int) -> list[asyncpg.Record]:
    """What people looked for, the newest first, with the cases of it that the reader sees: shown then, or not."""
    query = f"""SELECT s.person_id, s.at, s.kind, {_seen_of("s.shown")} AS shown,
                       {_seen_of("ARRAY(SELECT unnest(s.found) EXCEPT SELECT unnest(s.shown))")} AS hidden
                FROM searches s ORDER BY s.at DESC, s.search_id LIMIT $3 OFFSET $4"""
    rows: list[asyncpg.Record] = await conn.fetch(query, list(who.units), who.person_id, limit, skip)
    return rows


def _seen_of(ids: str) -> str:
    return f"ARRAY(SELECT c.case_id FROM cases c WHERE c.case_id = ANY ({ids}) AND {SEEN} ORDER BY 1)"


async def count(conn: Connection, person_id: PersonId, *, since: datetime) -> int:
    """How often the person has looked since then."""
    found: int = await conn.fetchval(
        "SELECT count(*) FROM searches WHERE person_id = $1 AND at >= $2", person_id, since
    )
    return found
