"""Proposals: numbers that were named beside the child a report is about, until a person decides on each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.events.codes import AgeBand
from shared.ids import CaseId, ChildId, PersonId, ReportId
from shared.postgres.pool import Connection


@dataclass(frozen=True, slots=True)
class Proposal:
    """A child that may belong to the case of the report. `joined` is None until a person has decided."""

    proposal_id: ChildId
    lookup: bytes
    identity_sealed: bytes
    age_band: AgeBand
    joined: bool | None = None
    sibling: bool = False


async def add(conn: Connection, report_id: ReportId, proposals: Sequence[Proposal]) -> None:
    """Keep what a report proposes."""
    await conn.executemany(
        """INSERT INTO proposals (proposal_id, report_id, lookup, identity_sealed, age_band, sibling)
           VALUES ($1, $2, $3, $4, $5, $6)""",
        [
            (each.proposal_id, report_id, each.lookup, each.identity_sealed, each.age_band, each.sibling)
            for each in proposals
        ],
    )


async def of_report(conn: Connection, report_id: ReportId) -> list[Proposal]:
    """What a report proposes, by id."""
    rows = await conn.fetch(f"SELECT {_COLUMNS} FROM proposals WHERE report_id = $1 ORDER BY proposal_id", report_id)
    return [_proposal(tuple(row)) for row in rows]


async def in_case(conn: Connection, case_id: CaseId, proposal_id: UUID) -> tuple[ReportId, Proposal] | None:
    """A proposal of one of the case's reports, with the report."""
    row = await conn.fetchrow(
        f"""SELECT report_id, {_COLUMNS} FROM proposals JOIN reports USING (report_id)
            WHERE proposal_id = $1 AND case_id = $2""",
        proposal_id,
        case_id,
    )
    return (ReportId(row["report_id"]), _proposal(tuple(row)[1:])) if row else None


async def open_siblings(conn: Connection, report_id: ReportId) -> list[tuple[CaseId, ReportId, Proposal]]:
    """The siblings that a report and its additions propose, undecided, in the order in which children are locked.

    Each with the case that it lies in and its report.
    """
    rows = await conn.fetch(
        f"""SELECT case_id, report_id, {_COLUMNS} FROM proposals JOIN reports USING (report_id)
            WHERE (report_id = $1 OR adds_to = $1) AND sibling AND joined IS NULL ORDER BY lookup""",
        report_id,
    )
    return [(row["case_id"], row["report_id"], _proposal(tuple(row)[2:])) for row in rows]


async def decide(conn: Connection, proposal_id: UUID, *, joined: bool, by: PersonId, now: datetime) -> bool:
    """A person has decided; False where somebody had before: the first word stays."""
    tag = await conn.execute(
        "UPDATE proposals SET joined = $2, decided_by = $3, decided_at = $4 WHERE proposal_id = $1 AND joined IS NULL",
        proposal_id,
        joined,
        by,
        now,
    )
    return bool(tag == "UPDATE 1")


_COLUMNS = "proposal_id, lookup, identity_sealed, age_band, joined, sibling"


def _proposal(row: tuple[UUID, bytes, bytes, str, bool | None, bool]) -> Proposal:
    proposal_id, lookup, sealed, band, joined, sibling = row
    return Proposal(ChildId(proposal_id), lookup, sealed, AgeBand(band), joined, sibling)
