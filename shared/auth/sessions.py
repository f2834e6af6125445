"""Sessions: kept on the server, so that they can be ended everywhere at once. The browser holds one random word."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from shared.auth.people import Details, Person, Role
from shared.ids import PersonId
from shared.postgres.pool import Connection, Pool

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
    pool: Pool,
    person: Person,
    *,
    provider_session: str | None,
    now: datetime,
    at_most: timedelta,
    details: Details | None = None,
) -> str:
    """Begin a session under a fresh word, and drop what has outlived its time. Gives the word."""
    word, said = secrets.token_urlsafe(32), details or Details()
    await pool.execute(
        """WITH old AS (DELETE FROM sessions WHERE started_at < $8)
           INSERT INTO sessions VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $9, $10, $11)""",
        _hash(word),
        person.person_id,
        sorted(person.roles),
        sorted(person.units),
        person.authenticated_at,
        now,
        provider_session,
        now - at_most,
        said.name,
        said.email,
        said.institution,
    )
    return word


async def details(pool: Pool, word: str) -> Details:
    """What the provider said of the person whom the word belongs to; nothing where it belongs to nobody."""
    row = await pool.fetchrow("SELECT name, email, institution FROM sessions WHERE word_sha256 = $1", _hash(word))
    return Details(**row) if row else Details()


async def person(pool: Pool, word: str, *, now: datetime, idle: timedelta, at_most: timedelta) -> Person | None:
    """Who the word belongs to, as long as neither limit is passed. Being asked keeps the session awake."""
    row = await pool.fetchrow(
        """UPDATE sessions SET seen_at = greatest(seen_at, $2)
           WHERE word_sha256 = $1 AND seen_at >= $3 AND started_at >= $4 RETURNING *""",
        _hash(word),
        now,
        now - idle,
        now - at_most,
    )
    if row is None:
        return None
    return Person(
        person_id=PersonId(row["person_id"]),
        roles=frozenset(Role(role) for role in row["roles"]),
        units=frozenset(row["units"]),
        authenticated_at=row["authenticated_at"],
    )


async def end(pool: Pool, word: str) -> None:
    """End one session."""
    await pool.execute("DELETE FROM sessions WHERE word_sha256 = $1", _hash(word))


async def end_of_person(conn: Connection | Pool, person_id: PersonId) -> None:
    """End every session of a person, on whatever device."""
    await conn.execute("DELETE FROM sessions WHERE person_id = $1", person_id)


async def end_of_provider(pool: Pool, *, provider_session: str | None, person_id: PersonId | None) -> None:
    """End what the provider says has ended: one of its sessions, or all of a person's."""
    await pool.execute(
        "DELETE FROM sessions WHERE provider_session = $1 OR ($1::text IS NULL AND person_id = $2)",
        provider_session,
        person_id,
    )


def _hash(word: str) -> bytes:
    return hashlib.sha256(word.encode()).digest()
