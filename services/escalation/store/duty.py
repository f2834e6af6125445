"""Changes of shift: who was on call when the tick last looked, and what that means for what is open."""

from collections.abc import Collection, Sequence
from datetime import datetime

from services.escalation.store.case import SEEN
from shared.ids import CaseId, PersonId
from shared.postgres.pool import Connection


async def last(conn: Connection) -> frozenset[PersonId] | None:
    """Who was on call then, the row locked; None where another process holds it or nobody has looked yet."""
    row = await conn.fetchrow("SELECT on_call FROM duties FOR UPDATE SKIP LOCKED")
    return frozenset(row["on_call"]) if row else None


async def put(conn: Connection, on_call: Collection[PersonId], now: datetime) -> None:
    """Who is on call now."""
    await conn.execute(
        "INSERT INTO duties VALUES (true, $1, $2) ON CONFLICT (one) DO UPDATE SET on_call = $1, at = $2",
        sorted(on_call),
        now,
    )


async def waiting_for(conn: Connection, gone: Collection[PersonId]) -> Sequence[CaseId]:
    """The cases that wait for the answer of one of these."""
    rows = await conn.fetch(
        """SELECT DISTINCT e.case_id FROM escalations e JOIN pages p USING (escalation_id, round, rung)
           WHERE e.state = 'paging' AND p.state IN ('requested', 'accepted') AND p.recipient_id = ANY ($1::uuid[])
           ORDER BY e.case_id""",
        list(gone),
    )
    return [row["case_id"] for row in rows]


async def first_open(conn: Connection, person_id: PersonId) -> CaseId | None:
    """The open case the person sees that waits most for an answer."""
    units = await conn.fetchval("SELECT units FROM people WHERE person_id = $1 AND active", person_id)
    case_id: CaseId | None = await conn.fetchval(
        f"""SELECT c.case_id FROM escalations e JOIN cases c USING (case_id)
            WHERE e.state <> 'closed' AND {SEEN}
            ORDER BY e.state NOT IN ('unrated', 'paging'), e.next_at, e.case_id LIMIT 1""",
        units or [],
        person_id,
    )
    return case_id
