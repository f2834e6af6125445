"""Reading a signed bearer token (RFC 6750, RFC 7519) with Ed25519 (RFC 8037, RFC 9864)."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
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


def read(authorization: str | None, keys: KeySet | OKPKey, *, audience: str, now: int) -> Token:
    """The token of an `Authorization: Bearer …` header, checked at `now` (seconds). Raises `NotSignedIn`."""
    scheme, _, text = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not text:
        raise NotSignedIn("a bearer token is needed")
    registry = jwt.JWTClaimsRegistry(now=now, aud={"essential": True, "value": audience}, exp={"essential": True})
    try:
        decoded = jwt.decode(text.strip(), keys, algorithms=[ALGORITHM])
        registry.validate(decoded.claims)
    except (JoseError, ValueError, TypeError):
        raise NotSignedIn("the token is not valid") from None
    return Token(str(decoded.header.get("kid")), dict(decoded.claims))
