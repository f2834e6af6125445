"""Lifts of the contact hold and mediations: append-only."""

import json
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from services.escalation.domain.hold import Action, HeldFrom, Lift
from services.escalation.store.assessment import covers_of
from shared.ids import CaseId, PersonId
from shared.postgres.pool import Connection


async def lifts(conn: Connection, case_id: CaseId) -> list[Lift]:
    """All steps ever recorded of the case; those of a person who turned out to be excluded lift nothing."""
    rows = await conn.fetch(
        """SELECT l.*, x.person_id IS NOT NULL AS void, v.lift_n IS NOT NULL AS rearranged
           FROM lifts l LEFT JOIN exclusions x USING (case_id, person_id)
               LEFT JOIN voids v ON v.case_id = l.case_id AND v.lift_n = l.n
           WHERE l.case_id = $1 ORDER BY l.recipient, l.n""",
        case_id,
    )
    return [
        Lift(
            recipient=HeldFrom(row["recipient"]),
            n=row["n"],
            action=Action(row["action"]),
            covers=covers_of(row),
            until=row["until"],
            person_id=row["person_id"],
            at=row["at"],
            assessment_id=row["assessment_id"],
            mediation=row["mediation"],
            void=row["void"],
            rearranged=row["rearranged"],
        )
        for row in rows
    ]


async def reasons(conn: Connection, case_id: CaseId) -> Mapping[int, bytes]:
    """Why each step was recorded, sealed, by its number."""
    rows = await conn.fetch("SELECT n, reason FROM lifts WHERE case_id = $1", case_id)
    return {row["n"]: row["reason"] for row in rows}


async def add(conn: Connection, case_id: CaseId, lift: Lift, *, reason: bytes) -> None:
    """Record a step."""
    await conn.execute(
        """INSERT INTO lifts (case_id, recipient, n, action, covers, until, person_id, at, assessment_id, reason,
               mediation) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)""",
        case_id,
        lift.recipient,
        lift.n,
        lift.action,
        json.dumps({str(each): report_no for each, report_no in lift.covers.items()}),
        lift.until,
        lift.person_id,
        lift.at,
        lift.assessment_id,
        reason,
        lift.mediation,
    )


async def add_mediation(
    conn: Connection,
    mediation_id: UUID,
    case_id: CaseId,
    *,
    recipients: list[HeldFrom],
    note: bytes,
    by: PersonId,
    now: datetime,
) -> None:
    """Record that mediation was begun."""
    await conn.execute(
        "INSERT INTO mediations VALUES ($1, $2, $3, $4, $5, $6)", mediation_id, case_id, recipients, note, by, now
    )
