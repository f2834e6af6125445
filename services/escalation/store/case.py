"""Cases: their lock, who sees them, what is known of them."""

from collections.abc import Sequence, Set
from datetime import datetime

import asyncpg

from services.escalation.domain.access import ANSWERS
from services.escalation.domain.remnant import Remnant
from shared.auth.people import Person, Role
from shared.delivery.aside import not_aside
from shared.events.codes import Unit
from shared.events.intake import ReportReceived
from shared.ids import CaseId
from shared.postgres.pool import Connection, Pool
from shared.sealing import DataKey, KeyRing

SEEN = """(NOT c.canary AND c.unit IS NOT NULL
           AND ('*' = ANY($1::text[]) OR c.unit = 'unknown' OR c.unit = ANY($1::text[])
                OR EXISTS (SELECT FROM escalations r
                           WHERE r.case_id = c.case_id AND r.state <> 'closed' AND r.responsible = $2))
           AND NOT EXISTS (SELECT FROM exclusions x WHERE x.case_id = c.case_id AND x.person_id = $2))"""
"""Whether a person sees the case `c`: $1 is their units, $2 their id. Nobody sees canaries. Nothing else decides it.

Whoever is responsible sees it until somebody else takes it, also where another unit has it by now.
"""

AT_ONCE = 50
"""Linked cases that are told of one."""

_FAMILY = """WITH RECURSIVE family AS (
        SELECT case_id, linked_case_ids FROM cases WHERE case_id = ANY ($1::uuid[])
        UNION
        SELECT near.* FROM family f, LATERAL (
            SELECT case_id, linked_case_ids FROM cases WHERE case_id = ANY (f.linked_case_ids)
            UNION ALL
            SELECT case_id, linked_case_ids FROM cases
            WHERE linked_case_ids @> ARRAY[f.case_id] AND linked_case_ids <> '{}') near
    ) SELECT case_id FROM family"""
"""The cases $1 and all they are linked to."""


async def lock(conn: Connection, case_id: CaseId) -> asyncpg.Record:
    """Lock the case's row, making it where this is the first word of the case: facts come in any order."""
    row = await conn.fetchrow(
        """INSERT INTO cases (case_id) VALUES ($1)
           ON CONFLICT (case_id) DO UPDATE SET case_id = EXCLUDED.case_id RETURNING *""",
        case_id,
    )
    assert row is not None
    return row


async def lock_family(conn: Connection, *case_ids: CaseId) -> None:
    """Lock the cases, as far as they are here, and all they are linked to, in the order of their ids."""
    await conn.execute(f"SELECT FROM cases WHERE case_id IN ({_FAMILY}) ORDER BY case_id FOR UPDATE", list(case_ids))


async def lock_all(conn: Connection, case_ids: Sequence[CaseId]) -> None:
    """Lock the cases, in the order of their ids."""
    await conn.execute("SELECT FROM cases WHERE case_id = ANY ($1::uuid[]) ORDER BY case_id FOR UPDATE", case_ids)


async def family(conn: Connection, *case_ids: CaseId) -> list[CaseId]:
    """These cases and all they are linked to, however far and whichever of two named the other."""
    rows = await conn.fetch(f"{_FAMILY} ORDER BY case_id", list(case_ids))
    return [row["case_id"] for row in rows]


async def lock_seen(conn: Connection, case_id: CaseId | None, who: Person, may_see: Set[Role] = ANSWERS) -> bool:
    """Lock the case, and all it is linked to, if the person sees it.

    Looked at again under the lock: an exclusion may just have come.
    """
    if not await seen(conn, case_id, who, may_see) or case_id is None:
        return False
    await lock_family(conn, case_id)
    return await seen(conn, case_id, who, may_see)


async def seen(conn: Connection, case_id: CaseId | None, who: Person, may_see: Set[Role] = ANSWERS) -> bool:
    """Whether the person sees the case; false alike for one that does not exist."""
    if not who.roles & may_see:
        return False
    query = f"SELECT EXISTS (SELECT FROM cases c WHERE c.case_id = $3 AND {SEEN})"
    found: bool = await conn.fetchval(query, list(who.units), who.person_id, case_id)
    return found


