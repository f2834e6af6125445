"""Services: each signs 30-second tokens with its own Ed25519 key and holds the others' public keys.

None can impersonate another, and a token made for one service is refused by the rest (RFC 7519 `aud`).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Self

from joserfc import jwt
from joserfc.jwk import KeySet, OKPKey

from shared.auth import NotSignedIn, bearer
from shared.auth.bearer import OtherTime, Token
from shared.clock import Clock
from shared.telemetry import metrics
from shared.telemetry.logging import log

LIFETIME = 30
LEEWAY = 30
"""Seconds that two clocks may differ, either way: calls must not end when Kafka is away and a clock is off as well."""
BACKLOG = 10
"""Seconds within which calls are answered that have waited while this process was away."""

_other_time = metrics.Counter("beredskab.auth.other_time", "Calls refused because two services' clocks differ.")
_other_time.add(0)


class ServiceTokens:
    """Makes this service's tokens and checks those of the others."""

    def __init__(self, service: str, private: OKPKey, public: KeySet, clock: Clock) -> None:
        self._service = service
        self._private = private
        self._public = public
        self._clock = clock
        self._late: dict[str, int] = {}

    @classmethod
    def read(cls, keys_dir: Path, service: str, clock: Clock) -> Self:
        """From `service.jwk` and the services' `public/<service>.jwk`; each key's id is its service's name."""
        files = (file for file in sorted((keys_dir / "public").glob("*.jwk")) if file.stem != "people")
        return cls(
            service, bearer.key_in(keys_dir / "service.jwk"), KeySet([bearer.key_in(file) for file in files]), clock
        )

    def token(self, audience: str, more: Mapping[str, str] | None = None) -> str:
        """A token for one call to the service `audience`, with `more` claims where the call needs a grant."""
        now = self._now()
        claims = {**(more or {}), "iss": self._service, "aud": audience, "iat": now, "exp": now + LIFETIME}
        header = {"alg": bearer.ALGORITHM, "kid": self._service}
        return jwt.encode(header, claims, self._private, algorithms=[bearer.ALGORITHM])

    def signed(self, claims: Mapping[str, object]) -> str:
        """Claims that nobody is to act on, signed: without `aud` and `exp` no service takes them for a call."""
        return jwt.encode(
            {"alg": bearer.ALGORITHM, "kid": self._service}, dict(claims), self._private, [bearer.ALGORITHM]
        )

    def caller(self, authorization: str | None) -> str:
        """The service an `Authorization` header proves. Raises `NotSignedIn`."""
        return self.call(authorization).key_id

    def call(self, authorization: str | None) -> Token:
        """The checked token of a call: `key_id` is the calling service, `claims` what it says. Raises `NotSignedIn`."""
        try:
            token = bearer.read(authorization, self._public, audience=self._service, now=self._now(), leeway=LEEWAY)
        except OtherTime as refused:
            if self._differs(refused):
                _other_time.add(1)
                log().error("auth.clocks_differ", peer=refused.key_id)
            raise
        self._late.pop(token.key_id, None)
        if token.claims.get("iss") != token.key_id:
            raise NotSignedIn("the token is not valid")
        return token

    def _differs(self, refused: OtherTime) -> bool:
        """Whether the caller's clock is another one. A token that is late may have waited before a door that was shut.

        Those come all at once when it opens again; a clock that is behind goes on sending them.
        """
        since = self._late.setdefault(refused.key_id, self._now())
        return not refused.late or self._now() - since > BACKLOG

    def _now(self) -> int:
        return int(self._clock.now().timestamp())
