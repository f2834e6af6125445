"""A service in miniature for the tests of delivery: one table of cases, facts about them, effects counted."""

from pathlib import Path
from uuid import UUID

import shared.delivery
from shared.delivery.inbox import Inbox, On
from shared.delivery.outbox import Transaction
from shared.delivery.reception import Reception
from shared.events.envelope import Envelope, headers_of
from shared.events.escalation import MessageWithdrawn
from shared.ids import CaseId, EventId, MessageId, new_id
from shared.postgres.migrations import Migration, migrations_in
from tests.support.samples import AT
from tests.support.services import Ground

CASES = Migration(
    "test/0001_cases.sql",
    """CREATE TABLE cases (case_id uuid PRIMARY KEY, event_sequence bigint NOT NULL DEFAULT 0);
       CREATE TABLE effects (n integer GENERATED ALWAYS AS IDENTITY, case_id uuid, message_id uuid NOT NULL)""",
    {"cases": "SELECT, INSERT, UPDATE", "effects": "SELECT, INSERT"},
)
MIGRATIONS = [*migrations_in(Path(shared.delivery.__file__).parent), CASES]

Headers = dict[str, str]


def withdrawn(case_id: CaseId | None = None) -> MessageWithdrawn:
    """A fact, told by escalation to notify."""
    return MessageWithdrawn(case_id=case_id or CaseId(new_id()), message_id=MessageId(new_id()))


def headers(event: MessageWithdrawn, *, event_id: UUID | None = None, **changed: str) -> Headers:
    """The Kafka headers of the fact, some of them changed."""
    envelope = Envelope(EventId(event_id or new_id()), event.type, "escalation", AT, 1, None)
    return headers_of(event, envelope) | changed


async def note_effect(tx: Transaction, event: MessageWithdrawn) -> None:
    """The effect of the fact."""
    await tx.conn.execute("INSERT INTO effects (case_id, message_id) VALUES ($1, $2)", event.case_id, event.message_id)


def reception(ground: Ground, *rows: On[MessageWithdrawn]) -> Reception:
    """The ground's reception; it notes effects unless other rows are given."""
    inbox = Inbox(ground.transactions, rows or [On(MessageWithdrawn, note_effect)])
    return Reception(inbox, ground.pool, ground.keys, ground.clock)


async def effects(ground: Ground) -> list[UUID]:
    """The messages that an effect was noted for, in order."""
    return [row["message_id"] for row in await ground.pool.fetch("SELECT message_id FROM effects ORDER BY n")]


async def tell(ground: Ground, *events: MessageWithdrawn) -> None:
    """Store facts in the outbox of the ground, a transaction each."""
    for event in events:
        async with ground.transactions.begin("test") as tx:
            await tx.conn.execute("INSERT INTO cases (case_id) VALUES ($1) ON CONFLICT DO NOTHING", event.case_id)
            await tx.publish(event)