async def seen_of(conn: Connection, case_ids: Sequence[CaseId], who: Person) -> list[CaseId]:
    """The first of those cases that the person sees."""
    if not who.roles & ANSWERS:
        return []
    query = f"SELECT c.case_id FROM cases c WHERE c.case_id = ANY ($3::uuid[]) AND {SEEN} ORDER BY c.case_id LIMIT $4"
    rows = await conn.fetch(query, list(who.units), who.person_id, list(case_ids), AT_ONCE)
    return [row["case_id"] for row in rows]


async def work(conn: Connection, who: Person) -> list[asyncpg.Record]:
    """The cases the person sees that wait for something, by their next moment."""
    if not who.roles & ANSWERS:
        return []
    query = f"""
        SELECT c.case_id, c.version, c.unit, e.level, e.state, e.next_at, e.newest_report_no, e.acknowledged_report_no,
               e.received_at, e.responsible, (SELECT min(d.limit_at) FROM deadlines d
                               WHERE d.case_id = c.case_id AND d.rule = 'acute_judgement' AND NOT EXISTS
                                     (SELECT FROM judgements j WHERE j.report_id = d.report_id)) AS judge_by
        FROM escalations e JOIN cases c USING (case_id)
        WHERE e.state <> 'closed' AND {SEEN} ORDER BY e.next_at, c.case_id"""
    rows: list[asyncpg.Record] = await conn.fetch(query, list(who.units), who.person_id)
    return rows


async def anything_due(conn: Connection | Pool, now: datetime) -> bool:
    """Whether a case, a deadline or the alarm is due. Rows that are set aside count too: they are left out later."""
    found: bool = await conn.fetchval(
        """SELECT EXISTS (SELECT FROM escalations WHERE next_at <= $1)
               OR EXISTS (SELECT FROM deadlines WHERE next_at <= $1)
               OR EXISTS (SELECT FROM alarms WHERE ended_at IS NULL AND next_at <= $1)""",
        now,
    )
    return found


async def due(conn: Connection, now: datetime, limit: int) -> Sequence[CaseId]:
    """Lock cases of which something is due, oldest first; those that another process holds are left to it."""
    found: dict[CaseId, None] = {}
    for table in ("escalations", "deadlines"):
        rows = await conn.fetch(
            f"""SELECT c.case_id FROM {table} d JOIN cases c USING (case_id)
                WHERE d.next_at <= $1 AND {not_aside(table, "c.case_id", "$1")}
                ORDER BY d.next_at, c.case_id LIMIT $2 FOR UPDATE OF c SKIP LOCKED""",
            now,
            limit,
        )
        found.update(dict.fromkeys(row["case_id"] for row in rows))
    return list(found)


async def put_off(conn: Connection, now: datetime, limit: int) -> Sequence[CaseId]:
    """Lock cases that wait for a moment which a clock ahead of this one told: rows of theirs are of the future."""
    rows = await conn.fetch(
        """SELECT c.case_id FROM escalations e JOIN cases c USING (case_id)
           WHERE (e.state IN ('unrated', 'paging') AND e.next_at > $1::timestamptz + interval '30 s'
                  AND (e.rate_by > $1::timestamptz + interval '30 s' OR e.received_at > $1::timestamptz + interval '5 s'
                       OR EXISTS (SELECT FROM pages p WHERE p.escalation_id = e.escalation_id AND p.round = e.round
                                  AND p.requested_at > $1::timestamptz + interval '5 s')))
               OR (e.state IN ('acknowledged', 'closing') AND e.next_at > $1::timestamptz + interval '30 s'
                   AND e.case_id IN (SELECT case_id FROM evidence WHERE at > $1::timestamptz + interval '30 s'))
               OR e.case_id IN (SELECT d.case_id FROM deadlines d JOIN reports r USING (report_id)
                                WHERE d.next_at IS NOT NULL AND r.received_at > $1::timestamptz + interval '30 s')
           ORDER BY c.case_id LIMIT $2 FOR UPDATE OF c SKIP LOCKED""",
        now,
        limit,
    )
    return [row["case_id"] for row in rows]


