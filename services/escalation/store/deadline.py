"""Deadlines: running until met or missed."""

from datetime import datetime

import asyncpg

from services.escalation.domain.deadline import Deadline
from shared.events.codes import Rule
from shared.ids import CaseId, ReportId
from shared.postgres.pool import Connection


async def add(conn: Connection, case_id: CaseId, report_id: ReportId, *clocks: Deadline) -> None:
    """Start clocks. One born near or missed is told by the next tick. The same clock again is set anew."""
    await conn.executemany(
        """INSERT INTO deadlines (report_id, rule, about, case_id, target_at, limit_at, explanation, state, next_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
           ON CONFLICT (report_id, rule, about) DO UPDATE SET target_at = $5, limit_at = $6, explanation = $7,
               state = $8, next_at = $9, warned_at = NULL""",
        [
            (
                report_id,
                each.rule,
                each.about,
                case_id,
                each.target,
                each.limit,
                each.explanation,
                each.state,
                each.warn_at if each.state == "running" else None,
            )
            for each in clocks
        ],
    )


async def of_the_future(conn: Connection, case_id: CaseId, now: datetime) -> list[tuple[ReportId, bool]]:
    """The case's reports with a running clock that were received by a clock ahead, and whether about grown-ups."""
    rows = await conn.fetch(
        """SELECT DISTINCT report_id, adult FROM deadlines d JOIN reports r USING (report_id)
           WHERE d.case_id = $1 AND d.next_at IS NOT NULL AND r.received_at > $2""",
        case_id,
        now,
    )
    return [(ReportId(row["report_id"]), row["adult"]) for row in rows]


async def pull_in(conn: Connection, report_id: ReportId, anew: Deadline) -> bool:
    """Set a running clock to an earlier limit; False where it runs out no later. What was told of waits for that."""
    tag = await conn.execute(
        """UPDATE deadlines SET target_at = $4, limit_at = $5, explanation = $6,
               next_at = CASE WHEN warned_at IS NULL THEN LEAST(next_at, $7) ELSE $5 END
           WHERE report_id = $1 AND rule = $2 AND about = $3 AND state = 'running' AND limit_at > $5""",
        report_id,
        anew.rule,
        anew.about,
        anew.target,
        anew.limit,
        anew.explanation,
        anew.warn_at,
    )
    return bool(tag == "UPDATE 1")


async def meet(conn: Connection, report_id: ReportId, rule: Rule, at: datetime, *, about: str | None = None) -> None:
    """It was done then. What was done too late stays missed."""
    await conn.execute(
        """UPDATE deadlines SET state = 'met', next_at = NULL
           WHERE report_id = $1 AND rule = $2 AND ($4::text IS NULL OR about = $4) AND $3 < limit_at""",
        report_id,
        rule,
        at,
        about,
    )


async def settle(conn: Connection, case_id: CaseId, rule: Rule, *, about: str | None = None) -> None:
    """What ran of the rule in the case is settled, whatever report it hung on."""
    await conn.execute(
        """UPDATE deadlines SET state = 'met', next_at = NULL
           WHERE case_id = $1 AND rule = $2 AND ($3::text IS NULL OR about = $3) AND state = 'running'""",
        case_id,
        rule,
        about,
    )


async def due(conn: Connection, case_id: CaseId, now: datetime) -> list[asyncpg.Record]:
    """The case's deadlines whose next moment has come, in order."""
    rows: list[asyncpg.Record] = await conn.fetch(
        "SELECT * FROM deadlines WHERE case_id = $1 AND next_at <= $2 ORDER BY next_at, rule, about, report_id",
        case_id,
        now,
    )
    return rows


async def miss(conn: Connection, row: asyncpg.Record, now: datetime) -> None:
    """It ran out."""
    await _end(conn, row, "missed", missed_at=now)


async def make_moot(conn: Connection, row: asyncpg.Record) -> None:
    """Nothing is left to do."""
    await _end(conn, row, "met")


async def _end(conn: Connection, row: asyncpg.Record, state: str, *, missed_at: datetime | None = None) -> None:
    await conn.execute(
        """UPDATE deadlines SET state = $4, next_at = NULL, missed_at = $5
           WHERE report_id = $1 AND rule = $2 AND about = $3""",
        row["report_id"],
        row["rule"],
        row["about"],
        state,
        missed_at,
    )


async def warn(conn: Connection, row: asyncpg.Record, now: datetime) -> None:
    """It was told of; its next moment is its limit."""
    await conn.execute(
        "UPDATE deadlines SET warned_at = $4, next_at = limit_at WHERE report_id = $1 AND rule = $2 AND about = $3",
        row["report_id"],
        row["rule"],
        row["about"],
        now,
    )


async def runs(conn: Connection, case_id: CaseId, rule: Rule) -> bool:
    """Whether a clock of the rule runs in the case."""
    found: bool = await conn.fetchval(
        "SELECT EXISTS (SELECT FROM deadlines WHERE case_id = $1 AND rule = $2 AND state = 'running')", case_id, rule
    )
    return found


async def rules_of(conn: Connection, report_id: ReportId) -> set[Rule]:
    """The rules of which the report has a clock."""
    rows = await conn.fetch("SELECT DISTINCT rule FROM deadlines WHERE report_id = $1", report_id)
    return {Rule(row["rule"]) for row in rows}


async def of_case(conn: Connection, case_id: CaseId, *, limit: int, older: int) -> list[asyncpg.Record]:
    """So many deadlines of the case, in order of their limits, after leaving out the first `older` by weight.

    What runs weighs most, the soonest first. What was missed comes next, and then what was met, each newest first.
    """
    rows: list[asyncpg.Record] = await conn.fetch(
        """SELECT * FROM (
               SELECT * FROM deadlines WHERE case_id = $1
               ORDER BY array_position(ARRAY['running', 'missed', 'met'], state),
                   CASE state WHEN 'running' THEN limit_at END, limit_at DESC, report_id, rule, about
               LIMIT $2 OFFSET $3) few
           ORDER BY limit_at, report_id, rule, about""",
        case_id,
        limit,
        older,
    )
    return rows
