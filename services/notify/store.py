"""notify's tables: one function per statement."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from uuid import UUID

import asyncpg

from services.notify.domain import ContactPoint, Mailed, Message, Outcome, State, Step, in_minutes
from shared.delivery.aside import not_aside, set_aside
from shared.events.codes import Channel, Purpose, RecipientKind, Template
from shared.events.escalation import MessageRequested
from shared.ids import CaseId, MessageId
from shared.postgres.pool import Connection, Pool

_MESSAGE = ", ".join(f"m.{each.name}" for each in fields(Message) if each.name != "withdrawn")
_WORKABLE = not_aside("send", "message_id", "$1")
_CONTACT = ", ".join(each.name for each in fields(ContactPoint))
_TEST_DUE = """(unanswered_since IS NULL OR unanswered_since > $1::timestamptz - interval '28 days') AND (
    tried_at IS NULL OR tried_at + $2 <= $1
    OR unanswered_since IS NOT NULL AND asked_at IS DISTINCT FROM tried_at
        AND tried_at + least(greatest(tried_at - unanswered_since, interval '15 minutes'), interval '1 day') <= $1)"""
_WITHDRAWN = "EXISTS (SELECT FROM withdrawals w WHERE w.message_id = m.message_id) AS withdrawn"


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that this process works on, with the recipient's sealed contact point where there is one."""

    message: Message
    sealed: bytes | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Since when the oldest page waits for a provider, and how many messages were given up of late."""

    page_since: datetime | None
    given_up: int


@dataclass(frozen=True, slots=True)
class Contact:
    """A stored contact point."""

    person_id: UUID
    sealed: bytes


async def add_case(conn: Connection, case_id: CaseId, *, canary: bool) -> None:
    """Make the case's row unless it is there."""
    await conn.execute("INSERT INTO cases (case_id, canary) VALUES ($1, $2) ON CONFLICT DO NOTHING", case_id, canary)


async def lock_case(conn: Connection, case_id: CaseId) -> None:
    """Lock the case's row."""
    await conn.execute("SELECT FROM cases WHERE case_id = $1 FOR UPDATE", case_id)


async def add_message(
    conn: Connection, event: MessageRequested, *, requested_at: datetime, now: datetime, traceparent: str | None
) -> None:
    """Queue the message, due now, unless it is stored already under its id."""
    await conn.execute(
        """INSERT INTO messages (message_id, case_id, report_id, purpose, template, recipient_kind, recipient_id,
                                 canary, requested_at, answer_by, not_after, next_at, traceparent)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING""",
        event.message_id,
        event.case_id,
        event.report_id,
        event.purpose,
        event.template,
        event.recipient.kind,
        event.recipient.id,
        event.canary,
        requested_at,
        event.answer_by,
        event.not_after,
        now,
        traceparent,
    )


async def withdraw(conn: Connection, message_id: MessageId, *, now: datetime) -> None:
    """Note the withdrawal; a message that waits becomes due, so that it ends at once."""
    await conn.execute("INSERT INTO withdrawals VALUES ($1, $2) ON CONFLICT DO NOTHING", message_id, now)
    await conn.execute("UPDATE messages SET next_at = $2 WHERE message_id = $1 AND state = 'queued'", message_id, now)


async def anything_open(conn: Connection | Pool, *, now: datetime) -> bool:
    """Whether a message is due. One that is set aside counts too: it is left out later."""
    found: bool = await conn.fetchval("SELECT EXISTS (SELECT FROM messages WHERE next_at <= $1)", now)
    return found


async def open_messages(conn: Connection, *, now: datetime, limit: int) -> list[Claimed]:
    """The messages that are due, locked, most pressing first, and after them all others that wait; none without a due.

    Due are waiting messages, and those whose try has outlived its lease: nobody knows how that one ended. What another
    process works on is left out.
    """
    rows = await conn.fetch(
        f"""SELECT {_MESSAGE}, {_WITHDRAWN},
                (SELECT sealed FROM contacts c WHERE c.person_id = m.recipient_id AND c.channel = $3) AS sealed
            FROM messages m
            WHERE next_at IS NOT NULL AND (next_at <= $1 OR state = 'queued') AND {_WORKABLE}
                AND EXISTS (SELECT FROM messages WHERE next_at <= $1 AND {_WORKABLE})
            ORDER BY next_at > $1, answer_by - requested_at, next_at LIMIT $2 FOR UPDATE OF m SKIP LOCKED""",
        now,
        limit,
        Channel.EMAIL,
    )
    return [claimed for row in rows if (claimed := await _claimed(conn, row, now)) is not None]


