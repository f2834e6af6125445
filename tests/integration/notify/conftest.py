"""notify on a real database, with a real mail server beside it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from services.notify import contacts
from services.notify.app import MIGRATIONS, SUBSCRIPTIONS
from services.notify.channels.email import Email
from services.notify.sender import Sender
from services.notify.text import Way
from shared.delivery.inbox import Inbox
from shared.events.codes import Purpose, RecipientKind, Template
from shared.events.envelope import Envelope
from shared.events.escalation import MessageRequested, MessageWithdrawn, Recipient
from shared.events.model import Event
from shared.ids import CaseId, EventId, MessageId, ReportId, new_id
from tests.conftest import OpenGround
from tests.support.services import Ground
from tests.support.smtp import MailSink, mail_sink

SEED = Path("deploy/seed/people.toml")
SINK = "canary@kommune.example"
AASE = UUID("0c9d3c52-6f0b-4b0e-9a51-1f6c1a000001")
WAY = Way("https://vagt.kommune.example", "12 34 56 78")
DESK = UUID("0c9d3c52-6f0b-4b0e-9a51-1f6c1a0000a1")


@dataclass
class Notify:
    """notify's parts, driven by hand: `hear` what escalation tells, `send` what is due."""

    ground: Ground
    sink: MailSink
    cases: dict[MessageId, CaseId] = field(default_factory=dict)

    def sender(self, *, holder: int = 0, at_most: float = 5, port: int = 0, apart: int = 20) -> Sender:
        email = Email("127.0.0.1", port or self.sink.port, "vagt@kommune.example", at_most=at_most)
        return Sender(self.ground.transactions, self.ground.keys, email, WAY, SINK, holder, timedelta(seconds=apart))

    async def hear(self, event: Event, event_id: UUID | None = None) -> None:
        envelope = Envelope(EventId(event_id or new_id()), event.type, "escalation", self.ground.clock.now(), 1, None)
        await Inbox(self.ground.transactions, SUBSCRIPTIONS).take(envelope, event)

    def request(self, **changes: Any) -> MessageRequested:
        """A page for Aase, to be answered in 3 minutes and not wanted after 10."""
        now = self.ground.clock.now()
        fields = {
            "case_id": CaseId(new_id()),
            "message_id": MessageId(new_id()),
            "report_id": ReportId(new_id()),
            "purpose": Purpose.PAGE,
            "recipient": Recipient(kind=RecipientKind.PERSON, id=AASE),
            "template": Template.PAGE,
            "answer_by": now + timedelta(minutes=3),
            "not_after": now + timedelta(minutes=10),
        }
        return MessageRequested(**fields | changes)

    async def asked(self, **changes: Any) -> MessageRequested:
        """A page that was asked for."""
        request = self.request(**changes)
        await self.hear(request)
        return request

    async def withdraw(self, request: MessageRequested) -> None:
        await self.hear(MessageWithdrawn(case_id=request.case_id, message_id=request.message_id))

    async def send(self, sender: Sender | None = None) -> None:
        """Send everything that is due now, to the end."""
        sender = sender or self.sender()
        while await sender.run_once():
            await sender.drain()

    async def stored(self, request: MessageRequested) -> asyncpg.Record:
        row = await self.ground.pool.fetchrow("SELECT * FROM messages WHERE message_id = $1", request.message_id)
        assert row is not None
        return row

    async def attempts(self, request: MessageRequested) -> list[tuple[str | None, int | None]]:
        """Result and code of each try."""
        rows = await self.ground.pool.fetch(
            "SELECT result, code FROM attempts WHERE message_id = $1 ORDER BY n", request.message_id
        )
        return [(row["result"], row["code"]) for row in rows]


@pytest.fixture
async def sink() -> AsyncIterator[MailSink]:
    async with mail_sink() as running:
        yield running


@pytest.fixture
async def notify(ground: OpenGround, sink: MailSink) -> Notify:
    opened = await ground("notify", MIGRATIONS)
    async with opened.pool.acquire() as conn:
        await contacts.load(
            conn, addresses=contacts.addresses_in(SEED), keys=opened.keys, today=opened.clock.now().date()
        )
    return Notify(opened, sink)
