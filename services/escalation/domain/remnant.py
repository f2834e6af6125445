"""What can be made out of a report that could not be handled, and the bare demand for an answer that it opens."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.escalation.domain.escalation import Escalation, State
from shared.events.codes import Level, Unit
from shared.ids import CaseId, ReportId, derived_id

_LATE = timedelta(days=30)
"""A report is not written down later than that."""
_LARGEST = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Remnant:
    """A report as far as it can be made out. `report_no` is None where nobody can tell it."""

    case_id: CaseId
    report_id: ReportId
    report_no: int | None
    received_at: datetime
    unit: Unit
    conflict_declared: bool
    canary: bool


def remnant(subject: str | None, body: bytes, *, arrival_id: UUID, now: datetime) -> Remnant:
    """What the envelope's subject and the body tell. What they do not tell is made up, the same each time."""
    said = _object(body)
    received_at, report_no = _moment(said.get("received_at")), said.get("report_no")
    known_no = type(report_no) is int and 0 < report_no <= _LARGEST
    units = {unit.value: unit for unit in Unit}
    return Remnant(
        case_id=CaseId(_uuid(said.get("case_id")) or _uuid(subject) or derived_id("case", arrival_id)),
        report_id=ReportId(_uuid(said.get("report_id")) or derived_id("report", arrival_id)),
        report_no=report_no if known_no else None,
        received_at=received_at if received_at and now - _LATE <= received_at <= now else now,
        unit=units.get(str(said.get("unit")), Unit.UNKNOWN),
        conflict_declared=said.get("conflict_declared") is True,
        canary=said.get("canary") is True,
    )


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _uuid(value: object) -> UUID | None:
    try:
        return UUID(str(value))
    except ValueError:
        return None


def _moment(value: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(value))
        return found if found.tzinfo else None
    except ValueError:
        return None


def demanded(
    before: Escalation | None, told: Remnant, *, newest_report_no: int, ladder_version: int, now: datetime
) -> Escalation:
    """The demand for an answer that the next tick pages as *high* at least: by the ordinary table, from there on."""
    if before is None or before.state is State.CLOSED:
        return Escalation(
            case_id=told.case_id,
            n=before.n + 1 if before else 1,
            state=State.UNRATED,
            level=before.level if before else None,
            ladder_version=ladder_version,
            outside_first=told.conflict_declared,
            received_at=told.received_at,
            newest_report_no=newest_report_no,
            rate_by=now,
        )
    grown = replace(
        before,
        newest_report_no=max(before.newest_report_no, newest_report_no),
        received_at=min(before.received_at, told.received_at),
        outside_first=before.outside_first or told.conflict_declared,
    )
    if before.state in (State.UNRATED, State.PAGING):
        pages_as_high = before.state is State.PAGING and before.is_high
        return replace(grown, rate_by=before.rate_by if pages_as_high else now)
    level = max(before.ladder, Level.HIGH, key=lambda each: each.rank)
    return replace(grown, state=State.ACKNOWLEDGED, level=level, due_at=now)
