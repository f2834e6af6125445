"""Following a report with the words of its receipt."""

from datetime import timedelta
from typing import Any

from services.intake.app import SUBSCRIPTIONS
from shared.delivery.inbox import Inbox
from shared.events.codes import Outcome
from shared.events.envelope import Envelope
from shared.events.escalation import Acknowledged, EscalationClosed, ReportJudged
from shared.events.intake import ReportReceived
from shared.events.model import Event
from shared.ids import EscalationId, EventId, PersonId, new_id
from tests.integration.intake.conftest import Intake


async def tell(intake: Intake, event: Event) -> None:
    envelope = Envelope(EventId(new_id()), event.type, "escalation", intake.ground.clock.now(), 1, None)
    await Inbox(intake.ground.transactions, SUBSCRIPTIONS).take(envelope, event)


async def follow(intake: Intake, words: dict[str, Any]) -> dict[str, Any]:
    answer = await intake.client.post("/v1/receipt", json={"reference": words["reference"], "code": words["code"]})
    assert answer.status_code == 200, answer.text
    view: dict[str, Any] = answer.json()
    return view


async def report(intake: Intake, kind: str) -> tuple[dict[str, Any], ReportReceived]:
    answer = await intake.client.post("/v1/reports", json={"reporter": {"kind": kind}, "text": "Noget."})
    events = await intake.ground.published(ReportReceived)
    assert isinstance(events[-1], ReportReceived)
    return answer.json(), events[-1]


async def test_a_professional_follows_the_report_step_by_step(intake: Intake) -> None:
    words, event = await report(intake, "teacher")
    case_id, escalation_id = event.case_id, EscalationId(new_id())
    assert (await follow(intake, words))["state"] == "received"
    until = intake.ground.clock.now() + timedelta(hours=1)
    seen = Acknowledged(
        case_id=case_id,
        escalation_id=escalation_id,
        person_id=PersonId(new_id()),
        covers_report_no=1,
        promise_until=until,
    )
    await tell(intake, seen)
    assert (await follow(intake, words))["state"] == "seen"
    await tell(intake, ReportJudged(case_id=case_id, report_id=event.report_id, acute=True, started=True))
    view = await follow(intake, words)
    assert (view["state"], view["started"]) == ("judged", True)
    closed = EscalationClosed(
        case_id=case_id, escalation_id=escalation_id, covers_report_no=1, outcome=Outcome.SUPPORT_STARTED
    )
    await tell(intake, closed)
    assert (await follow(intake, words))["state"] == "concluded"


async def test_an_acknowledgement_covers_only_what_was_shown(intake: Intake) -> None:
    words, event = await report(intake, "teacher")
    seen = Acknowledged(
        case_id=event.case_id,
        escalation_id=EscalationId(new_id()),
        person_id=PersonId(new_id()),
        covers_report_no=0,
        promise_until=intake.ground.clock.now(),
    )
    await tell(intake, seen)
    assert (await follow(intake, words))["state"] == "received"


async def test_a_private_reporter_learns_only_that_it_was_received(intake: Intake) -> None:
    words, event = await report(intake, "family")
    await tell(intake, ReportJudged(case_id=event.case_id, report_id=event.report_id, acute=True, started=True))
    assert set(await follow(intake, words)) == {"received_at", "judge_by", "state"}


async def test_a_wrong_code_and_a_wrong_reference_answer_alike(intake: Intake) -> None:
    words, _ = await report(intake, "teacher")
    bodies: list[object] = [
        {"reference": words["reference"], "code": "00000000"},
        {"reference": "00000000", "code": words["code"]},
        {"reference": "\x00", "code": None},
        [],
    ]
    answers = [await intake.client.post("/v1/receipt", json=body) for body in bodies]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