async def _claimed(conn: Connection, row: asyncpg.Record, now: datetime) -> Claimed | None:
    """One that cannot be understood is set aside, so that it does not stop the others."""
    try:
        return Claimed(_message(row), row["sealed"])
    except (ValueError, TypeError) as error:
        await set_aside(conn, "send", row["message_id"], error, now=now)
        return None


async def claim_alone(conn: Connection) -> None:
    """Wait for other processes that are about to begin mails: what they begin is seen here then.

    Two that looked at once would each send the first mail of a person.
    """
    await conn.execute("SELECT pg_advisory_xact_lock(hashtext('claim'))")


async def mailed(conn: Connection, *, after: datetime, until: datetime) -> list[Mailed]:
    """The mails that people and desks may have been sent in that time."""
    rows = await conn.fetch(
        """SELECT recipient_id, answer_by - requested_at AS patience, max(started_at) AS at
             FROM attempts JOIN messages USING (message_id)
            WHERE started_at > $1 AND started_at <= $2 AND recipient_id IS NOT NULL AND NOT canary
                AND (result IS NULL OR result IN ('accepted', 'unknown'))
            GROUP BY 1, 2""",
        after,
        until,
    )
    return [Mailed(row["recipient_id"], in_minutes(row["patience"]), row["at"]) for row in rows]


async def hold(conn: Connection, until: Mapping[MessageId, datetime]) -> None:
    """Let these wait until then."""
    await conn.execute(
        """UPDATE messages m SET next_at = h.at FROM unnest($1::uuid[], $2::timestamptz[]) AS h (message_id, at)
           WHERE m.message_id = h.message_id""",
        list(until),
        list(until.values()),
    )


async def begin(
    conn: Connection, mail_of: Mapping[MessageId, UUID], *, now: datetime, lease_until: datetime, holder: int
) -> list[Message]:
    """Begin the next try of these messages, each with its attempt row, and give them as they stand then."""
    rows = await conn.fetch(
        f"""WITH begun AS (
                SELECT b.message_id, b.mail_id, state, attempts
                FROM unnest($4::uuid[], $5::uuid[]) AS b (message_id, mail_id) JOIN messages USING (message_id)
            ), lost AS (
                UPDATE attempts a SET result = 'unknown', ended_at = $1 FROM begun
                WHERE begun.state = 'sending' AND a.message_id = begun.message_id AND a.n = begun.attempts
            ), tried AS (
                INSERT INTO attempts (message_id, n, holder, started_at)
                SELECT message_id, attempts + 1, $3, $1 FROM begun
            )
            UPDATE messages m SET state = 'sending', next_at = $2, attempts = m.attempts + 1,
                                  maybe_twice = m.maybe_twice OR begun.state = 'sending', mail_id = begun.mail_id
            FROM begun WHERE m.message_id = begun.message_id RETURNING {_MESSAGE}, {_WITHDRAWN}""",
        now,
        lease_until,
        holder,
        list(mail_of),
        list(mail_of.values()),
    )
    return [_message(row) for row in rows]


async def erase_canaries(conn: Connection, *, before: datetime) -> int:
    """Erase the messages of canaries that were asked for before, with all about them; how many that were."""
    tag: str = await conn.execute(
        """WITH old AS (SELECT message_id, case_id FROM messages WHERE canary AND requested_at < $1),
                w AS (DELETE FROM withdrawals WHERE message_id IN (SELECT message_id FROM old)),
                a AS (DELETE FROM attempts WHERE message_id IN (SELECT message_id FROM old))
           DELETE FROM messages WHERE message_id IN (SELECT message_id FROM old)""",
        before,
    )
    await conn.execute(
        "DELETE FROM cases c WHERE canary AND NOT EXISTS (SELECT FROM messages m WHERE m.case_id = c.case_id)"
    )
    return int(tag.removeprefix("DELETE "))


