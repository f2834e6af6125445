"""People: their roles, the units they serve, and when they proved who they are."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Self

from shared.ids import PersonId

EVERY_UNIT = "*"
NEVER = datetime.fromtimestamp(0, UTC)
"""When somebody last proved who they are of whom no such moment is known: never fresh enough for a step-up."""


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

    def cut(self, roles: Iterable[str], units: Iterable[str]) -> Self:
        """The same person with no more rights than these: whatever a token says, both must allow it."""
        allowed = frozenset(units)
        cut = self.units if EVERY_UNIT in allowed else allowed if EVERY_UNIT in self.units else self.units & allowed
        return replace(self, roles=self.roles & frozenset(roles), units=cut)


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
