"""Pages: who was asked, and what became of it. No late fact revives one that has ended."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from services.escalation.domain.access import COUNTERSIGNS
from services.escalation.domain.escalation import Escalation
from services.escalation.domain.page import Page, PageState
from shared.auth.people import Person
from shared.events.codes import Channel, RecipientKind
from shared.events.escalation import Recipient
from shared.ids import CaseId, EscalationId, MessageId, PersonId
from shared.postgres.pool import Connection


async def of_round(conn: Connection, escalation: Escalation) -> tuple[Page, ...]:
    """The pages of the escalation's running round."""
    rows = await conn.fetch(
        "SELECT * FROM pages WHERE escalation_id = $1 AND round = $2", escalation.escalation_id, escalation.round
    )
    return tuple(_page(row) for row in rows)


def _page(row: asyncpg.Record) -> Page:
    recipient = Recipient(kind=RecipientKind(row["recipient_kind"]), id=row["recipient_id"])
    accepted = row["accepted_at"] is not None
    return Page(row["round"], row["rung"], recipient, PageState(row["state"]), accepted)


async def of_case(conn: Connection, case_id: CaseId, *, limit: int, older: int) -> list[asyncpg.Record]:
    """So many pages of the case, oldest first, after leaving out the newest `older`."""
    rows: list[asyncpg.Record] = await conn.fetch(
        """SELECT p.* FROM pages p JOIN escalations e USING (escalation_id) WHERE e.case_id = $1
           ORDER BY p.requested_at DESC, e.n DESC, p.round DESC, p.rung DESC, p.message_id DESC LIMIT $2 OFFSET $3""",
        case_id,
        limit,
        older,
    )
    return rows[::-1]


async def request(
    conn: Connection,
    message_id: MessageId,
    escalation: Escalation,
    recipient: Recipient,
    *,
    not_fresh: bool,
    now: datetime,
) -> None:
    """Store a page on the rung and in the round the escalation stands on."""
    await conn.execute(
        """INSERT INTO pages (message_id, escalation_id, round, rung, recipient_kind, recipient_id, requested_at,
               not_fresh) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)""",
        message_id,
        escalation.escalation_id,
        escalation.round,
        escalation.rung,
        recipient.kind,
        recipient.id,
        now,
        not_fresh,
    )


async def supersede(conn: Connection, escalation: Escalation) -> None:
    """End the live pages of rungs and rounds that the escalation has left."""
    await conn.execute(
        """UPDATE pages SET state = 'superseded' WHERE escalation_id = $1 AND state IN ('requested', 'accepted')
               AND (round, rung) <> ($2, $3)""",
        escalation.escalation_id,
        escalation.round,
        escalation.rung,
    )


async def answer(conn: Connection, escalation_id: EscalationId, person_id: PersonId) -> None:
    """The person who was asked has answered, whatever they said."""
    await conn.execute(
        """UPDATE pages SET state = 'answered' WHERE escalation_id = $1 AND recipient_id = $2
               AND state IN ('requested', 'accepted')""",
        escalation_id,
        person_id,
    )


async def withdraw(
    conn: Connection, escalation_id: EscalationId, now: datetime, person_id: PersonId | None = None
) -> list[MessageId]:
    """End the live pages (of one person, or all) and name every message that may still be on its way out."""
    rows = await conn.fetch(
        """UPDATE pages SET withdrawn_at = $3, state = CASE state WHEN 'superseded' THEN state ELSE 'withdrawn' END
           WHERE escalation_id = $1 AND ($2::uuid IS NULL OR recipient_id = $2) AND withdrawn_at IS NULL
               AND (state IN ('requested', 'accepted') OR (state = 'superseded' AND accepted_at IS NULL))
           RETURNING message_id""",
        escalation_id,
        person_id,
        now,
    )
    return sorted(row["message_id"] for row in rows)


async def accept(conn: Connection, message_id: MessageId, channel: Channel, now: datetime) -> None:
    """A provider took it."""
    await conn.execute(
        """UPDATE pages SET accepted_at = coalesce(accepted_at, $2), channel = $3,
               state = CASE state WHEN 'requested' THEN 'accepted' ELSE state END WHERE message_id = $1""",
        message_id,
        now,
        channel,
    )


async def first_taken(conn: Connection, message_id: MessageId) -> asyncpg.Record | None:
    """Level and moment of receipt of what this page is about, where none of its escalation has been accepted yet.

    None for what was written down from a call, for its time is not ours, and for canaries.
    """
    return await conn.fetchrow(
        """SELECT coalesce(e.level, 'high') AS level, e.received_at
             FROM pages p JOIN escalations e USING (escalation_id) JOIN cases c USING (case_id)
            WHERE p.message_id = $1 AND NOT c.canary AND NOT EXISTS
                  (SELECT FROM pages o WHERE o.escalation_id = e.escalation_id AND o.accepted_at IS NOT NULL)
              AND NOT EXISTS (SELECT FROM reports WHERE case_id = e.case_id AND entered_by IS NOT NULL)""",
        message_id,
    )


async def fail(conn: Connection, message_id: MessageId) -> bool:
    """It was given up; whether that ended a page that waited."""
    tag = await conn.execute(
        "UPDATE pages SET state = 'failed' WHERE message_id = $1 AND state = 'requested'", message_id
    )
    return bool(tag == "UPDATE 1")


async def asks(conn: Connection, who: Person, case_ids: Sequence[CaseId]) -> list[CaseId]:
    """Those of the cases in which the person is asked right now, the longest waiting first.

    They are paged, offered it by whoever has it, or may countersign what another asked for.
    """
    rows = await conn.fetch(
        """SELECT case_id FROM (
               SELECT e.case_id, p.requested_at AS since FROM pages p JOIN escalations e USING (escalation_id)
               WHERE p.recipient_id = $1 AND p.state IN ('requested', 'accepted') AND e.state IN ('paging', 'unrated')
               UNION ALL
               SELECT e.case_id, h.at FROM escalations e JOIN handovers h USING (case_id)
               WHERE e.state <> 'closed' AND e.offered_to = $1 AND h.to_person = $1
               UNION ALL
               SELECT case_id, asked_at FROM countersigns WHERE state = 'asked' AND asked_by <> $1 AND $3) asked
           WHERE case_id = ANY ($2::uuid[]) GROUP BY case_id ORDER BY min(since), case_id""",
        who.person_id,
        list(case_ids),
        bool(who.roles & COUNTERSIGNS),
    )
    return [row["case_id"] for row in rows]
