"""What people asked for with a reason, and the second person's answer. Reasons are sealed."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from services.escalation.domain.escalation import Escalation, State
from shared.events.codes import Level, Outcome
from shared.ids import CaseId, EscalationId, PersonId
from shared.postgres.pool import Connection


async def ask(
    conn: Connection,
    countersign_id: UUID,
    of: Escalation,
    *,
    asks: Outcome | Level,
    by: PersonId,
    reason: bytes,
    now: datetime,
) -> None:
    """A person asked that it be closed with this outcome, or lowered to this level.

    What is closed already needed no second person.
    """
    await conn.execute(
        """INSERT INTO countersigns (countersign_id, case_id, escalation_id, act, outcome, level, asked_by, asked_at,
               reason, state) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)""",
        countersign_id,
        of.case_id,
        of.escalation_id,
        "close" if isinstance(asks, Outcome) else "lower",
        asks if isinstance(asks, Outcome) else None,
        asks if isinstance(asks, Level) else None,
        by,
        now,
        reason,
        "waived" if of.state is State.CLOSED else "asked",
    )


async def get(conn: Connection, countersign_id: UUID) -> asyncpg.Record | None:
    """One row."""
    return await conn.fetchrow("SELECT * FROM countersigns WHERE countersign_id = $1", countersign_id)


async def case_of(conn: Connection, countersign_id: UUID) -> CaseId | None:
    """The case it is about."""
    query = "SELECT case_id FROM countersigns WHERE countersign_id = $1"
    case_id: CaseId | None = await conn.fetchval(query, countersign_id)
    return case_id


async def waiting(conn: Connection, escalation_id: EscalationId, act: str) -> asyncpg.Record | None:
    """The one of that act that waits for an answer."""
    query = "SELECT * FROM countersigns WHERE escalation_id = $1 AND act = $2 AND state = 'asked'"
    return await conn.fetchrow(query, escalation_id, act)


async def all_waiting(conn: Connection, escalation_id: EscalationId) -> list[asyncpg.Record]:
    """Those that wait for an answer, oldest first."""
    query = "SELECT * FROM countersigns WHERE escalation_id = $1 AND state = 'asked' ORDER BY asked_at, countersign_id"
    rows: list[asyncpg.Record] = await conn.fetch(query, escalation_id)
    return rows


async def answer(
    conn: Connection, countersign_id: UUID, *, agree: bool, by: PersonId, reason: bytes, now: datetime
) -> None:
    """The second person's answer."""
    await conn.execute(
        """UPDATE countersigns SET state = $2, answered_by = $3, answer_reason = $4, answered_at = $5
           WHERE countersign_id = $1""",
        countersign_id,
        "agreed" if agree else "refused",
        by,
        reason,
        now,
    )


async def void(conn: Connection, escalation_id: EscalationId, acts: Sequence[str]) -> None:
    """Something new came: what waited for an answer is asked anew or not at all."""
    query = "UPDATE countersigns SET state = 'void' WHERE escalation_id = $1 AND act = ANY ($2) AND state = 'asked'"
    await conn.execute(query, escalation_id, acts)


async def of_case(conn: Connection, case_id: CaseId) -> list[asyncpg.Record]:
    """Those of the case that needed a second person, oldest first."""
    rows: list[asyncpg.Record] = await conn.fetch(
        "SELECT * FROM countersigns WHERE case_id = $1 AND state <> 'waived' ORDER BY asked_at, countersign_id", case_id
    )
    return rows
