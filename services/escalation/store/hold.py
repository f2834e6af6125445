"""Lifts of the contact hold: append-only. Nothing writes them yet, so everything is held."""

from services.escalation.domain.hold import Action, HeldFrom, Lift
from shared.ids import CaseId
from shared.postgres.pool import Connection


async def lifts(conn: Connection, case_id: CaseId) -> list[Lift]:
    """All lifts ever recorded of the case."""
    rows = await conn.fetch("SELECT * FROM lifts WHERE case_id = $1 ORDER BY recipient, n", case_id)
    return [
        Lift(
            HeldFrom(row["recipient"]),
            row["n"],
            Action(row["action"]),
            row["covers_report_no"],
            row["until"],
            row["person_id"],
        )
        for row in rows
    ]
