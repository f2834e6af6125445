"""Deadlines: running until met or missed."""

from datetime import datetime

import asyncpg

from services.escalation.domain.deadline import Deadline
from shared.events.codes import Rule
from shared.ids import CaseId, ReportId
from shared.postgres.pool import Connection


async def add(conn: Connection, case_id: CaseId, report_id: ReportId, deadline: Deadline) -> None:
    """Start the clock. One born missed is told by the next tick."""
    await conn.execute(
        """INSERT INTO deadlines (report_id, rule, case_id, target_at, limit_at, explanation, next_at)
           VALUES ($1, $2, $3, $4, $5, $6, $5)""",
        report_id,
        deadline.rule,
        case_id,
        deadline.target,
        deadline.limit,
        deadline.explanation,
    )


async def meet(conn: Connection, report_id: ReportId, rule: Rule, now: datetime) -> None:
    """It was done. What was done too late stays missed."""
    await conn.execute(
        """UPDATE deadlines SET state = 'met', next_at = NULL
           WHERE report_id = $1 AND rule = $2 AND state = 'running' AND $3 <= limit_at""",
        report_id,
        rule,
        now,
    )


async def miss(conn: Connection, case_id: CaseId, now: datetime) -> list[asyncpg.Record]:
    """Mark what has run out, and say which report and rule."""
    rows: list[asyncpg.Record] = await conn.fetch(
        """UPDATE deadlines SET state = 'missed', next_at = NULL WHERE case_id = $1 AND next_at <= $2
           RETURNING report_id, rule""",
        case_id,
        now,
    )
    return rows


async def of_case(conn: Connection, case_id: CaseId) -> list[asyncpg.Record]:
    """The case's deadlines, in order of their limits."""
    rows: list[asyncpg.Record] = await conn.fetch(
        "SELECT * FROM deadlines WHERE case_id = $1 ORDER BY limit_at, report_id", case_id
    )
    return rows
