"""What belongs together: links between cases, and reports and children that move to a case of their own."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from uuid import UUID

from asyncpg import Record

from shared.ids import CaseId, ChildId, ReportId
from shared.postgres.pool import Connection

SEALED_OF_REPORTS: Mapping[str, tuple[str, str]] = {
    "reports": ("report_id", "body_sealed"),
    "readings": ("reading_id", "quote_sealed"),
    "proposals": ("proposal_id", "identity_sealed"),
}
"""The id and the sealed column of what moves with a report."""


async def lock_children(conn: Connection, case_id: CaseId) -> None:
    """Lock the case's children in the order in which reports lock them; cases are locked after children."""
    await conn.execute("SELECT FROM children WHERE case_id = $1 ORDER BY lookup FOR UPDATE", case_id)


async def lock(conn: Connection, case_ids: Iterable[CaseId]) -> set[CaseId]:
    """Lock these cases in the order of their ids; those that are here."""
    rows = await conn.fetch(
        "SELECT case_id FROM cases WHERE case_id = ANY ($1::uuid[]) ORDER BY case_id FOR UPDATE", list(case_ids)
    )
    return {CaseId(row["case_id"]) for row in rows}


async def decide_link(conn: Connection, case_id: CaseId, other: CaseId, *, linked: bool) -> int | None:
    """People hold the two for connected, or not; how often that was decided. None where it stood so already."""
    n: int | None = await conn.fetchval(
        """INSERT INTO links AS l SELECT a, b, $3, 1 FROM (VALUES ($1::uuid, $2::uuid), ($2, $1)) pair (a, b)
           ON CONFLICT (case_id, linked_case_id) DO UPDATE SET linked = $3, n = l.n + 1 WHERE l.linked <> $3
           RETURNING n""",
        case_id,
        other,
        linked,
    )
    return n


async def is_linked(conn: Connection, case_id: CaseId, other: CaseId) -> bool | None:
    """Whether the two are connected; None where they never were."""
    found: bool | None = await conn.fetchval(
        "SELECT linked FROM links WHERE case_id = $1 AND linked_case_id = $2", case_id, other
    )
    return found


async def name_child(conn: Connection, report_id: ReportId, child_id: ChildId, age_band: str) -> None:
    """The report is about this child too."""
    await conn.execute(
        "INSERT INTO report_children VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", report_id, child_id, age_band
    )


async def numbers(conn: Connection, case_id: CaseId) -> dict[ReportId, int]:
    """The case's reports with their numbers, in order."""
    rows = await conn.fetch("SELECT report_id, report_no FROM reports WHERE case_id = $1 ORDER BY report_no", case_id)
    return {ReportId(row["report_id"]): row["report_no"] for row in rows}


async def children_in(conn: Connection, case_id: CaseId) -> set[UUID]:
    """The case's children."""
    rows = await conn.fetch("SELECT child_id FROM children WHERE case_id = $1", case_id)
    return {row["child_id"] for row in rows}


async def about_nobody_but(conn: Connection, case_id: CaseId, children: Collection[UUID]) -> set[ReportId]:
    """The case's reports that name one of the children and nobody else."""
    rows = await conn.fetch(
        """SELECT report_id FROM reports r WHERE case_id = $1
           AND EXISTS (SELECT FROM report_children n WHERE n.report_id = r.report_id AND n.child_id = ANY ($2::uuid[]))
           AND NOT EXISTS (SELECT FROM report_children n
                           WHERE n.report_id = r.report_id AND n.child_id <> ALL ($2::uuid[]))""",
        case_id,
        list(children),
    )
    return {ReportId(row["report_id"]) for row in rows}


async def names_any(conn: Connection, case_id: CaseId, children: Collection[UUID]) -> bool:
    """Whether a report of the case names one of the children."""
    found: bool = await conn.fetchval(
        """SELECT EXISTS (SELECT FROM reports JOIN report_children USING (report_id)
                          WHERE case_id = $1 AND child_id = ANY ($2::uuid[]))""",
        case_id,
        list(children),
    )
    return found


async def children_of(
    conn: Connection, case_id: CaseId, report_ids: Sequence[ReportId], child_ids: Collection[UUID]
) -> list[Record]:
    """These children, and the case's that no other of its reports names than these: child_id and identity_sealed."""
    rows: list[Record] = await conn.fetch(
        """SELECT child_id, identity_sealed FROM children c WHERE case_id = $1 AND (child_id = ANY ($3::uuid[])
           OR EXISTS (SELECT FROM report_children n WHERE n.child_id = c.child_id AND n.report_id = ANY ($2::uuid[]))
           AND NOT EXISTS (SELECT FROM report_children n JOIN reports r USING (report_id)
                           WHERE n.child_id = c.child_id AND r.case_id = $1 AND r.report_id <> ALL ($2::uuid[])))""",
        case_id,
        list(report_ids),
        list(child_ids),
    )
    return rows


async def sealed(conn: Connection, table: str, report_ids: Sequence[ReportId]) -> list[tuple[UUID, bytes]]:
    """What is sealed of these reports in a table, by the row's id."""
    key, column = SEALED_OF_REPORTS[table]
    rows = await conn.fetch(f"SELECT {key}, {column} FROM {table} WHERE report_id = ANY ($1::uuid[])", list(report_ids))
    return [(row[key], row[column]) for row in rows]


async def reseal(conn: Connection, table: str, rows: Sequence[tuple[UUID, bytes]]) -> None:
    """Store the same, sealed anew."""
    key, column = SEALED_OF_REPORTS[table]
    await conn.executemany(f"UPDATE {table} SET {column} = $2 WHERE {key} = $1", rows)


async def move_reports(conn: Connection, to: CaseId, numbered: Mapping[ReportId, int]) -> dict[ReportId, int]:
    """Give the reports their numbers in the other case; how often each has been moved by now."""
    rows = await conn.fetch(
        """UPDATE reports r SET case_id = $1, report_no = m.report_no, moved = r.moved + 1
           FROM unnest($2::uuid[], $3::int[]) m (report_id, report_no) WHERE r.report_id = m.report_id
           RETURNING r.report_id, r.moved""",
        to,
        list(numbered),
        list(numbered.values()),
    )
    return {ReportId(row["report_id"]): row["moved"] for row in rows}


async def made(conn: Connection, case_id: CaseId, *, reports: int) -> None:
    """The case was made of that many reports of another one."""
    await conn.execute("UPDATE cases SET last_report_no = $2 WHERE case_id = $1", case_id, reports)
