"""Reports: stored once, never changed but for the reading of their text."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from asyncpg import Record, UniqueViolationError

from services.intake.store.child import NewChild
from shared.delivery.outbox import Row
from shared.events.codes import AgeBand, LegalKind, ReceiptRoute, ReporterKind, Unit
from shared.events.intake import ReportReceived
from shared.ids import CaseId, ChildId, PersonId, ReportId
from shared.postgres.pool import Connection, Pool


@dataclass(frozen=True, slots=True)
class Stored:
    """What a repeated request is answered from."""

    report_id: ReportId
    case_id: CaseId
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


_REPORT = """INSERT INTO reports (report_id, case_id, report_no, received_at, entered_at, receipt_given_at,
                 legal_kind, reporter_kind, receipt_route, unit, conflict_declared, already_supported, reading,
                 reference, body_sealed, traceparent, adds_to, entered_by, reporter_verified)
             SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19"""
_NAMED = """INSERT INTO report_children (report_id, child_id, age_band)
            SELECT $1, child_id, age_band FROM unnest($20::uuid[], $21::text[]) AS child (child_id, age_band)"""


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
    columns = _columns(event, reference, body_sealed, traceparent, adds_to)
    await conn.execute(f"WITH report AS ({_REPORT}) {_NAMED}", *columns)


async def insert_first(
    conn: Connection,
    event: ReportReceived,
    *,
    reference: str,
    body_sealed: bytes,
    traceparent: str | None,
    request_mac: bytes | None,
    wrapped_key: bytes,
    children: Sequence[NewChild],
    entry: tuple[str, PersonId | None, str, bytes, str],
    told: Row,
) -> bool:
    """The first report of a case, by one statement with all that belongs to it: request, children, evidence, fact.

    False, and nothing is stored, where the request has been made before or a child is known. The statement looks for
    both itself, so that a repeat is no error in the database's log. Only a twin under way, which is waited for, is one.
    """
    event_id, topic, _, headers, body, urgent, _, waits_for = told
    *said, key_id = entry
    try:
        stored = await conn.execute(
            _FIRST,
            *_columns(event, reference, body_sealed, traceparent, None),
            request_mac,
            wrapped_key,
            [child.lookup for child in children],
            [child.identity_sealed for child in children],
            *said,
            event_id,
            topic,
            headers,
            body,
            urgent,
            waits_for,
            key_id,
        )
    except UniqueViolationError:
        return False
    return bool(stored == "INSERT 0 1")


_FIRST = f"""
    WITH fresh AS (
        SELECT WHERE NOT EXISTS (SELECT FROM requests WHERE request_mac = $22)
                 AND NOT EXISTS (SELECT FROM children WHERE lookup = ANY ($24::bytea[]))
    ), request AS (
        INSERT INTO requests (request_mac, report_id, at) SELECT $22, $1, $5 FROM fresh WHERE $22::bytea IS NOT NULL
    ), made AS (
        INSERT INTO cases (case_id, created_at, wrapped_key, last_report_no, event_sequence, evidence_n, evidence_head)
        SELECT $2, $5, $23, 1, 1, 1, $29 FROM fresh
    ), child AS (
        INSERT INTO children (child_id, case_id, lookup, identity_sealed)
        SELECT child_id, $2, lookup, sealed
        FROM unnest($20::uuid[], $24::bytea[], $25::bytea[]) AS child (child_id, lookup, sealed), fresh
    ), report AS ({_REPORT} FROM fresh), named AS ({_NAMED}, fresh), entry AS (
        INSERT INTO evidence (case_id, n, at, act, actor, facts, hash, key_id)
        SELECT $2, 1, $5, $26, $27, $28, $29, $36 FROM fresh
    )
    INSERT INTO outbox (event_id, topic, case_id, headers, body, urgent, created_at, waits_for)
    SELECT $30, $31, $2, $32, $33, $34, $5, string_to_array($35, ',') FROM fresh"""


def _columns(
    event: ReportReceived, reference: str, body_sealed: bytes, traceparent: str | None, adds_to: ReportId | None
) -> tuple[object, ...]:
    return (
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
        event.reporter_verified,
        [child.child_id for child in event.children],
        [child.age_band for child in event.children],
    )


async def stored(conn: Connection, report_id: ReportId) -> Stored:
    """A report with the key to its body."""
    row = await conn.fetchrow(
        """SELECT report_id, case_id, received_at, body_sealed, wrapped_key FROM reports JOIN cases USING (case_id)
           WHERE report_id = $1""",
        report_id,
    )
    assert row is not None
    return Stored(**row)


async def newest_entered_at(pool: Pool) -> datetime | None:
    """When the newest report was stored that was not made up; None before the first."""
    newest: datetime | None = await pool.fetchval(
        "SELECT max(entered_at) FROM reports JOIN cases USING (case_id) WHERE NOT canary"
    )
    return newest


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
