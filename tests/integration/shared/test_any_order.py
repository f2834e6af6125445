"""Facts come in any order and any number of times; what a service knows in the end is the same.

Histories (evidence, numbers of ratings, rounds of pages) tell the order in which things were heard, and are left out.
"""

import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from services.escalation import seed
from services.escalation.app import MIGRATIONS as ESCALATION
from services.escalation.app import SUBSCRIPTIONS as ESCALATION_HEARS
from services.intake.app import MIGRATIONS as INTAKE
from services.intake.app import SUBSCRIPTIONS as INTAKE_HEARS
from services.notify.app import MIGRATIONS as NOTIFY
from services.notify.app import SUBSCRIPTIONS as NOTIFY_HEARS
from services.triage.app import MIGRATIONS as TRIAGE
from services.triage.app import SUBSCRIPTIONS as TRIAGE_HEARS
from shared.delivery.inbox import Inbox, On
from shared.events.codes import Answer, Level, Outcome, Purpose, Reading, RecipientKind, Template, When
from shared.events.envelope import Envelope
from shared.events.escalation import (
    Acknowledged,
    EscalationClosed,
    EscalationOpened,
    MessageRequested,
    MessageWithdrawn,
    Recipient,
    ReportJudged,
)
from shared.events.intake import ReportRead, ReportReceived, SignFact
from shared.events.model import Event
from shared.events.triage import CaseRated
from shared.ids import CaseId, EscalationId, EventId, MessageId, ReportId, derived_id
from shared.signs import SignId
from tests.conftest import OpenGround
from tests.support.samples import SAMPLES
from tests.support.services import NOON, Ground

Told = tuple[Envelope, Event]
Prepare = Callable[[Ground], Awaitable[None]]
SEED = Path("deploy/seed/people.toml")


def of(model: type[Event], **changes: Any) -> Event:
    """The sample of an event, changed."""
    (sample,) = [each for each in SAMPLES if type(each) is model]
    return type(sample)(**{name: getattr(sample, name) for name in type(sample).model_fields} | changes)


def named(what: str) -> UUID:
    return derived_id("any order", what)


CASE, OTHER = CaseId(named("case")), CaseId(named("other"))
R1, R2, R3 = (ReportId(named(name)) for name in ("r1", "r2", "r3"))
ESCALATED = EscalationId(named("escalation"))
PLANNED = SignFact(sign=SignId("travel.planned"), answer=Answer.SAID, when=When.NOW)
AFRAID = SignFact(sign=SignId("fear.extreme"), answer=Answer.SAID, when=When.NOW)


def received(case_id: CaseId, report_id: ReportId, no: int, *signs: SignFact, **changes: Any) -> Event:
    at = NOON - timedelta(minutes=10 - no)
    fields = {"case_id": case_id, "report_id": report_id, "report_no": no, "signs": signs, "received_at": at}
    return of(ReportReceived, **{"linked_case_ids": (), "conflict_declared": False} | fields | changes)


REPORTS = (
    received(CASE, R1, 1, AFRAID, reading=Reading.PENDING),
    received(CASE, R2, 2, PLANNED, reading=Reading.NONE),
    received(OTHER, R3, 1, reading=Reading.NONE, linked_case_ids=(CASE,)),
)
READ = ReportRead(case_id=CASE, report_id=R1, signs=(PLANNED,))
RATINGS = (
    of(CaseRated, case_id=CASE, rating_no=1, level=Level.HIGH, report_ids=(R1,)),
    of(CaseRated, case_id=CASE, rating_no=2, level=Level.ACUTE, report_ids=(R1, R2)),
)
FOLLOWED = (
    EscalationOpened(case_id=CASE, escalation_id=ESCALATED, ladder=Level.HIGH, ladder_version=1),
    of(Acknowledged, case_id=CASE, escalation_id=ESCALATED, covers_report_no=1),
    of(Acknowledged, case_id=CASE, escalation_id=ESCALATED, covers_report_no=2),
    ReportJudged(case_id=CASE, report_id=R1, acute=True, started=True),
    EscalationClosed(case_id=CASE, escalation_id=ESCALATED, covers_report_no=2, outcome=Outcome.UNFOUNDED),
)


def asked(name: str) -> Event:
    return of(
        MessageRequested,
        case_id=CASE,
        message_id=MessageId(named(name)),
        recipient=Recipient(kind=RecipientKind.PERSON, id=named("person")),
        purpose=Purpose.PAGE,
        template=Template.PAGE,
    )


