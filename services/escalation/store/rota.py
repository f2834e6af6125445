"""The rota, the ladders and the people as they stand. Rota and ladders are versions of one document each."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import lru_cache
from typing import Any, Self
from uuid import UUID

import asyncpg
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, field_validator, model_validator

from services.escalation.domain.access import ANSWERS
from services.escalation.domain.rota import Ask, DutyHours, First, Ladder, Plan, Rota, last_resort
from services.escalation.domain.shift import Shifts
from services.escalation.store.case import SEEN
from shared.auth.people import Person
from shared.events.codes import Level, Unit
from shared.ids import CaseId, PersonId
from shared.postgres.pool import Connection, Pool
from shared.telemetry.logging import error_code, log

SHIFTS = TypeAdapter(Shifts)
"""How a rota is written as JSON."""


LONGEST_WAIT = timedelta(days=31)
"""Nobody is waited for longer, whatever a stored ladder says."""


class NoPlan(Exception):
    """No ladders are stored: `migrate` has not loaded a seed."""


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class HoursBody(_Body):
    """When the desk is staffed, Copenhagen wall time; Monday is 1."""

    days: list[int]
    opens: time
    closes: time


class LadderBody(_Body):
    """The rungs of one level, of one unit or of all; `at_most_hours` after receipt the first is asked at the latest."""

    level: Level
    unit: Unit | None = None
    rung_wait_minutes: int = Field(ge=1)
    rungs: list[Ask] = Field(min_length=1)
    first: First = First.NOW
    at_most_hours: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _ends_at_doegnvagt(self) -> Self:
        """A gap falls to Døgnvagt, never to nobody: the rung that repeats for ever is always staffed."""
        if self.rungs[-1] is not Ask.DOEGNVAGT:
            raise ValueError("the last rung is doegnvagt")
        return self

    @property
    def wait(self) -> timedelta:
        """The wait on a rung."""
        return timedelta(minutes=min(self.rung_wait_minutes, LONGEST_WAIT // timedelta(minutes=1)))

    @property
    def at_most(self) -> timedelta:
        """The time after receipt at which the first is asked at the latest."""
        return timedelta(hours=min(self.at_most_hours, LONGEST_WAIT // timedelta(hours=1)))

    def ladder(self) -> Ladder:
        """What it says."""
        return Ladder(tuple(self.rungs), self.wait, self.first, self.at_most)


class PlanBody(_Body):
    """What one version of the ladders is stored as. `investigation_months`: 0 keeps no such clock (§ 20 stk. 3)."""

    ladders: list[LadderBody]
    duty_hours: list[HoursBody]
    investigation_months: int = Field(default=0, ge=0, le=24)

    @field_validator("ladders")
    @classmethod
    def _every_level(cls, ladders: list[LadderBody]) -> list[LadderBody]:
        named = [(ladder.level, ladder.unit) for ladder in ladders]
        if len(set(named)) < len(named) or not {(level, None) for level in Level} <= set(named):
            raise ValueError("there is one ladder for every level, and at most one more for every level of a unit")
        return ladders

    def plan(self, version: int, unit: str | None) -> Plan:
        """The plan for a unit: its own ladders, and those of all units for the levels it has none for."""
        own_last = sorted(
            (each for each in self.ladders if each.unit in (None, unit)), key=lambda each: each.unit or ""
        )
        hours = (DutyHours(frozenset(each.days), each.opens, each.closes) for each in self.duty_hours)
        ladders = {each.level: each.ladder() for each in own_last}
        return Plan(version, ladders, tuple(hours), self.investigation_months)


@dataclass(frozen=True, slots=True)
class Staff:
    """A person of the rota. `active` is false for whoever has left."""

    person_id: PersonId
    name: str
    roles: tuple[str, ...]
    units: tuple[str, ...]
    active: bool = True


_UNIT = "coalesce($1::text, (SELECT unit FROM cases WHERE case_id = $2), 'unknown')"
_FREE = f"""SELECT p.* FROM people p
    WHERE p.active AND ({_UNIT} = 'unknown' OR '*' = ANY (p.units) OR {_UNIT} = ANY (p.units))
        AND NOT EXISTS (SELECT FROM exclusions x WHERE x.case_id = $2 AND x.person_id = p.person_id)"""
"""Who could be asked about the case $2, whose unit is $1 or what its row says."""
_ROTA = f"""WITH free AS ({_FREE})
    SELECT ARRAY(SELECT person_id FROM free) AS free,
           ARRAY(SELECT person_id FROM free WHERE 'leader' = ANY (roles) ORDER BY person_id) AS leaders,
           ARRAY(SELECT person_id FROM free WHERE roles && '{{leader,authority}}' ORDER BY person_id)
               AS countersigners,
           ARRAY(SELECT person_id FROM people WHERE active AND 'operator' = ANY (roles) ORDER BY person_id)
               AS operators,
           ARRAY(SELECT ARRAY[kind, desk_id::text] FROM desks ORDER BY desk_id) AS desks,
           (SELECT body FROM rotas ORDER BY version DESC LIMIT 1) AS shifts"""


async def rota(conn: Connection, case_id: CaseId, now: datetime) -> Rota:
    """Who could be asked about the case now: of its unit, and not excluded from it."""
    return await _rota(conn, None, case_id, now)


async def rota_of_unit(conn: Connection, unit: str, now: datetime) -> Rota:
    """Who could be asked about a case of the unit from which nobody is excluded."""
    return await _rota(conn, unit, None, now)


async def plan_and_rota(conn: Connection, version: int | None, case_id: CaseId, now: datetime) -> tuple[Plan, Rota]:
    """Both at once, for every decision looks at both: as `plan` and `rota`. Raises `NoPlan`."""
    row = await conn.fetchrow(
        f"""{_ROTA}, l.*, (SELECT unit FROM cases WHERE case_id = $2) AS unit
            FROM (SELECT version, body FROM ladders WHERE version = $3 OR $3::integer IS NULL
                  ORDER BY version DESC LIMIT 1) l""",
        None,
        case_id,
        version,
    )
    if row is None:
        raise NoPlan("no ladders are stored")
    return _plan(row["body"], row["version"], row["unit"]), _rota_of(row, now)


async def _rota(conn: Connection, unit: str | None, case_id: CaseId | None, now: datetime) -> Rota:
    row = await conn.fetchrow(_ROTA, unit, case_id)
    assert row is not None
    return _rota_of(row, now)


def _rota_of(row: asyncpg.Record, now: datetime) -> Rota:
    free = set(row["free"])
    shifts, duty = _on_call(row["shifts"] or "{}", now)
    on_call = tuple(each for each in duty if each in free)
    desks = {ask: tuple(desk_id for kind, desk_id in row["desks"] if kind == ask) for ask in Ask}
    off = frozenset(shifts.people() - set(duty))
    leaders, countersigners, operators = (tuple(row[who]) for who in ("leaders", "countersigners", "operators"))
    return Rota(on_call, leaders, countersigners, desks, operators, off)


def _on_call(body: str, now: datetime) -> tuple[Shifts, Sequence[PersonId]]:
    """The rota, and who is on call by it. One that cannot be read is a gap, which falls to Døgnvagt."""
    try:
        shifts = _shifts(body)
        return shifts, shifts.on_call(now)
    except Exception as error:
        log().error("rota.unreadable", error=error_code(error))
        return Shifts(), ()


def _plan(body: str, version: int, unit: str | None) -> Plan:
    """That version of the ladders. Where it cannot be read, each level asks who is on call and then Døgnvagt."""
    try:
        return _body(body).plan(version, unit)
    except Exception as error:
        log().error("ladders.unreadable", version=version, error=error_code(error))
        return last_resort(version)


async def may_take(conn: Connection, case_id: CaseId, person_id: PersonId) -> bool:
    """Whether the person could answer for the case: has a role for it, is of its unit, and not excluded from it."""
    query = f"SELECT EXISTS (SELECT FROM ({_FREE}) free WHERE person_id = $3 AND roles && $4::text[])"
    found: bool = await conn.fetchval(query, None, case_id, person_id, sorted(ANSWERS))
    return found


async def who_may_take(conn: Connection, case_id: CaseId) -> list[asyncpg.Record]:
    """Everybody who could answer for the case, as `may_take` says of one: person_id and name."""
    query = f"SELECT person_id, name FROM ({_FREE}) free WHERE roles && $3::text[] ORDER BY name, person_id"
    rows: list[asyncpg.Record] = await conn.fetch(query, None, case_id, sorted(ANSWERS))
    return rows


async def free(conn: Connection, unit: str) -> set[PersonId]:
    """Those who could be asked about a case of the unit from which nobody is excluded."""
    return {row["person_id"] for row in await conn.fetch(_FREE, unit, None)}


@lru_cache(maxsize=4)
def _shifts(body: str) -> Shifts:
    return SHIFTS.validate_json(body)


async def shifts(conn: Connection) -> tuple[int, Shifts]:
    """The newest version of the rota, and its number; 0 and nothing while there is none."""
    row = await conn.fetchrow("SELECT version, body FROM rotas ORDER BY version DESC LIMIT 1")
    return (row["version"], _shifts(row["body"])) if row else (0, Shifts())


async def put_shifts(conn: Connection, wanted: Shifts, *, by: PersonId | None, at: datetime | None) -> int:
    """Store a new version of the rota; its number. The same rota again stays the same version."""
    return await _put(conn, "rotas", SHIFTS.dump_json(wanted).decode(), by=by, at=at)


async def plan(conn: Connection, version: int | None, case_id: CaseId | None = None) -> Plan:
    """That version of the ladders, as the case's unit has them; the newest when none is named. Raises `NoPlan`."""
    row = await conn.fetchrow(
        """SELECT version, body, (SELECT unit FROM cases WHERE case_id = $2) AS unit FROM ladders
           WHERE version = $1 OR $1::integer IS NULL ORDER BY version DESC LIMIT 1""",
        version,
        case_id,
    )
    if row is None:
        raise NoPlan("no ladders are stored")
    return _plan(row["body"], row["version"], row["unit"])


