"""What a reporter may follow: the moments at which something happened to the report. The earliest is kept."""

from dataclasses import dataclass
from datetime import datetime

from asyncpg import Record

from services.intake.domain.receipt import Progress, informed
from shared.events.codes import ReporterKind, Verification
from shared.ids import CaseId, ReportId
from shared.postgres.pool import Connection


@dataclass(frozen=True, slots=True)
class Followed:
    """A report as its receipt needs it."""

    report_id: ReportId
    informed: bool
    progress: Progress


_FOLLOWED = """SELECT report_id, reporter_kind, reporter_verified,
                      received_at, seen_at, judged_at, started, concluded_at
               FROM reports"""


async def with_reference(conn: Connection, reference: str) -> list[Followed]:
    """The reports with this reference: one, or by the rarest chance two, which their codes tell apart."""
    return [_followed(row) for row in await conn.fetch(f"{_FOLLOWED} WHERE reference = $1", reference)]


async def cases_with_reference(conn: Connection, reference: str) -> list[CaseId]:
    """The cases in which a report has this reference."""
    rows = await conn.fetch("SELECT DISTINCT case_id FROM reports WHERE reference = $1 ORDER BY 1", reference)
    return [CaseId(row["case_id"]) for row in rows]


async def with_additions(conn: Connection, report_id: ReportId) -> list[Followed]:
    """The report and what its reporter added to it, in that order."""
    query = f"{_FOLLOWED} WHERE report_id = $1 OR adds_to = $1 ORDER BY adds_to NULLS FIRST, report_no"
    return [_followed(row) for row in await conn.fetch(query, report_id)]


def _followed(row: Record) -> Followed:
    verified = Verification(row["reporter_verified"]) if row["reporter_verified"] else None
    return Followed(
        report_id=ReportId(row["report_id"]),
        informed=informed(ReporterKind(row["reporter_kind"]), verified),
        progress=Progress(*tuple(row)[3:]),
    )


async def mark_seen(conn: Connection, case_id: CaseId, *, up_to: int, at: datetime) -> None:
    """A person was shown the case's reports 1 to `up_to`."""
    await conn.execute(
        "UPDATE reports SET seen_at = LEAST(seen_at, $3) WHERE case_id = $1 AND report_no <= $2", case_id, up_to, at
    )


async def mark_judged(conn: Connection, report_id: ReportId, *, started: bool, at: datetime) -> None:
    """A person judged the report."""
    await conn.execute(
        "UPDATE reports SET judged_at = LEAST(judged_at, $3), started = $2 WHERE report_id = $1", report_id, started, at
    )


async def mark_concluded(conn: Connection, case_id: CaseId, *, up_to: int, at: datetime) -> None:
    """People closed the demand that covered reports 1 to `up_to`."""
    await conn.execute(
        "UPDATE reports SET concluded_at = LEAST(concluded_at, $3) WHERE case_id = $1 AND report_no <= $2",
        case_id,
        up_to,
        at,
    )


async def mark_called_back(conn: Connection, report_id: ReportId) -> bool:
    """The report's reporter was called back at their workplace; False where they were known already."""
    tag = await conn.execute(
        "UPDATE reports SET reporter_verified = $2 WHERE report_id = $1 AND reporter_verified IS NULL",
        report_id,
        Verification.CALLED_BACK,
    )
    return bool(tag == "UPDATE 1")
