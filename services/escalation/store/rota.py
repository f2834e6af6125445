"""The rota and the ladders as they stand at one moment."""

import json
from datetime import datetime, time, timedelta
from typing import Any

from services.escalation.domain.rota import Ask, DutyHours, First, Ladder, Plan, Rota
from shared.events.codes import Level
from shared.ids import CaseId
from shared.postgres.pool import Connection


class NoPlan(Exception):
    """No ladders are stored: `migrate` has not loaded a seed."""


async def rota(conn: Connection, case_id: CaseId, now: datetime) -> Rota:
    """Who could be asked about the case now: of its unit, and not excluded from it."""
    row = await conn.fetchrow(
        """WITH free AS (
               SELECT p.* FROM people p, cases c
               WHERE c.case_id = $1 AND ('*' = ANY (p.units) OR c.unit = 'unknown' OR c.unit = ANY (p.units))
                   AND NOT EXISTS (SELECT FROM exclusions x WHERE x.case_id = $1 AND x.person_id = p.person_id))
           SELECT ARRAY(SELECT person_id FROM shifts s JOIN free USING (person_id)
                        WHERE s.starts_at <= $2 AND $2 < s.ends_at ORDER BY s.n) AS on_call,
                  ARRAY(SELECT person_id FROM free WHERE 'leader' = ANY (roles) ORDER BY person_id) AS leaders,
                  ARRAY(SELECT person_id FROM free WHERE roles && '{leader,authority}' ORDER BY person_id)
                      AS countersigners,
                  ARRAY(SELECT ARRAY[kind, desk_id::text] FROM desks ORDER BY desk_id) AS desks""",
        case_id,
        now,
    )
    assert row is not None
    desks = {ask: tuple(desk_id for kind, desk_id in row["desks"] if kind == ask) for ask in Ask}
    return Rota(tuple(row["on_call"]), tuple(row["leaders"]), tuple(row["countersigners"]), desks)


async def plan(conn: Connection, version: int | None) -> Plan:
    """That version of the ladders; the newest when none is named. Raises `NoPlan`."""
    row = await conn.fetchrow(
        "SELECT * FROM ladders WHERE version = $1 OR $1::integer IS NULL ORDER BY version DESC LIMIT 1", version
    )
    if row is None:
        raise NoPlan("no ladders are stored")
    return plan_of(row["version"], json.loads(row["body"]))


def plan_of(version: int, body: Any) -> Plan:
    """The plan a stored body says."""
    ladders = {Level(ladder["level"]): _ladder(ladder) for ladder in body["ladders"]}
    return Plan(version, ladders, tuple(_hours(each) for each in body["duty_hours"]))


def _ladder(body: Any) -> Ladder:
    return Ladder(
        rungs=tuple(Ask(rung) for rung in body["rungs"]),
        wait=timedelta(minutes=body["rung_wait_minutes"]),
        first=First(body["first"]),
        at_most=timedelta(hours=body["at_most_hours"]),
    )


def _hours(body: Any) -> DutyHours:
    return DutyHours(frozenset(body["days"]), time.fromisoformat(body["opens"]), time.fromisoformat(body["closes"]))
