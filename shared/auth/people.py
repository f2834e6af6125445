"""People: a bearer token names the person, their roles and the units they serve."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Self
from uuid import UUID

from joserfc.jwk import OKPKey

from shared.auth import NotSignedIn, bearer
from shared.clock import Clock
from shared.ids import PersonId

AUDIENCE = "beredskab"


class Role(StrEnum):
    """What a person may be; one person may be several."""

    REPORTER = "reporter"
    CONSULTANT = "consultant"
    AUTHORITY = "authority"
    LEADER = "leader"
    AUDITOR = "auditor"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Person:
    """Who is asking. `units` may hold `*`: all units."""

    person_id: PersonId
    roles: frozenset[Role]
    units: frozenset[str]
    authenticated_at: datetime


@dataclass(frozen=True, slots=True, repr=False)
class Details:
    """What the provider says of a person beside their rights; empty where it does not say."""

    name: str = ""
    email: str = ""
    institution: str = ""

    @classmethod
    def of(cls, claims: Mapping[str, Any]) -> Self:
        """What a token's checked claims say (OpenID Connect Core § 5.1).

        `institution` is ours, and so is `unit`, which is told of those who work in the municipality's own house.
        """
        name, email, institution, unit = (_line(claims.get(each)) for each in ("name", "email", "institution", "unit"))
        return cls(name, email, institution or unit)


def _line(claim: object) -> str:
    return claim[:200] if isinstance(claim, str) and claim.isprintable() else ""


class PeopleTokens:
    """Checks people's tokens against the issuer's public key."""

    def __init__(self, key: OKPKey, clock: Clock) -> None:
        self._key = key
        self._clock = clock

    @classmethod
    def read(cls, keys_dir: Path, clock: Clock) -> Self:
        """With the issuer's public key from `public/people.jwk`."""
        return cls(bearer.key_in(keys_dir / "public" / "people.jwk"), clock)

    def person(self, authorization: str | None) -> Person:
        """The person an `Authorization` header names. Raises `NotSignedIn`."""
        now = int(self._clock.now().timestamp())
        return person_of(bearer.read(authorization, self._key, audience=AUDIENCE, now=now).claims)


def person_of(claims: Mapping[str, Any]) -> Person:
    """The person that a token's checked claims name (`sub`, `roles`, `units`, `auth_time`). Raises `NotSignedIn`.

    Without `units` they serve none: providers leave out a claim that is empty.
    """
    try:
        return Person(
            person_id=PersonId(UUID(claims["sub"])),
            roles=frozenset(Role(role) for role in claims["roles"]),
            units=frozenset(str(unit) for unit in claims.get("units", ())),
            authenticated_at=datetime.fromtimestamp(claims["auth_time"], UTC),
        )
    except (KeyError, ValueError, TypeError):
        raise NotSignedIn("the token does not name a person") from None
