"""triage on a real database, driven by hand."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from services.triage import tick
from services.triage.app import MIGRATIONS, SUBSCRIPTIONS
from shared.delivery.inbox import Inbox
from shared.events.codes import (
    AgeBand,
    Answer,
    LegalKind,
    Reading,
    ReceiptRoute,
    ReporterKind,
    Unit,
)
from shared.events.envelope import Envelope
from shared.events.intake import ReportedChild, ReportRead, ReportReceived, SignFact
from shared.events.model import Event
from shared.events.triage import CaseRated
from shared.ids import CaseId, ChildId, EventId, ReportId, new_id
from tests.conftest import OpenGround
from tests.support.services import Ground


def said(sign: str, **more: Any) -> SignFact:
    """The sign was said."""
    return SignFact.model_validate({"sign": sign, "answer": Answer.SAID, **more})


def denied(*signs: str) -> tuple[SignFact, ...]:
    """The signs were denied."""
    return tuple(SignFact.model_validate({"sign": sign, "answer": Answer.DENIED}) for sign in signs)


NO_DANGER = denied("threat.concrete", "violence.now")


@dataclass
class Triage:
    """triage's parts: `hear` what intake tells, `tick` what is due."""

    ground: Ground

    async def hear(self, event: Event, event_id: UUID | None = None) -> None:
        envelope = Envelope(EventId(event_id or new_id()), event.type, "intake", self.ground.clock.now(), 1, None)
        await Inbox(self.ground.transactions, SUBSCRIPTIONS).take(envelope, event)

    def report(self, *signs: SignFact, case_id: CaseId | None = None, **changes: Any) -> ReportReceived:
        """A report without text, received now, about a child of 13 to 17."""
        now = self.ground.clock.now()
        fields = {
            "case_id": case_id or CaseId(new_id()),
            "report_id": ReportId(new_id()),
            "report_no": 1,
            "received_at": now,
            "entered_at": now,
            "legal_kind": LegalKind.SECTION_133,
            "reporter_kind": ReporterKind.TEACHER,
            "receipt_route": ReceiptRoute.SCREEN,
            "children": (ReportedChild(child_id=ChildId(new_id()), age_band=AgeBand.YOUTH),),
            "signs": signs,
            "reading": Reading.NONE,
            "unit": Unit.NOERREBRO,
        }
        return ReportReceived(**fields | changes)

    async def reported(self, *signs: SignFact, case_id: CaseId | None = None, **changes: Any) -> ReportReceived:
        """A report that was heard of."""
        report = self.report(*signs, case_id=case_id, **changes)
        await self.hear(report)
        return report

    async def read(self, report: ReportReceived, *signs: SignFact, **changes: Any) -> ReportRead:
        """The report's text was read, and that was heard of."""
        event = ReportRead(case_id=report.case_id, report_id=report.report_id, signs=signs, **changes)
        await self.hear(event)
        return event

    async def ratings(self, case_id: CaseId | None = None) -> list[CaseRated]:
        """The ratings told, of one case or of all, in order."""
        events = await self.ground.published(CaseRated)
        return [event for event in events if isinstance(event, CaseRated) and case_id in (None, event.case_id)]

    async def tick(self) -> int:
        """Rate again everything that is due; how many cases that were."""
        n = 0
        while await tick.run_once(self.ground.transactions):
            n += 1
        return n

    async def stored(self, case_id: CaseId) -> list[asyncpg.Record]:
        rows: list[asyncpg.Record] = await self.ground.pool.fetch(
            "SELECT * FROM ratings WHERE case_id = $1 ORDER BY rating_no", case_id
        )
        return rows

    async def rerate_at(self, case_id: CaseId) -> Any:
        return await self.ground.pool.fetchval("SELECT rerate_at FROM cases WHERE case_id = $1", case_id)


@pytest.fixture
async def triage(ground: OpenGround) -> Triage:
    return Triage(await ground("triage", MIGRATIONS))
