"""The seed file: people, desks, shifts, duty hours and ladders, loaded by `migrate` as often as it runs."""

import json
import tomllib
from datetime import time
from pathlib import Path
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator

from services.escalation.domain.rota import Ask, First
from shared.auth.people import Role
from shared.events.codes import Level
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

    person: UUID
    starts_at: AwareDatetime
    ends_at: AwareDatetime


class SeedHours(_Row):
    """When the desk is staffed, Copenhagen wall time; Monday is 1."""

    days: list[int]
    opens: time
    closes: time


class SeedLadder(_Row):
    """The rungs of one level; `at_most_hours` after receipt the first is asked at the latest."""

    level: Level
    rung_wait_minutes: int = Field(ge=1)
    rungs: list[Ask] = Field(min_length=1)
    first: First = First.NOW
    at_most_hours: int = Field(default=0, ge=0)


class Seed(_Row):
    """The whole file, as far as escalation reads it."""

    people: list[SeedPerson]
    desks: list[SeedDesk]
    shifts: list[SeedShift]
    duty_hours: list[SeedHours]
    ladders: list[SeedLadder]

    @field_validator("ladders")
    @classmethod
    def _every_level(cls, ladders: list[SeedLadder]) -> list[SeedLadder]:
        if sorted(ladder.level for ladder in ladders) != sorted(Level):
            raise ValueError("there must be one ladder for every level")
        return ladders


def read(path: Path) -> Seed:
    """The file's content. Raises `FileNotFoundError`, tomllib's and pydantic's errors."""
    return Seed.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))


async def load(conn: Connection, seed: Seed) -> None:
    """Bring people, desks and shifts to what the file says; changed ladders become a new version."""
    async with conn.transaction():
        await conn.execute("LOCK TABLE ladders IN SHARE ROW EXCLUSIVE MODE; DELETE FROM shifts; DELETE FROM desks")
        await conn.execute("DELETE FROM people")
        await conn.executemany(
            "INSERT INTO people VALUES ($1, $2, $3, $4)",
            [(person.id, person.name, person.roles, person.units) for person in seed.people],
        )
        await conn.executemany(
            "INSERT INTO desks VALUES ($1, $2, $3)", [(desk.id, desk.name, desk.kind) for desk in seed.desks]
        )
        await conn.executemany(
            "INSERT INTO shifts VALUES ($1, $2, $3, $4)",
            [(n, shift.person, shift.starts_at, shift.ends_at) for n, shift in enumerate(seed.shifts, start=1)],
        )
        await _load_plan(conn, seed)


async def _load_plan(conn: Connection, seed: Seed) -> None:
    body = seed.model_dump(mode="json", include={"ladders", "duty_hours"})
    last = await conn.fetchrow("SELECT version, body FROM ladders ORDER BY version DESC LIMIT 1")
    if last is None or json.loads(last["body"]) != body:
        version = last["version"] + 1 if last else 1
        await conn.execute("INSERT INTO ladders VALUES ($1, $2)", version, json.dumps(body))