async def waiting(pool: Pool, *, given_up_after: datetime) -> Waiting:
    """Over all messages; canaries are not missed when they are given up, and their pages wait like others."""
    row = await pool.fetchrow(
        """SELECT (SELECT min(requested_at) FROM messages
                    WHERE next_at IS NOT NULL AND purpose = 'page') AS page_since,
                  (SELECT count(*) FROM attempts JOIN messages USING (message_id)
                    WHERE result IN ('permanent', 'expired', 'no_contact') AND ended_at > $1
                      AND NOT canary) AS given_up""",
        given_up_after,
    )
    assert row is not None
    return Waiting(**row)


async def pull_in(pool: Pool, *, latest: datetime) -> int:
    """Let no message wait longer than that: a clock that ran ahead had put it off. How many that were."""
    tag: str = await pool.execute("UPDATE messages SET next_at = $1 WHERE next_at > $1", latest)
    return int(tag.removeprefix("UPDATE "))


async def reclaim(pool: Pool, *, now: datetime, holder: int) -> None:
    """Make the tries due that an earlier process of this name left unfinished."""
    await pool.execute(
        """UPDATE messages m SET next_at = $1 FROM attempts a
           WHERE m.state = 'sending' AND a.message_id = m.message_id AND a.n = m.attempts AND a.holder = $2""",
        now,
        holder,
    )


async def locked_message(conn: Connection, message_id: MessageId) -> Message:
    """The message as it stands now, its row locked."""
    row = await conn.fetchrow(
        f"SELECT {_MESSAGE}, {_WITHDRAWN} FROM messages m WHERE message_id = $1 FOR UPDATE", message_id
    )
    assert row is not None
    return _message(row)


async def end_attempt(conn: Connection, message_id: MessageId, *, n: int, outcome: Outcome, now: datetime) -> None:
    """Write how a try ended."""
    await conn.execute(
        "UPDATE attempts SET ended_at = $3, result = $4, code = $5 WHERE message_id = $1 AND n = $2",
        message_id,
        n,
        now,
        outcome.result,
        outcome.code,
    )


async def save(conn: Connection, message_id: MessageId, step: Step) -> None:
    """Write what becomes of the message."""
    await conn.execute(
        "UPDATE messages SET state = $2, next_at = $3, maybe_twice = $4 WHERE message_id = $1",
        message_id,
        step.state,
        step.next_at,
        step.maybe_twice,
    )


async def seeded_contacts(conn: Connection) -> list[Contact]:
    """The mail addresses that nobody but the seed file vouches for."""
    rows = await conn.fetch("SELECT person_id, sealed FROM contacts WHERE channel = 'email' AND verified_by = 'seed'")
    return [Contact(row["person_id"], row["sealed"]) for row in rows]


_UNTESTED = "wanted_at = NULL, tried_at = NULL, asked_at = NULL, unanswered_since = NULL, proved_at = NULL"
"""Another address: what the tests told was of the former one."""


async def put_seeded_contact(conn: Connection, contact: Contact, *, verified_on: date) -> None:
    """Store another mail address from the seed file; one that a person has verified since is left alone."""
    await conn.execute(
        f"""INSERT INTO contacts (person_id, channel, sealed, verified_on, verified_by)
           VALUES ($1, 'email', $2, $3, 'seed')
           ON CONFLICT (person_id, channel) DO UPDATE SET sealed = $2, verified_on = $3, {_UNTESTED}
           WHERE contacts.verified_by = 'seed'""",
        contact.person_id,
        contact.sealed,
        verified_on,
    )


async def put_contact(conn: Connection, contact: Contact, *, verified_on: date, verified_by: str) -> None:
    """Store another mail address, which a person vouches for."""
    await conn.execute(
        f"""INSERT INTO contacts (person_id, channel, sealed, verified_on, verified_by)
           VALUES ($1, 'email', $2, $3, $4)
           ON CONFLICT (person_id, channel)
               DO UPDATE SET sealed = $2, verified_on = $3, verified_by = $4, {_UNTESTED}""",
        contact.person_id,
        contact.sealed,
        verified_on,
        verified_by,
    )


