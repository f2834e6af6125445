"""The alarm that nobody can be reached: at most one runs."""

from datetime import datetime
from uuid import UUID

from services.escalation.domain.alarm import Alarm
from shared.ids import CaseId
from shared.postgres.pool import Connection


async def open_one(conn: Connection, alarm_id: UUID, case_id: CaseId, now: datetime) -> bool:
    """Start it, due at once; false when it runs already."""
    tag = await conn.execute(
        "INSERT INTO alarms VALUES ($1, $2, $3, 1, 0, $3, NULL) ON CONFLICT DO NOTHING", alarm_id, case_id, now
    )
    return bool(tag == "INSERT 0 1")


async def due(conn: Connection, now: datetime) -> Alarm | None:
    """The alarm, if its next moment has come."""
    row = await conn.fetchrow(
        "SELECT alarm_id, case_id, round, rung, next_at FROM alarms WHERE ended_at IS NULL AND next_at <= $1", now
    )
    return Alarm(**row) if row else None


async def save(conn: Connection, alarm: Alarm) -> None:
    """How it stands."""
    query = "UPDATE alarms SET round = $2, rung = $3, next_at = $4 WHERE alarm_id = $1"
    await conn.execute(query, alarm.alarm_id, alarm.round, alarm.rung, alarm.next_at)


async def pull_in(conn: Connection, latest: datetime) -> None:
    """Let it not wait longer than that."""
    await conn.execute("UPDATE alarms SET next_at = $1 WHERE ended_at IS NULL AND next_at > $1", latest)


async def end(conn: Connection, alarm: Alarm, now: datetime) -> None:
    """Somebody can be reached again."""
    await conn.execute("UPDATE alarms SET next_at = NULL, ended_at = $2 WHERE alarm_id = $1", alarm.alarm_id, now)


async def in_vain(conn: Connection) -> bool:
    """Whether a case waits whose last round reached nobody, and nobody has been reached about it since."""
    found: bool = await conn.fetchval(
        """SELECT EXISTS (SELECT FROM escalations e JOIN cases USING (case_id)
               WHERE e.nobody_at IS NOT NULL AND NOT canary AND NOT EXISTS
                   (SELECT FROM pages p WHERE p.escalation_id = e.escalation_id AND p.accepted_at >= e.nobody_at))"""
    )
    return found
