"""Risk assessments, append-only. Answers are sealed."""

import json
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import asyncpg

from services.escalation.domain.assessment import Risk
from services.escalation.domain.hold import Newest
from shared.ids import CaseId, PersonId
from shared.postgres.pool import Connection
from shared.telemetry.logging import error_code, log


async def add(
    conn: Connection,
    assessment_id: UUID,
    case_id: CaseId,
    *,
    covers_report_no: int,
    covers: Newest,
    form: int,
    level: Risk,
    acute: bool,
    answers: bytes,
    by: PersonId,
    now: datetime,
) -> None:
    """Record an assessment."""
    await conn.execute(
        "INSERT INTO assessments VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        assessment_id,
        case_id,
        covers_report_no,
        json.dumps({str(each): report_no for each, report_no in covers.items()}),
        form,
        level,
        acute,
        answers,
        by,
        now,
    )


async def get(conn: Connection, case_id: CaseId, assessment_id: UUID) -> asyncpg.Record | None:
    """An assessment of the case."""
    return await conn.fetchrow(
        "SELECT * FROM assessments WHERE case_id = $1 AND assessment_id = $2", case_id, assessment_id
    )


async def covers(conn: Connection, case_id: CaseId, assessment_id: UUID | None) -> Newest | None:
    """What an assessment of the case covers; None where there is no such assessment."""
    row = await get(conn, case_id, assessment_id) if assessment_id else None
    return covers_of(row) if row else None


def covers_of(row: asyncpg.Record) -> Mapping[CaseId, int]:
    """The newest report of each case that it looked at; nothing where that cannot be read: then no lift rests on it."""
    try:
        return {CaseId(UUID(case_id)): int(report_no) for case_id, report_no in json.loads(row["covers"]).items()}
    except (ValueError, TypeError, AttributeError) as error:
        log().error("covers.unreadable", case_id=row["case_id"], error=error_code(error))
        return {}


async def of_case(conn: Connection, case_id: CaseId) -> list[asyncpg.Record]:
    """The case's assessments, oldest first."""
    rows: list[asyncpg.Record] = await conn.fetch(
        "SELECT * FROM assessments WHERE case_id = $1 ORDER BY at, assessment_id", case_id
    )
    return rows


async def newest(conn: Connection, case_id: CaseId) -> asyncpg.Record | None:
    """The case's newest assessment."""
    return await conn.fetchrow(
        "SELECT * FROM assessments WHERE case_id = $1 ORDER BY at DESC, assessment_id DESC LIMIT 1", case_id
    )