async def plan_of_unit(conn: Connection, unit: str) -> Plan:
    """The newest ladders, as the unit has them. Raises `NoPlan`."""
    version, body = await ladders(conn)
    return body.plan(version, unit)


@lru_cache(maxsize=8)
def _body(body: str) -> PlanBody:
    return PlanBody.model_validate_json(body)


async def ladders(conn: Connection) -> tuple[int, PlanBody]:
    """The newest version of the ladders as it is stored, and its number. Raises `NoPlan`."""
    row = await conn.fetchrow("SELECT version, body FROM ladders ORDER BY version DESC LIMIT 1")
    if row is None:
        raise NoPlan("no ladders are stored")
    return row["version"], _body(row["body"])


async def ladder_versions(conn: Connection, who: Person) -> list[asyncpg.Record]:
    """Every version of the ladders, newest first: by whom, since when, its body, and what runs on it.

    That is how many escalations of cases that the person sees: a number must not tell of another.
    """
    rows: list[asyncpg.Record] = await conn.fetch(
        f"""SELECT l.*, (SELECT count(*) FROM escalations e JOIN cases c USING (case_id)
                         WHERE e.ladder_version = l.version AND e.state <> 'closed' AND {SEEN}) AS running
            FROM ladders l ORDER BY l.version DESC""",
        list(who.units),
        who.person_id,
    )
    return rows


