"""What people said belongs together: links that they decided, reports that were moved to a case of their own."""

from collections.abc import Sequence
from datetime import datetime

from asyncpg import Record

from shared.events.intake import LinkDecided, MovedReport
from shared.ids import CaseId, PersonId, ReportId
from shared.postgres.pool import Connection


async def decide_link(conn: Connection, event: LinkDecided) -> bool:
    """Keep what was decided, and link or part the two; False where something later was heard already."""
    news = await conn.fetchval(
        """INSERT INTO link_decisions AS d SELECT a, b, $3, $4 FROM (VALUES ($1::uuid, $2::uuid), ($2, $1)) pair (a, b)
           ON CONFLICT (case_id, other_case_id) DO UPDATE SET linked = $3, n = $4 WHERE d.n < $4 RETURNING true""",
        event.case_id,
        event.other_case_id,
        event.linked,
        event.n,
    )
    if news:
        await conn.execute(
            """UPDATE cases c SET linked_case_ids = array_remove(linked_case_ids, other)
                   || CASE WHEN $3 AND c.case_id = $1 THEN ARRAY[other] ELSE '{}'::uuid[] END
               FROM (VALUES ($1::uuid, $2::uuid), ($2, $1)) pair (here, other) WHERE c.case_id = here""",
            event.case_id,
            event.other_case_id,
            event.linked,
        )
    return bool(news)


async def parted(conn: Connection, case_id: CaseId) -> list[CaseId]:
    """The cases that people have parted from this one."""
    rows = await conn.fetch("SELECT other_case_id FROM link_decisions WHERE case_id = $1 AND NOT linked", case_id)
    return [row["other_case_id"] for row in rows]


async def home_of(conn: Connection, report_id: ReportId) -> tuple[CaseId, int] | None:
    """The case that the report was moved to, and its number there."""
    row = await conn.fetchrow("SELECT case_id, report_no FROM moves WHERE report_id = $1", report_id)
    return (row["case_id"], row["report_no"]) if row else None


async def leave(conn: Connection, case_id: CaseId, report_no: int) -> None:
    """Nobody waits for that number any more."""
    await conn.execute("INSERT INTO gone VALUES ($1, $2) ON CONFLICT DO NOTHING", case_id, report_no)


async def note_moves(conn: Connection, to: CaseId, reports: Sequence[MovedReport]) -> list[ReportId]:
    """Keep where the reports lie; those of which nothing later was heard."""
    rows = await conn.fetch(
        """INSERT INTO moves AS m SELECT report_id, $1, report_no, n FROM
               unnest($2::uuid[], $3::int[], $4::int[]) moved (report_id, report_no, n)
           ON CONFLICT (report_id) DO UPDATE SET case_id = $1, report_no = EXCLUDED.report_no, n = EXCLUDED.n
           WHERE m.n < EXCLUDED.n RETURNING report_id""",
        to,
        [each.report_id for each in reports],
        [each.report_no for each in reports],
        [each.n for each in reports],
    )
    return [row["report_id"] for row in rows]


async def lying_in(conn: Connection, report_ids: Sequence[ReportId]) -> list[CaseId]:
    """The cases that the reports lie in, as far as they are here."""
    rows = await conn.fetch(
        "SELECT DISTINCT case_id FROM reports WHERE report_id = ANY ($1::uuid[]) ORDER BY 1", list(report_ids)
    )
    return [row["case_id"] for row in rows]


async def take(conn: Connection, report_ids: Sequence[ReportId]) -> list[Record]:
    """Move those that are here, with their clocks; by number, each with the number and the case it had before.

    The review of a lift stays where the lift is.
    """
    await conn.execute(
        """INSERT INTO gone SELECT case_id, report_no FROM reports WHERE report_id = ANY ($1::uuid[])
           ON CONFLICT DO NOTHING""",
        list(report_ids),
    )
    rows = await conn.fetch(
        """UPDATE reports r SET case_id = m.case_id, report_no = m.report_no
           FROM moves m, (SELECT report_id, report_no AS was, case_id AS source
                           FROM reports WHERE report_id = ANY ($1::uuid[])) o
           WHERE m.report_id = r.report_id AND o.report_id = r.report_id RETURNING r.*, o.was, o.source""",
        list(report_ids),
    )
    await conn.execute(
        """UPDATE deadlines d SET case_id = m.case_id FROM moves m
           WHERE m.report_id = d.report_id AND d.report_id = ANY ($1::uuid[]) AND d.rule <> 'hold_review'""",
        list(report_ids),
    )
    return sorted(rows, key=lambda row: int(row["report_no"]))


async def make_like(conn: Connection, case_id: CaseId, of: CaseId) -> None:
    """The case is its unit's of whom it was split, and whoever is excluded there is excluded here."""
    await conn.execute(
        """UPDATE cases c SET unit = coalesce(c.unit, o.unit, 'unknown'),
               traceparent = coalesce(c.traceparent, o.traceparent)
           FROM cases o WHERE c.case_id = $1 AND o.case_id = $2""",
        case_id,
        of,
    )
    await conn.execute(
        """INSERT INTO exclusions (case_id, person_id, by, at, named_in)
           SELECT $1, person_id, by, at, $1 FROM exclusions WHERE case_id = $2 ON CONFLICT DO NOTHING""",
        case_id,
        of,
    )


async def newest_left(conn: Connection, case_id: CaseId) -> int:
    """The highest number of the reports that are left; 0 while those that stay are still on their way."""
    query = "SELECT coalesce(max(report_no), 0) FROM reports WHERE case_id = $1"
    no: int = await conn.fetchval(query, case_id)
    return no


async def void(conn: Connection, case_id: CaseId, lifts: Sequence[int], now: datetime) -> None:
    """Nothing makes these lifts valid again."""
    await conn.execute(
        "INSERT INTO voids SELECT $1, n, $3 FROM unnest($2::int[]) n ON CONFLICT DO NOTHING", case_id, list(lifts), now
    )


async def end_exclusions(conn: Connection, family: Sequence[CaseId]) -> list[tuple[CaseId, PersonId]]:
    """End those that only a case named that is no longer linked with these."""
    rows = await conn.fetch(
        """DELETE FROM exclusions WHERE case_id = ANY ($1::uuid[]) AND named_in <> ALL ($1::uuid[])
           RETURNING case_id, person_id""",
        list(family),
    )
    return sorted((row["case_id"], row["person_id"]) for row in rows)
