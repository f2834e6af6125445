"""Escalations: at most one that is not closed per case."""

import asyncpg

from services.escalation.domain.escalation import Escalation, State
from shared.events.codes import Level
from shared.ids import CaseId
from shared.postgres.pool import Connection


async def newest(conn: Connection, case_id: CaseId) -> Escalation | None:
    """The case's newest escalation, closed or not."""
    row = await conn.fetchrow("SELECT * FROM escalations WHERE case_id = $1 ORDER BY n DESC LIMIT 1", case_id)
    return _escalation(row) if row else None


def _escalation(row: asyncpg.Record) -> Escalation:
    return Escalation(
        case_id=row["case_id"],
        n=row["n"],
        state=State(row["state"]),
        level=Level(row["level"]) if row["level"] else None,
        ladder_version=row["ladder_version"],
        outside_first=row["outside_first"],
        received_at=row["received_at"],
        newest_report_no=row["newest_report_no"],
        acknowledged_report_no=row["acknowledged_report_no"],
        responsible=row["responsible"],
        declined=frozenset(row["declined"]),
        round=row["round"],
        rung=row["rung"],
        due_at=row["due_at"],
        rate_by=row["rate_by"],
        peak=Level(row["peak"]) if row["peak"] else None,
        fresh_eyes=row["fresh_eyes"],
        offered_to=row["offered_to"],
        nobody_at=row["nobody_at"],
    )


async def save(conn: Connection, escalation: Escalation) -> None:
    """Store how it stands, and count the change that a person should have seen before acting."""
    await conn.execute(
        """WITH changed AS (UPDATE cases SET version = version + 1 WHERE case_id = $2)
           INSERT INTO escalations (escalation_id, case_id, n, state, level, ladder_version, outside_first, received_at,
               newest_report_no, acknowledged_report_no, responsible, declined, round, rung, due_at, rate_by,
               peak, fresh_eyes, offered_to, nobody_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
           ON CONFLICT (escalation_id) DO UPDATE SET state = $4, level = $5, outside_first = $7, received_at = $8,
               newest_report_no = $9, acknowledged_report_no = $10, responsible = $11, declined = $12, round = $13,
               rung = $14, due_at = $15, rate_by = $16, peak = $17, fresh_eyes = $18, offered_to = $19,
               nobody_at = $20""",
        escalation.escalation_id,
        escalation.case_id,
        escalation.n,
        escalation.state,
        escalation.level,
        escalation.ladder_version,
        escalation.outside_first,
        escalation.received_at,
        escalation.newest_report_no,
        escalation.acknowledged_report_no,
        escalation.responsible,
        sorted(escalation.declined),
        escalation.round,
        escalation.rung,
        escalation.due_at,
        escalation.rate_by,
        escalation.peak,
        escalation.fresh_eyes,
        escalation.offered_to,
        escalation.nobody_at,
    )