async def verify_contact(conn: Connection, person_id: UUID, *, verified_on: date, verified_by: str) -> None:
    """Note that a person vouches for the mail address that is stored."""
    await conn.execute(
        "UPDATE contacts SET verified_on = $2, verified_by = $3 WHERE person_id = $1 AND channel = 'email'",
        person_id,
        verified_on,
        verified_by,
    )


async def contact(conn: Connection, person_id: UUID, *, lock: bool = False) -> ContactPoint | None:
    """Where the person or desk is reached; None where no address is stored."""
    row = await conn.fetchrow(
        f"SELECT {_CONTACT} FROM contacts WHERE person_id = $1 AND channel = 'email' {'FOR UPDATE' if lock else ''}",
        person_id,
    )
    return ContactPoint(**row) if row else None


async def want_test(conn: Connection, person_id: UUID, *, now: datetime) -> None:
    """Let a test go out at once."""
    await conn.execute("UPDATE contacts SET wanted_at = $2 WHERE person_id = $1", person_id, now)


async def begin_test(conn: Connection | Pool, *, now: datetime, every: timedelta | None) -> Contact | None:
    """Begin the test that has been due for longest, so that no other process does; None where none is.

    Due is what somebody has asked for. With `every` also what was tested last that long ago, and what could not be
    handed over: after as long as it has been tried, a quarter of an hour at least and a day at most. Nobody is written
    to for more than four weeks without an answer.
    """
    row = await conn.fetchrow(
        f"""WITH due AS (
                SELECT person_id, channel FROM contacts
                WHERE wanted_at IS NOT NULL OR $2::interval IS NOT NULL AND {_TEST_DUE}
                ORDER BY wanted_at, tried_at NULLS FIRST, person_id LIMIT 1 FOR UPDATE SKIP LOCKED
            )
            UPDATE contacts c
            SET wanted_at = NULL, tried_at = $1, unanswered_since = coalesce(unanswered_since, $1)
            FROM due WHERE (c.person_id, c.channel) = (due.person_id, due.channel)
            RETURNING c.person_id, c.sealed""",
        now,
        every,
    )
    return Contact(row["person_id"], row["sealed"]) if row else None


async def note_test_taken(pool: Pool, person_id: UUID, *, tried_at: datetime) -> None:
    """Note that the mail server took the test that began then, unless the address has changed since."""
    await pool.execute("UPDATE contacts SET asked_at = $2 WHERE person_id = $1 AND tried_at = $2", person_id, tried_at)


async def prove(conn: Connection, person_id: UUID, *, now: datetime) -> None:
    """Note that a person has answered."""
    await conn.execute(
        "UPDATE contacts SET proved_at = $2, unanswered_since = NULL WHERE person_id = $1", person_id, now
    )


async def pull_in_tests(pool: Pool, *, latest: datetime) -> int:
    """Let no test have begun later than that, as `pull_in` does with messages."""
    tag: str = await pool.execute(
        """UPDATE contacts
           SET tried_at = least(tried_at, $1), asked_at = least(asked_at, $1), wanted_at = least(wanted_at, $1),
               unanswered_since = least(unanswered_since, $1), proved_at = least(proved_at, $1)
           WHERE greatest(tried_at, wanted_at, proved_at) > $1""",
        latest,
    )
    return int(tag.removeprefix("UPDATE "))


async def drop_seeded_contacts(conn: Connection, *, keep: Iterable[UUID]) -> None:
    """Forget the mail addresses that the seed file no longer names."""
    await conn.execute(
        "DELETE FROM contacts WHERE verified_by = 'seed' AND NOT person_id = ANY($1::uuid[])", list(keep)
    )


def _message(row: asyncpg.Record) -> Message:
    values = {each.name: row[each.name] for each in fields(Message)}
    codes = {
        "purpose": Purpose(row["purpose"]),
        "template": Template(row["template"]),
        "recipient_kind": RecipientKind(row["recipient_kind"]),
        "state": State(row["state"]),
    }
    return Message(**values | codes)
