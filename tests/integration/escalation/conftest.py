"""escalation on a real database: its doors, its ears and its tick."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest

from services.escalation import seed, tick
from services.escalation.app import MIGRATIONS, SUBSCRIPTIONS
from services.escalation.web.api import Api
from services.escalation.web.entries import Entries
from services.escalation.web.routes import routes
from shared.delivery.inbox import Inbox
from shared.events.codes import LegalKind, Level, Reading, ReceiptRoute, ReporterKind, Unit
from shared.events.envelope import Envelope
from shared.events.intake import ReportReceived
from shared.events.model import Event
from shared.events.notify import MessageAccepted, MessageFailed
from shared.events.triage import CaseRated, Reason
from shared.ids import CaseId, EventId, MessageId, ReportId, new_id
from shared.signs import SignId
from shared.web.application import application
from tests.conftest import OpenGround
from tests.support.services import Ground
from tests.support.sign_in import recognising

SEED = Path("deploy/seed/people.toml")
_PERSON = "0c9d3c52-6f0b-4b0e-9a51-1f6c1a00000{}"
AASE, BO, CARLA, DITTE, ERIK, FRIDA, GORM = (UUID(_PERSON.format(n)) for n in range(1, 8))
ROLES = {
    AASE: "consultant",
    BO: "consultant",
    CARLA: "authority",
    DITTE: "leader",
    ERIK: "auditor",
    FRIDA: "operator",
    GORM: "reporter",
}
DESK, DOEGNVAGT, OUTSIDE = (UUID(f"0c9d3c52-6f0b-4b0e-9a51-1f6c1a0000a{n}") for n in (1, 2, 3))
Json = dict[str, Any]


@dataclass(frozen=True)
class Service:
    """escalation's parts, driven by hand."""

    ground: Ground
    client: httpx2.AsyncClient

    @property
    def now(self) -> datetime:
        return self.ground.clock.now()

    async def hear(self, *events: Event, event_id: UUID | None = None) -> None:
        """Take the events in, each as one that was not heard before unless `event_id` says so."""
        for event in events:
            envelope = Envelope(EventId(event_id or new_id()), event.type, "test", self.now, 1, None)
            await Inbox(self.ground.transactions, SUBSCRIPTIONS).take(envelope, event)

    async def tick(self, **later: float) -> None:
        """Let time pass, and everything that is due happen."""
        self.ground.clock.pass_by(**later)
        while await tick.run_once(self.ground.transactions) + await tick.change_shifts_once(self.ground.transactions):
            pass

    async def ask(self, who: UUID, path: str, *, units: tuple[str, ...] = ("*",)) -> httpx2.Response:
        """GET as a person."""
        return await self.client.get(f"/v1/{path}", headers=self.ground.bearer(who, ROLES[who], units=units))

    async def act(self, who: UUID, path: str, *, units: tuple[str, ...] = ("*",), **body: Any) -> httpx2.Response:
        """POST as a person."""
        bearer = self.ground.bearer(who, ROLES[who], units=units)
        return await self.client.post(f"/v1/{path}", headers=bearer, json=body)

    async def case(self, case_id: CaseId, who: UUID = AASE) -> Json:
        """The case, as a person sees it."""
        answer = await self.ask(who, f"cases/{case_id}")
        assert answer.status_code == 200, answer.text
        told: Json = answer.json()
        return told

    async def did(self, who: UUID, path: str, case_id: CaseId, **body: Any) -> Json:
        """An act on the case as it is now, which must succeed."""
        version = (await self.case(case_id, DITTE))["version"]
        answer = await self.act(who, path, version=version, **body)
        assert answer.status_code == 200, answer.text
        told: Json = answer.json()
        return told

    def report(self, case_id: CaseId, no: int = 1, **changes: Any) -> ReportReceived:
        """A report that came just now."""
        fields = {
            "case_id": case_id,
            "report_id": ReportId(new_id()),
            "report_no": no,
            "received_at": self.now,
            "entered_at": self.now,
            "legal_kind": LegalKind.SECTION_133,
            "reporter_kind": ReporterKind.TEACHER,
            "receipt_route": ReceiptRoute.SCREEN,
            "reading": Reading.NONE,
            "unit": Unit.NOERREBRO,
        }
        return ReportReceived(**fields | changes)

    def rating(self, level: Level, *reports: ReportReceived, no: int = 1, **changes: Any) -> CaseRated:
        """A rating of the reports."""
        ids = tuple(each.report_id for each in reports)
        reason = Reason(rule="acute_departure", signs=(SignId("travel.planned"),), report_ids=ids)
        fields = {
            "case_id": reports[0].case_id,
            "rating_no": no,
            "level": level,
            "rule_set": 1,
            "as_of": self.now,
            "report_ids": ids,
            "reasons": (reason,),
        }
        return CaseRated(**fields | changes)

    async def opened(self, level: Level | None = Level.HIGH, **changes: Any) -> tuple[CaseId, ReportReceived]:
        """A case with one report, rated unless `level` is None."""
        case_id = CaseId(new_id())
        report = self.report(case_id, **changes)
        await self.hear(report)
        if level is not None:
            await self.hear(self.rating(level, report))
        return case_id, report

    async def deliver(self, page: Json, case_id: CaseId, report: ReportReceived) -> None:
        """A provider takes the page."""
        told = {"case_id": case_id, "message_id": MessageId(UUID(page["message_id"])), "report_id": report.report_id}
        codes = {"purpose": "page", "channel": "email", "template": "page", "template_version": 1}
        await self.hear(MessageAccepted(**told, **codes, text_sha256="0" * 64))

    async def lose(self, page: Json, case_id: CaseId) -> None:
        """The page is given up."""
        named = MessageId(UUID(page["message_id"]))
        await self.hear(MessageFailed(case_id=case_id, message_id=named, reason="refused"))


def asked(case: Json) -> list[UUID]:
    """Who was paged and is still waited for, oldest first."""
    return [UUID(page["recipient"]["id"]) for page in case["pages"] if page["state"] in ("requested", "accepted")]


@asynccontextmanager
async def door(ground: Ground, entries: Entries | None = None) -> AsyncIterator[Service]:
    """escalation's doors on that ground."""

    async def ready() -> list[str]:
        return []

    app = recognising(application(routes(Api(ground.transactions, ground.keys, entries=entries)), ready=ready), ground)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://escalation") as client:
        yield Service(ground, client)


@pytest.fixture
async def service(ground: OpenGround) -> AsyncIterator[Service]:
    opened = await ground("escalation", MIGRATIONS)
    async with opened.pool.acquire() as conn:
        await seed.load(conn, seed.read(SEED))
    async with door(opened) as service:
        yield service
