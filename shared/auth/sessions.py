"""Sessions: kept on the server, so that they can be ended everywhere at once. The browser holds one random word."""

import hashlib
import json
import secrets
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

from shared.auth.people import Details, Person, Role
from shared.ids import PersonId
from shared.postgres.pool import Connection, Pool
from shared.sealing import KeyRing, SealBroken

SIGN_IN_WITHIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class SignIn:
    """A sign-in under way: `state` names it, `verifier` and `nonce` tie the provider's answer to it (RFC 7636)."""

    state: str
    verifier: str
    nonce: str
    return_to: str

    @classmethod
    def begun(cls, return_to: str) -> Self:
        """A new one; its words have 256 bits."""
        return cls(secrets.token_urlsafe(32), secrets.token_urlsafe(48), secrets.token_urlsafe(32), return_to)


@dataclass(frozen=True, slots=True, repr=False)
class Kept:
    """What goes with a session: what the provider says of the person, and the token that ends its session there."""

    details: Details = field(default_factory=Details)
    id_token: str = ""


async def remember(pool: Pool, sign_in: SignIn, *, now: datetime) -> None:
    """Store a sign-in that begins, and forget those that came to nothing."""
    await pool.execute(
        """WITH old AS (DELETE FROM sign_ins WHERE at < $6)
           INSERT INTO sign_ins VALUES ($1, $2, $3, $4, $5)""",
        _hash(sign_in.state),
        sign_in.verifier,
        sign_in.nonce,
        sign_in.return_to,
        now,
        now - SIGN_IN_WITHIN,
    )


async def recall(pool: Pool, state: str, *, now: datetime) -> SignIn | None:
    """The sign-in of that state, once; None when there is none or it is too old."""
    row = await pool.fetchrow(
        "DELETE FROM sign_ins WHERE state_sha256 = $1 AND at >= $2 RETURNING verifier, nonce, return_to",
        _hash(state),
        now - SIGN_IN_WITHIN,
    )
    return SignIn(state, row["verifier"], row["nonce"], row["return_to"]) if row else None


async def start(
    pool: Connection | Pool,
    person: Person,
    *,
    provider_session: str | None,
    now: datetime,
    at_most: timedelta,
    keys: KeyRing | None = None,
    kept: Kept | None = None,
) -> str:
    """Begin a session under a fresh word, and drop what has outlived its time. Gives the word.

    `kept` goes with the session, sealed with `keys`.
    """
    word = secrets.token_urlsafe(32)
    await pool.execute(
        """WITH old AS (DELETE FROM sessions WHERE ends_at <= $6)
           INSERT INTO sessions (word_sha256, person_id, roles, units, authenticated_at, started_at, seen_at,
                                 provider_session, ends_at, kept)
           VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8, $9)""",
        _hash(word),
        person.person_id,
        sorted(person.roles),
        sorted(person.units),
        person.authenticated_at,
        now,
        provider_session,
        now + at_most,
        _sealed(keys, word, kept) if keys and kept else None,
    )
    return word


async def kept(pool: Pool, keys: KeyRing, word: str) -> Kept:
    """What goes with the session of that word; empty where there is none, or its key has gone."""
    stored = await pool.fetchval("SELECT kept FROM sessions WHERE word_sha256 = $1", _hash(word))
    try:
        plain = keys.unseal(stored or b"", table="sessions", column="kept", row=_row(word))
    except SealBroken:
        return Kept()
    found = json.loads(plain)
    return Kept(Details(**found["details"]), found["id_token"])


async def person(pool: Pool, word: str, *, now: datetime, idle: timedelta, active: bool = True) -> Person | None:
    """The person the word belongs to, as long as neither limit is passed.

    What a person asks for keeps the session awake; what a screen asks for by itself (not `active`) does not.
    """
    row = await pool.fetchrow(
        _AWAKE if active else "SELECT * FROM sessions WHERE word_sha256 = $1 AND seen_at >= $3 AND ends_at > $2",
        _hash(word),
        now,
        now - idle,
    )
    if row is None:
        return None
    return Person(
        person_id=PersonId(row["person_id"]),
        roles=frozenset(Role(role) for role in row["roles"]),
        units=frozenset(row["units"]),
        authenticated_at=row["authenticated_at"],
    )


_AWAKE = """UPDATE sessions SET seen_at = greatest(seen_at, $2)
    WHERE word_sha256 = $1 AND seen_at >= $3 AND ends_at > $2 RETURNING *"""


async def end(pool: Pool, word: str) -> None:
    """End one session."""
    await pool.execute("DELETE FROM sessions WHERE word_sha256 = $1", _hash(word))


async def end_of_people(conn: Connection | Pool, person_ids: Collection[UUID]) -> None:
    """End every session of these people, on whatever device."""
    await conn.execute("DELETE FROM sessions WHERE person_id = ANY ($1::uuid[])", list(person_ids))


async def end_of_provider(pool: Pool, *, provider_session: str | None, person_id: PersonId | None) -> None:
    """End what the provider says has ended: one of its sessions, or all of a person's."""
    await pool.execute(
        "DELETE FROM sessions WHERE provider_session = $1 OR ($1::text IS NULL AND person_id = $2)",
        provider_session,
        person_id,
    )


def _sealed(keys: KeyRing, word: str, kept: Kept) -> bytes:
    plain = json.dumps(asdict(kept), ensure_ascii=False).encode("utf-8", "surrogatepass")
    return keys.seal(plain, table="sessions", column="kept", row=_row(word))


def _row(word: str) -> UUID:
    return UUID(bytes=_hash(word)[:16])


def _hash(word: str) -> bytes:
    return hashlib.sha256(word.encode()).digest()
