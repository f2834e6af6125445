"""The seeded people, and tokens as they would get by signing in."""

import tomllib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from deploy.local.keys import person_token
from deploy.local.place import SEED_FILE, Place
from deploy.local.trouble import Trouble
from shared.auth.people import Role
from shared.clock import Clock


@dataclass(frozen=True, slots=True)
class Seeded:
    """A person of the seed file."""

    id: UUID
    name: str
    roles: tuple[str, ...]


def person_with(role: Role, *, now: datetime, seed_file: Path = SEED_FILE) -> Seeded:
    """The first seeded person of a role, somebody on duty rather than somebody who is not. Raises `Trouble`."""
    seed = tomllib.loads(seed_file.read_text(encoding="utf-8"))
    on_duty = {shift["person"] for shift in seed["shifts"] if shift["starts_at"] <= now < shift["ends_at"]}
    found: list[dict[str, Any]] = [person for person in seed["people"] if role in person["roles"]]
    if not found:
        raise Trouble(f"{seed_file.name} has nobody with the role {role}.")
    first = min(found, key=lambda person: person["id"] not in on_duty)
    return Seeded(UUID(first["id"]), first["name"], tuple(first["roles"]))


def token_for(
    place: Place, person: Seeded, *, lasts: timedelta = timedelta(hours=8), ahead: timedelta = timedelta()
) -> str:
    """A bearer for the API, good for all units, as of a sign-in now, by clocks that are `ahead`. Raises `Trouble`."""
    keys = place.home / "keys"
    if not (keys / "people.jwk").exists():
        raise Trouble(f"There are no keys in {keys} yet: start the stack once with `make up`.")
    return person_token(
        keys, person_id=person.id, roles=list(person.roles), units=["*"], now=Clock(ahead).now(), lasts=lasts
    )
