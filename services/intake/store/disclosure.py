"""Reading by grant: which case a report lies in, whether a grant was used, what the machine read."""

from datetime import datetime
from uuid import UUID

from services.intake.domain.disclosure import MachineRead, Mark
from shared.events.codes import Grade, Reading
from shared.ids import CaseId, ReportId
from shared.postgres.pool import Connection


async def found(conn: Connection, report_id: ReportId) -> CaseId | None:
    """The case the report lies in, None when there is no such report."""
    case_id: CaseId | None = await conn.fetchval("SELECT case_id FROM reports WHERE report_id = $1", report_id)
    return case_id


async def adds_to(conn: Connection, report_id: ReportId) -> ReportId | None:
    """The report of the same reporter that this one adds to."""
    first: ReportId | None = await conn.fetchval("SELECT adds_to FROM reports WHERE report_id = $1", report_id)
    return first


async def use(conn: Connection, grant_id: UUID, now: datetime, *, forget: datetime) -> bool:
    """Note that a grant is used; False when it was used before. What was used before `forget` is forgotten."""
    await conn.execute("DELETE FROM grants_used WHERE used_at < $1", forget)
    tag = await conn.execute("INSERT INTO grants_used VALUES ($1, $2) ON CONFLICT DO NOTHING", grant_id, now)
    return bool(tag == "INSERT 0 1")


async def read(conn: Connection, report_id: ReportId) -> MachineRead:
    """What the machine made of the report's text, with its marks in the text's order."""
    row = await conn.fetchrow("SELECT reading, language_unread FROM reports WHERE report_id = $1", report_id)
    assert row is not None
    marks, more = await _marks(conn, report_id)
    pending = row["reading"] == Reading.PENDING
    return MachineRead(pending=pending, language_unread=row["language_unread"], marks=marks, more=more)


_MOST_MARKS = 200


async def _marks(conn: Connection, report_id: ReportId) -> tuple[tuple[Mark, ...], int]:
    """The marks, and how many more there are. The first of each sign, answer and grade are always among them."""
    rows = await conn.fetch(
        """SELECT * FROM (
               SELECT sign, answer, "when", date, place_start AS start, place_end AS "end", grade, score,
                      count(*) OVER () AS all_of
               FROM readings WHERE report_id = $1
               ORDER BY row_number() OVER (PARTITION BY sign, answer, grade ORDER BY place_start), place_start
               LIMIT $2) kept
           ORDER BY start, "end", sign""",
        report_id,
        _MOST_MARKS,
    )
    marks = [{name: row[name] for name in Mark.__slots__} for row in rows]
    shown = (
        Mark(**{**mark, "date": mark["date"].isoformat() if mark["date"] else None, "grade": Grade(mark["grade"])})
        for mark in marks
    )
    return tuple(shown), (rows[0]["all_of"] if rows else 0) - len(rows)


async def children(conn: Connection, report_id: ReportId) -> list[tuple[UUID, bytes]]:
    """The children that the report names and that belong to its case, each with its sealed identity."""
    rows = await conn.fetch(
        """SELECT child_id, identity_sealed FROM reports r JOIN report_children n USING (report_id)
           JOIN children c USING (child_id, case_id) WHERE r.report_id = $1 ORDER BY child_id""",
        report_id,
    )
    return [(row["child_id"], row["identity_sealed"]) for row in rows]
