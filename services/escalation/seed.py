"""The seed file: people, desks, shifts, duty hours and ladders, loaded by `migrate` as often as it runs.

What a leader has changed since is the leader's: the seed file does not touch it any more.
"""

import tomllib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from services.escalation.domain.shift import Shift, Shifts, Span, Weekly
from services.escalation.store import rota
from services.escalation.store.rota import HoursBody, LadderBody, PlanBody
from shared.auth.people import Role
from shared.ids import PersonId
from shared.postgres.pool import Connection


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class SeedPerson(_Row):
    """A person and what they may be asked and do."""

    id: UUID
    name: str
    roles: list[Role]
    units: list[str]


class SeedDesk(_Row):
    """A desk that can be paged as one."""

    id: UUID
    name: str
    kind: Literal["desk", "doegnvagt", "outside"]


class SeedShift(_Row):
    """A span of time a person is on call."""

    person: PersonId
    starts_at: AwareDatetime
    ends_at: AwareDatetime


class Seed(_Row):
    """The whole file, as far as escalation reads it."""

    people: list[SeedPerson]
    desks: list[SeedDesk]
    shifts: list[SeedShift] = Field(default_factory=list)
    weekly: list[Weekly] = Field(default_factory=list)
    duty_hours: list[HoursBody]
    ladders: list[LadderBody]
    investigation_months: int = 0

    @model_validator(mode="after")
    def _somebody_always_answers(self) -> Self:
        if "doegnvagt" not in {desk.kind for desk in self.desks}:
            raise ValueError("there is a desk of the kind doegnvagt: gaps of the rota fall to it")
        return self

    @property
    def rota(self) -> Shifts:
        """Who is on call."""
        spans = (Shift(each.person, Span(each.starts_at, each.ends_at)) for each in self.shifts)
        return Shifts(weekly=tuple(self.weekly), shifts=tuple(spans))

    @property
    def plan(self) -> PlanBody:
        """The ladders and the duty hours."""
        return PlanBody(
            ladders=self.ladders, duty_hours=self.duty_hours, investigation_months=self.investigation_months
        )


def read(path: Path) -> Seed:
    """The file's content. Raises `FileNotFoundError`, tomllib's and pydantic's errors."""
    return Seed.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))


async def load(conn: Connection, seed: Seed) -> None:
    """Bring people and desks to what the file says; a changed rota or ladder becomes a new version."""
    async with conn.transaction():
        await rota.lock(conn)
        await _load_desks(conn, seed)
        await _load_people(conn, seed)
        await _unless_changed(conn, "rotas", rota.put_shifts, seed.rota)
        await _unless_changed(conn, "ladders", rota.put_ladders, seed.plan)


async def _load_desks(conn: Connection, seed: Seed) -> None:
    await conn.execute("DELETE FROM desks WHERE NOT desk_id = ANY ($1::uuid[])", [desk.id for desk in seed.desks])
    await conn.executemany(
        "INSERT INTO desks VALUES ($1, $2, $3) ON CONFLICT (desk_id) DO UPDATE SET name = $2, kind = $3",
        [(desk.id, desk.name, desk.kind) for desk in seed.desks],
    )


async def _load_people(conn: Connection, seed: Seed) -> None:
    await conn.execute(
        "UPDATE people SET active = false WHERE by IS NULL AND NOT person_id = ANY ($1::uuid[])",
        [person.id for person in seed.people],
    )
    await conn.execute("DELETE FROM sessions WHERE person_id IN (SELECT person_id FROM people WHERE NOT active)")
    await conn.executemany(
        """INSERT INTO people (person_id, name, roles, units) VALUES ($1, $2, $3, $4)
           ON CONFLICT (person_id) DO UPDATE SET name = $2, roles = $3, units = $4, active = true
           WHERE people.by IS NULL""",
        [(person.id, person.name, person.roles, person.units) for person in seed.people],
    )


async def _unless_changed(conn: Connection, table: str, put: Callable[..., Awaitable[int]], wanted: Any) -> None:
    if await conn.fetchval(f"SELECT by IS NULL FROM {table} ORDER BY version DESC LIMIT 1") is not False:
        await put(conn, wanted, by=None, at=None)
