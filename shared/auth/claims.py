"""Reading people out of tokens: what a token must say of the person it names, and for how long it may be good."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Self, TypeGuard
from uuid import UUID

from joserfc.jwk import OKPKey

from shared.auth import NotSignedIn, bearer
from shared.auth.people import Person, Role
from shared.clock import Clock
from shared.ids import PersonId
from shared.telemetry.logging import log

AUDIENCE = "beredskab"
LOCAL_ISSUER = "beredskab-local"
LEEWAY = timedelta(seconds=30)
"""How far the clock of another host may be off."""
LASTS_AT_MOST = timedelta(hours=12)
"""A token that is good for longer is refused: it would outlive the sign-in that it stands for."""
_CODE = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


class PeopleTokens:
    """Checks tokens of the local issuer, which exists only where `local_issuer` says so (the local stack)."""

    def __init__(self, key: OKPKey, clock: Clock, at_most: timedelta = LASTS_AT_MOST) -> None:
        self._key = key
        self._clock = clock
        self._at_most = at_most

    @classmethod
    def read(cls, keys_dir: Path, clock: Clock, at_most: timedelta = LASTS_AT_MOST) -> Self:
        """With the issuer's public key from `public/people.jwk`."""
        return cls(bearer.key_in(keys_dir / "public" / "people.jwk"), clock, at_most)

    def person(self, authorization: str | None) -> Person:
        """The person an `Authorization` header names. Raises `NotSignedIn`."""
        now = self._clock.now()
        at, leeway = int(now.timestamp()), int(LEEWAY.total_seconds())
        claims = bearer.read(authorization, self._key, audience=AUDIENCE, now=at, leeway=leeway).claims
        if claims.get("iss") != LOCAL_ISSUER:
            raise NotSignedIn("the token is not valid", "issuer")
        require_short(claims, self._at_most)
        return person_of(claims, now=now)


def require_short(claims: Mapping[str, Any], at_most: timedelta = LASTS_AT_MOST) -> None:
    """Raise `NotSignedIn` unless the token says when it was issued and ends within `at_most` of that."""
    issued, ends = claims.get("iat"), claims.get("exp")
    if not _is_number(issued) or not _is_number(ends) or not 0 < ends - issued <= at_most.total_seconds():
        raise NotSignedIn("the token lasts too long", "lifetime")


def person_of(claims: Mapping[str, Any], *, now: datetime) -> Person:
    """The person that a token's checked claims name (`sub`, `roles`, `units`, `auth_time`). Raises `NotSignedIn`.

    Without `units` they serve none: providers leave out a claim that is empty. A role that is not ours is ignored:
    providers add some of their own (`offline_access`), and nobody is locked out for it.
    """
    return Person(
        person_id=_subject(claims.get("sub")),
        roles=_known_roles(_words(claims.get("roles"), "roles")),
        units=frozenset(_words(claims.get("units", []), "units")),
        authenticated_at=_authenticated_at(claims.get("auth_time"), now),
    )


def _subject(sub: object) -> PersonId:
    try:
        return PersonId(UUID(sub if isinstance(sub, str) else ""))
    except ValueError:
        raise NotSignedIn("the token does not name a person", "sub") from None


def _words(claim: object, name: str) -> list[str]:
    """A claim that is a list of words. A single word is refused: read letter by letter, `*-team` would hold `*`."""
    if not isinstance(claim, list) or not all(isinstance(each, str) for each in claim):
        raise NotSignedIn("the token does not name a person", f"{name}_not_a_list")
    return claim


def _known_roles(roles: list[str]) -> frozenset[Role]:
    ours = {role.value for role in Role}
    for role in set(roles) - ours:
        _tell_of_unknown_role(role)
    return frozenset(Role(role) for role in roles if role in ours)


@lru_cache(maxsize=256)
def _tell_of_unknown_role(role: str) -> None:
    """Log a role that is not ours, once a process. Its name is the provider's; what is no plain code is left out."""
    log().warning("sign_in.role_ignored", reason=role if _CODE.fullmatch(role) else "not_a_code")


def _authenticated_at(auth_time: object, now: datetime) -> datetime:
    if not _is_number(auth_time) or not 0 <= auth_time <= (now + LEEWAY).timestamp():
        raise NotSignedIn("the token does not name a person", "auth_time")
    return datetime.fromtimestamp(auth_time, UTC)


def _is_number(claim: object) -> TypeGuard[int | float]:
    return isinstance(claim, int | float) and not isinstance(claim, bool) and math.isfinite(claim)