MESSAGES = (asked("m1"), asked("m2"), MessageWithdrawn(case_id=CASE, message_id=MessageId(named("m1"))))


async def store_reports(ground: Ground) -> None:
    """Two stored reports, for facts to be about."""
    await ground.pool.execute("INSERT INTO cases (case_id, created_at, wrapped_key) VALUES ($1, $2, '')", CASE, NOON)
    for no, report_id in enumerate((R1, R2), start=1):
        await ground.pool.execute(
            """INSERT INTO reports (report_id, case_id, report_no, received_at, entered_at, legal_kind, reporter_kind,
                   receipt_route, unit, conflict_declared, already_supported, reference, body_sealed, reading)
               VALUES ($1, $2, $3, $4, $4, 'section_133', 'teacher', 'screen', 'unknown', false, false, 'x', '', 'none')
            """,
            report_id,
            CASE,
            no,
            NOON,
        )


async def load_people(ground: Ground) -> None:
    async with ground.pool.acquire() as conn:
        await seed.load(conn, seed.read(SEED))


async def nothing(_ground: Ground) -> None:
    """The service needs nothing before it hears."""


SERVICES: dict[str, tuple[Any, Sequence[On[Any]], Prepare, Sequence[Event], Sequence[str]]] = {
    "triage": (
        TRIAGE,
        TRIAGE_HEARS,
        nothing,
        (*REPORTS, READ),
        (
            "SELECT * FROM facts ORDER BY report_id",
            "SELECT * FROM links ORDER BY 1, 2",
            "SELECT case_id, rerate_at FROM cases ORDER BY 1",
            """SELECT DISTINCT ON (case_id) case_id, as_of, level, convert_from(rating, 'UTF8') FROM ratings
               ORDER BY case_id, rating_no DESC""",
        ),
    ),
    "escalation": (
        ESCALATION,
        ESCALATION_HEARS,
        load_people,
        (*REPORTS, *RATINGS),
        (
            "SELECT * FROM reports ORDER BY report_id",
            "SELECT * FROM ratings ORDER BY case_id, rating_no",
            "SELECT case_id, n, state, level, newest_report_no FROM escalations ORDER BY 1, 2",
            "SELECT rule, report_id, limit_at FROM deadlines ORDER BY 1, 2",
        ),
    ),
    "intake": (
        INTAKE,
        INTAKE_HEARS,
        store_reports,
        FOLLOWED,
        ("SELECT report_id, seen_at, judged_at, started, concluded_at FROM reports ORDER BY 1",),
    ),
    "notify": (
        NOTIFY,
        NOTIFY_HEARS,
        nothing,
        MESSAGES,
        (
            "SELECT message_id, case_id, state, requested_at, answer_by FROM messages ORDER BY 1",
            "SELECT * FROM withdrawals ORDER BY 1",
        ),
    ),
}


def told(events: Sequence[Event]) -> list[Told]:
    """The facts in their envelopes, a second apart."""
    return [
        (Envelope(EventId(named(f"event {n}")), event.type, "x", NOON + timedelta(seconds=n), n, None), event)
        for n, event in enumerate(events)
    ]


async def end(opened: OpenGround, service: str, facts: Sequence[Told]) -> list[list[tuple[Any, ...]]]:
    """What the service knows, on a database of its own, after hearing the facts in this order."""
    migrations, hears, prepare, _, questions = SERVICES[service]
    ground = await opened(service, migrations)
    await prepare(ground)
    inbox = Inbox(ground.transactions, hears)
    for envelope, event in facts:
        await inbox.take(envelope, event)
    return [[tuple(row) for row in await ground.pool.fetch(question)] for question in questions]


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("shuffle", range(4))
async def test_in_whatever_order_and_however_often_facts_come_the_end_is_the_same(
    ground: OpenGround, service: str, shuffle: int
) -> None:
    facts = told(SERVICES[service][3])
    chance = random.Random(shuffle)
    mixed = [*facts, *chance.sample(facts, k=len(facts))]
    chance.shuffle(mixed)
    if shuffle == 0:
        mixed = [*reversed(facts), *facts]
    expected = await end(ground, service, facts)
    assert all(expected), "the facts leave traces"
    assert await end(ground, service, mixed) == expected