async def note_report(conn: Connection, event: ReportReceived, traceparent: str | None) -> None:
    """What the report tells of its case. Its unit counts only where it is the first: after that, staff alone move it.

    Until the first is here, whichever order they come in, the case is everybody's.
    """
    await conn.execute(
        """UPDATE cases SET canary = $2, traceparent = coalesce($3, traceparent), linked_case_ids =
               ARRAY(SELECT DISTINCT each FROM unnest(linked_case_ids || $4::uuid[]) each
                     WHERE NOT EXISTS (SELECT FROM link_decisions d WHERE d.case_id = $1 AND d.other_case_id = each
                                           AND NOT d.linked) ORDER BY 1),
               unit = CASE WHEN $5 AND coalesce(unit, 'unknown') = 'unknown' THEN $6 ELSE coalesce(unit, 'unknown') END
           WHERE case_id = $1""",
        event.case_id,
        event.canary,
        traceparent,
        list(event.linked_case_ids),
        event.report_no == 1,
        event.unit,
    )


async def begin_in(conn: Connection, case_id: CaseId, unit: Unit) -> None:
    """The unit that the case's first report named, where that had been moved elsewhere before it came."""
    await conn.execute(
        "UPDATE cases SET unit = $2 WHERE case_id = $1 AND coalesce(unit, 'unknown') = 'unknown'", case_id, unit
    )


async def is_canary(conn: Connection, case_id: CaseId) -> bool:
    """Whether the case is made up."""
    return bool(await conn.fetchval("SELECT canary FROM cases WHERE case_id = $1", case_id))


async def note_bare(conn: Connection, told: Remnant, traceparent: str | None) -> None:
    """Let people see a case of which a report has come that could not be handled."""
    await conn.execute(
        "UPDATE cases SET unit = coalesce(unit, $2), traceparent = coalesce(traceparent, $3) WHERE case_id = $1",
        told.case_id,
        told.unit,
        traceparent,
    )


async def move_unit(conn: Connection, case_id: CaseId, unit: Unit) -> None:
    """Another unit has the case."""
    await conn.execute("UPDATE cases SET unit = $2 WHERE case_id = $1", case_id, unit)


async def changed(conn: Connection, case_id: CaseId) -> None:
    """Count a change that a person should have seen before acting."""
    await conn.execute("UPDATE cases SET version = version + 1 WHERE case_id = $1", case_id)


async def get(conn: Connection, case_id: CaseId) -> asyncpg.Record:
    """The case's row, which must exist."""
    row = await conn.fetchrow("SELECT * FROM cases WHERE case_id = $1", case_id)
    assert row is not None
    return row


async def data_key(conn: Connection, case_id: CaseId, keys: KeyRing) -> DataKey:
    """The case's data key, made when first needed. The case is locked."""
    wrapped = await conn.fetchval("SELECT wrapped_key FROM cases WHERE case_id = $1", case_id)
    if wrapped is not None:
        return keys.unwrap(wrapped)
    fresh = keys.new_data_key()
    await conn.execute("UPDATE cases SET wrapped_key = $2 WHERE case_id = $1", case_id, fresh.wrapped)
    return fresh


async def erase_canaries(conn: Connection, *, before: datetime) -> int:
    """Erase the canaries received before, with everything about their cases; how many that were."""
    tag: str = await conn.execute(
        """WITH old AS (SELECT case_id FROM cases JOIN reports USING (case_id)
                        WHERE canary GROUP BY case_id HAVING max(received_at) < $1),
                of AS (SELECT escalation_id FROM escalations WHERE case_id IN (SELECT case_id FROM old)),
                p AS (DELETE FROM pages WHERE escalation_id IN (SELECT escalation_id FROM of)),
                e AS (DELETE FROM escalations WHERE case_id IN (SELECT case_id FROM old)),
                t AS (DELETE FROM ratings WHERE case_id IN (SELECT case_id FROM old)),
                r AS (DELETE FROM reports WHERE case_id IN (SELECT case_id FROM old))
           DELETE FROM cases WHERE case_id IN (SELECT case_id FROM old)""",
        before,
    )
    return int(tag.removeprefix("DELETE "))