async def put_ladders(conn: Connection, wanted: PlanBody, *, by: PersonId | None, at: datetime | None) -> int:
    """Store a new version of the ladders; its number. What runs keeps the version it began with."""
    return await _put(conn, "ladders", wanted.model_dump_json(), by=by, at=at)


async def _put(conn: Connection, table: str, body: str, *, by: PersonId | None, at: datetime | None) -> int:
    last = await conn.fetchrow(f"SELECT version, body FROM {table} ORDER BY version DESC LIMIT 1")
    if last is not None and json.loads(last["body"]) == json.loads(body):
        return int(last["version"])
    version = last["version"] + 1 if last else 1
    await conn.execute(f"INSERT INTO {table} (version, body, by, at) VALUES ($1, $2, $3, $4)", version, body, by, at)
    return version


async def newest_ladders(conn: Connection) -> int:
    """The number of the newest ladders, whether or not they can be read; 0 while there are none."""
    version: int | None = await conn.fetchval("SELECT max(version) FROM ladders")
    return version or 0


async def doegnvagt(conn: Connection) -> list[UUID]:
    """The desks that are always staffed."""
    rows = await conn.fetch("SELECT desk_id FROM desks WHERE kind = 'doegnvagt' ORDER BY desk_id")
    return [row["desk_id"] for row in rows]


async def lock(conn: Connection) -> None:
    """Rota, ladders and people are changed by one at a time."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtext('rota'))")


async def people(conn: Connection) -> list[Staff]:
    """Everybody, those who have left too, by name."""
    rows = await conn.fetch("SELECT * FROM people ORDER BY name, person_id")
    return [_staff(row) for row in rows]


async def allowed(pool: Pool, who: Person) -> Person | None:
    """The person with what the people table allows of their rights; None for who is not, or no longer, among them.

    Whoever came in by break-glass is among them without being active, for as long as their session lasts.
    """
    row = await pool.fetchrow(
        """SELECT roles, units FROM people WHERE person_id = $1
           AND (active OR EXISTS (SELECT FROM break_glass WHERE used_by = $1))""",
        who.person_id,
    )
    return who.cut(row["roles"], row["units"]) if row else None


async def roles_of_people(pool: Pool) -> list[dict[str, Any]]:
    """Everybody's id, roles, and whether they are active, as JSON says it."""
    rows = await pool.fetch("SELECT person_id::text, roles, active FROM people ORDER BY person_id")
    return [dict(row) for row in rows]


def _staff(row: asyncpg.Record) -> Staff:
    return Staff(row["person_id"], row["name"], tuple(row["roles"]), tuple(row["units"]), row["active"])


async def put_people(conn: Connection, wanted: Sequence[Staff], *, by: PersonId, at: datetime) -> None:
    """Add or change these; whoever is not named stays as they are."""
    await conn.executemany(
        """INSERT INTO people (person_id, name, roles, units, active, by, at) VALUES ($1, $2, $3, $4, $5, $6, $7)
           ON CONFLICT (person_id) DO UPDATE SET name = $2, roles = $3, units = $4, active = $5, by = $6, at = $7""",
        [(each.person_id, each.name, each.roles, each.units, each.active, by, at) for each in wanted],
    )


async def desks(conn: Connection) -> list[asyncpg.Record]:
    """The desks: desk_id, name, kind."""
    rows: list[asyncpg.Record] = await conn.fetch("SELECT * FROM desks ORDER BY desk_id")
    return rows
