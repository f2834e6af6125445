"""Reports: stored once, never changed but for the reading of their text."""

from dataclasses import dataclass
from datetime import datetime

from asyncpg import Record

from shared.events.codes import AgeBand, LegalKind, ReceiptRoute, ReporterKind, Unit
from shared.events.intake import ReportReceived
from shared.ids import CaseId, ChildId, ReportId
from shared.postgres.pool import Connection


@dataclass(frozen=True, slots=True)
class Stored:
    """What a repeated request is answered from."""

    report_id: ReportId
    received_at: datetime
    body_sealed: bytes
    wrapped_key: bytes


@dataclass(frozen=True, slots=True)
class Earlier:
    """A report that another one adds to: its case, its children with their age bands, and who its reporter is."""

    case_id: CaseId
    legal_kind: LegalKind
    reporter_kind: ReporterKind
    receipt_route: ReceiptRoute
    unit: Unit
    children: tuple[tuple[ChildId, AgeBand], ...]


async def claim(conn: Connection, request_mac: bytes, report_id: ReportId, *, now: datetime) -> ReportId:
    """The report this request made, which is `report_id` when it is the first. A twin under way is waited for."""
    inserted = await conn.execute(
        "INSERT INTO requests (request_mac, report_id, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        request_mac,
        report_id,
        now,
    )
    if inserted == "INSERT 0 1":
        return report_id
    first = await conn.fetchval("SELECT report_id FROM requests WHERE request_mac = $1", request_mac)
    return ReportId(first)


async def insert(
    conn: Connection,
    event: ReportReceived,
    *,
    reference: str,
    body_sealed: bytes,
    traceparent: str | None,
    adds_to: ReportId | None,
) -> None:
    """The report and the children it names."""
    await conn.execute(
        """WITH report AS (
               INSERT INTO reports (report_id, case_id, report_no, received_at, entered_at, receipt_given_at,
                   legal_kind, reporter_kind, receipt_route, unit, conflict_declared, already_supported, reading,
                   reference, body_sealed, traceparent, adds_to, entered_by)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
           )
           INSERT INTO report_children (report_id, child_id, age_band)
           SELECT $1, child_id, age_band FROM unnest($19::uuid[], $20::text[]) AS child (child_id, age_band)""",
        event.report_id,
        event.case_id,
        event.report_no,
        event.received_at,
        event.entered_at,
        event.receipt_given_at,
        event.legal_kind,
        event.reporter_kind,
        event.receipt_route,
        event.unit,
        event.conflict_declared,
        event.already_supported,
        event.reading,
        reference,
        body_sealed,
        traceparent,
        adds_to,
        event.entered_by,
        [child.child_id for child in event.children],
        [child.age_band for child in event.children],
    )


async def stored(conn: Connection, report_id: ReportId) -> Stored:
    """A report with the key to its body."""
    row = await conn.fetchrow(
        """SELECT report_id, received_at, body_sealed, wrapped_key FROM reports JOIN cases USING (case_id)
           WHERE report_id = $1""",
        report_id,
    )
    assert row is not None
    return Stored(**row)


async def to_add_to(conn: Connection, report_id: ReportId) -> Earlier:
    """The report that another one adds to."""
    row = await conn.fetchrow("SELECT * FROM reports WHERE report_id = $1", report_id)
    assert row is not None
    return await _earlier(conn, row)


async def newest_in(conn: Connection, case_id: CaseId) -> Earlier | None:
    """The newest report of the case; None where there is no such case."""
    row = await conn.fetchrow("SELECT * FROM reports WHERE case_id = $1 ORDER BY report_no DESC LIMIT 1", case_id)
    return await _earlier(conn, row) if row else None


async def _earlier(conn: Connection, row: Record) -> Earlier:
    children = await conn.fetch("SELECT child_id, age_band FROM report_children WHERE report_id = $1", row["report_id"])
    return Earlier(
        case_id=CaseId(row["case_id"]),
        legal_kind=LegalKind(row["legal_kind"]),
        reporter_kind=ReporterKind(row["reporter_kind"]),
        receipt_route=ReceiptRoute(row["receipt_route"]),
        unit=Unit(row["unit"]),
        children=tuple((ChildId(child["child_id"]), AgeBand(child["age_band"])) for child in children),
    )
