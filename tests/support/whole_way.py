"""The way of a report through intake, triage and escalation, their handlers driven in one process, without Kafka."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx2

from services.escalation.app import SUBSCRIPTIONS as ESCALATION_HEARS
from services.intake import tick as intake_tick
from services.intake.reading import read_text
from services.intake.secrets import Secrets
from services.triage.app import SUBSCRIPTIONS as TRIAGE_HEARS
from shared.delivery.inbox import Inbox, On
from shared.events.envelope import Envelope
from shared.events.intake import ReportReceived
from shared.events.model import Event
from shared.ids import EventId, ReportId, new_id
from tests.support.intake import intake_door
from tests.support.services import Ground

WRITER = new_id()


@dataclass(frozen=True)
class WholeWay:
    """The three services on their grounds, and a client at intake's endpoints."""

    intake: Ground
    triage: Ground
    escalation: Ground
    secrets: Secrets
    client: httpx2.AsyncClient

    @classmethod
    @asynccontextmanager
    async def on(cls, intake: Ground, triage: Ground, escalation: Ground) -> "AsyncIterator[WholeWay]":
        """The way on these grounds."""
        secrets = Secrets.read(intake.keys, intake.keys_dir)
        transport = httpx2.ASGITransport(intake_door(intake))
        async with httpx2.AsyncClient(transport=transport, base_url="http://intake") as client:
            yield cls(intake, triage, escalation, secrets, client)

    async def send(self, raw: bytes) -> httpx2.Response:
        """A report that is accepted."""
        answer = await self.client.post("/v1/reports", content=raw)
        assert answer.status_code == 201, answer.text
        return answer

    async def write_down(self, raw: bytes) -> httpx2.Response:
        """A report that somebody writes down, accepted."""
        bearer = self.intake.bearer(WRITER, "consultant")
        answer = await self.client.post("/v1/reports/phone", content=raw, headers=bearer)
        assert answer.status_code == 201, answer.text
        return answer

    async def told(self) -> list[ReportReceived]:
        """The reports that intake told of and that are not handled yet."""
        return [each for each in await self.intake.published(ReportReceived) if isinstance(each, ReportReceived)]

    async def handle(self) -> None:
        """Read the texts, then take everything that was told through triage and escalation; what fails raises."""
        while await intake_tick.run_once(self.intake.transactions, self.secrets, read_text):
            pass
        reported = await self._sent(self.intake)
        await _take(self.triage, TRIAGE_HEARS, reported)
        await _take(self.escalation, ESCALATION_HEARS, [*reported, *await self._sent(self.triage)])

    async def unanswered(self) -> list[ReportId]:
        """The newest report of each escalation that is open."""
        rows = await self.escalation.pool.fetch(
            """SELECT report_id FROM escalations e JOIN reports r
                   ON r.case_id = e.case_id AND r.report_no = e.newest_report_no
                WHERE state IN ('unrated', 'paging') AND next_at IS NOT NULL ORDER BY r.received_at"""
        )
        return [ReportId(row["report_id"]) for row in rows]

    async def levels(self) -> dict[UUID, str]:
        """The newest rated level of each case."""
        rows = await self.triage.pool.fetch(
            "SELECT DISTINCT ON (case_id) case_id, level FROM ratings ORDER BY case_id, rating_no DESC"
        )
        return {row["case_id"]: row["level"] for row in rows}

    @staticmethod
    async def _sent(ground: Ground) -> list[Event]:
        """What waits in the outbox, taken from it."""
        events = await ground.published()
        await ground.pool.execute("DELETE FROM outbox")
        return events


async def _take(ground: Ground, hears: Sequence[On[Any]], events: Sequence[Event]) -> None:
    heard = {each.event for each in hears}
    inbox = Inbox(ground.transactions, hears)
    for event in events:
        if type(event) in heard:
            envelope = Envelope(EventId(new_id()), event.type, "test", ground.clock.now(), 1, None)
            await inbox.take(envelope, event)
