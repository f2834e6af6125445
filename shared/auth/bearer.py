"""Reading a signed bearer token (RFC 6750, RFC 7519) with Ed25519 (RFC 8037, RFC 9864)."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.errors import ClaimError, JoseError
from joserfc.jwk import KeySet, OKPKey

from shared.auth import NotSignedIn

ALGORITHM = "Ed25519"


@dataclass(frozen=True, slots=True)
class Token:
    """A token whose signature, audience and expiry hold: the id of the key that signed it, and its claims."""

    key_id: str
    claims: dict[str, Any]


def key_in(path: Path) -> OKPKey:
    """The key in a file that holds a JSON Web Key (RFC 7517); its id is in it."""
    return OKPKey.import_key(json.loads(path.read_text(encoding="utf-8")))


class OtherTime(NotSignedIn):
    """The signature of the key `key_id` holds, but not its time: it comes `late`, or its clock is not ours."""

    def __init__(self, key_id: str, *, late: bool) -> None:
        super().__init__("the token is not valid now")
        self.key_id = key_id
        self.late = late


def read(authorization: str | None, keys: KeySet | OKPKey, *, audience: str, now: int, leeway: int = 0) -> Token:
    """The token of an `Authorization: Bearer …` header, checked at `now` (seconds), give or take `leeway` seconds.

    Raises `NotSignedIn`, and its kind `OtherTime`.
    """
    scheme, _, text = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not text:
        raise NotSignedIn("a bearer token is needed")
    needed: dict[str, Any] = {"aud": {"essential": True, "value": audience}, "exp": {"essential": True}}
    registry = jwt.JWTClaimsRegistry(now=now, leeway=leeway, **needed)
    try:
        decoded = jwt.decode(text.strip(), keys, algorithms=[ALGORITHM])
    except (JoseError, ValueError, TypeError):
        raise NotSignedIn("the token is not valid") from None
    try:
        registry.validate(decoded.claims)
    except ClaimError as error:
        if error.claim in ("exp", "nbf", "iat"):
            raise OtherTime(str(decoded.header.get("kid")), late=error.claim == "exp") from None
        raise NotSignedIn("the token is not valid") from None
    except (JoseError, ValueError, TypeError):
        raise NotSignedIn("the token is not valid") from None
    return Token(str(decoded.header.get("kid")), dict(decoded.claims))
