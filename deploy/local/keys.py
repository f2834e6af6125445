"""The keys that services hold and people sign in by: made once, readable by their owner alone."""

import base64
import json
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.jwk import OKPKey

from shared.auth.bearer import ALGORITHM, key_in
from shared.auth.claims import AUDIENCE, LOCAL_ISSUER
from shared.clock import Clock

SERVICES = ("intake", "triage", "escalation", "notify")


def ensure_keys(folder: Path, *, local_issuer: bool = False) -> None:
    """A folder per service with what it alone may hold, and the public keys of all.

    `local_issuer`: also `people.jwk`, which signs anybody in. It is for the local stack alone.
    """
    public = {name: _ensure_jwk(folder / name / "service.jwk", kid=name) for name in SERVICES}
    if local_issuer:
        public["people"] = _ensure_jwk(folder / "people.jwk", kid="people")
    for service in SERVICES:
        _ensure_evidence_key(folder / service)
        write_once(folder / service / "kek.json", json.dumps({"current": "k1", "keys": {"k1": _secret()}}))
        for name, key in public.items():
            write_once(folder / service / "public" / f"{name}.jwk", json.dumps(key.as_dict(private=False)))
    write_once(folder / "intake" / "lookup.key", _secret())


def person_token(
    folder: Path, *, person_id: UUID, roles: list[str], units: list[str], now: datetime, lasts: timedelta
) -> str:
    """A bearer token as the local sign-in issues it, for a person who has just signed in."""
    key = key_in(folder / "people.jwk")
    claims = {
        "iss": LOCAL_ISSUER,
        "aud": AUDIENCE,
        "sub": str(person_id),
        "roles": roles,
        "units": units,
        "iat": int(now.timestamp()),
        "auth_time": int(now.timestamp()),
        "exp": int((now + lasts).timestamp()),
    }
    return jwt.encode({"alg": ALGORITHM, "kid": "people"}, claims, key, algorithms=[ALGORITHM])


def _ensure_evidence_key(folder: Path) -> None:
    """The key of the hashes of evidence. Where a service has run without one, its entries until now may lack it."""
    before = {"unkeyed_until": Clock().now().isoformat()} if (folder / "kek.json").exists() else {}
    write_once(folder / "evidence.json", json.dumps({"current": "e1", "keys": {"e1": _secret()}, **before}))


def _ensure_jwk(path: Path, *, kid: str) -> OKPKey:
    private: dict[str, Any] = OKPKey.generate_key("Ed25519", {"kid": kid}).as_dict(private=True)
    write_once(path, json.dumps(private))
    return key_in(path)


def _secret() -> str:
    return base64.b64encode(os.urandom(32)).decode()


def write_once(path: Path, text: str) -> None:
    """Write a file unless it is there."""
    if not path.exists():
        replace(path, text)


def replace(path: Path, text: str) -> None:
    """Write a file that its owner alone may read, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.draft")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
