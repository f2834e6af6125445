"""Following a report with the words of its receipt."""

import re
from datetime import timedelta
from typing import Any

import pytest

from services.intake.app import SUBSCRIPTIONS
from shared.delivery.inbox import Inbox
from shared.events.codes import Outcome, Verification
from shared.events.envelope import Envelope
from shared.events.escalation import Acknowledged, EscalationClosed, ReporterVerified, ReportJudged
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


def employee(intake: Intake) -> dict[str, str]:
    """The header of somebody who works for the municipality, and is nothing in this product."""
    return intake.ground.bearer(new_id(), "reporter")


async def report(
    intake: Intake, kind: str, headers: dict[str, str] | None = None
) -> tuple[dict[str, Any], ReportReceived]:
    body = {"reporter": {"kind": kind}, "text": "Noget."}
    answer = await intake.client.post("/v1/reports", json=body, headers=headers or {})
    assert answer.status_code == 201
    events = await intake.ground.published(ReportReceived)
    assert isinstance(events[-1], ReportReceived)
    return answer.json(), events[-1]


async def happen(intake: Intake, event: ReportReceived) -> None:
    """Everything that can happen to a report: seen, judged with something started, concluded."""
    case_id, escalation_id = event.case_id, EscalationId(new_id())
    now, somebody = intake.ground.clock.now(), PersonId(new_id())
    await tell(
        intake,
        Acknowledged(
            case_id=case_id, escalation_id=escalation_id, person_id=somebody, covers_report_no=9, promise_until=now
        ),
    )
    await tell(intake, ReportJudged(case_id=case_id, report_id=event.report_id, acute=True, started=True))
    outcome = Outcome.SUPPORT_STARTED
    await tell(
        intake, EscalationClosed(case_id=case_id, escalation_id=escalation_id, covers_report_no=9, outcome=outcome)
    )


@pytest.mark.parametrize("kind", ["teacher", "work", "police", "family"])
@pytest.mark.parametrize("token", [None, "Bearer forged.token.here", "Basic x"])
async def test_whoever_only_says_who_they_are_is_told_the_same_bytes_for_ever(
    intake: Intake, kind: str, token: str | None
) -> None:
    words, event = await report(intake, kind, {"Authorization": token} if token else None)
    assert event.reporter_verified is None
    own = {"reference": words["reference"], "code": words["code"]}
    await intake.client.post("/v1/receipt/additions", json={**own, "text": "Mere."})

    async def told() -> list[bytes]:
        asked = await intake.client.post("/v1/receipt", json=own)
        screen = await intake.client.post("/receipt", data=own, headers={"Accept": "text/html"}, follow_redirects=True)
        assert "Vi har din underretning" in screen.text
        return [asked.content, re.sub(rb'name="key" value="[^"]*"', b"", screen.content)]

    before = await told()
    await happen(intake, event)
    intake.ground.clock.pass_by(hours=30)
    assert await told() == before


async def test_a_call_back_to_the_workplace_opens_the_receipt_and_is_kept_as_evidence(intake: Intake) -> None:
    words, event = await report(intake, "teacher")
    own = {"reference": words["reference"], "code": words["code"]}
    await intake.client.post("/v1/receipt/additions", json={**own, "text": "Mere."})
    await happen(intake, event)
    verified = ReporterVerified(case_id=event.case_id, report_id=event.report_id, how=Verification.CALLED_BACK)
    for _ in range(2):
        await tell(intake, verified)
    view = await follow(intake, words)
    assert view["state"] == "concluded"
    assert [each["state"] for each in view["additions"]] == ["concluded"]
    acts = await intake.ground.pool.fetch("SELECT facts FROM evidence WHERE act = 'reporter_verified'")
    assert len(acts) == 1


async def test_the_sign_in_at_send_is_told_with_the_report_and_not_changed_by_a_call_back(intake: Intake) -> None:
    _, event = await report(intake, "teacher", employee(intake))
    assert event.reporter_verified is Verification.SIGNED_IN
    verified = ReporterVerified(case_id=event.case_id, report_id=event.report_id, how=Verification.CALLED_BACK)
    await tell(intake, verified)
    assert await intake.ground.pool.fetchval("SELECT reporter_verified FROM reports") == "signed_in"


async def test_a_verified_professional_follows_the_report_step_by_step(intake: Intake) -> None:
    words, event = await report(intake, "teacher", employee(intake))
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
    words, event = await report(intake, "teacher", employee(intake))
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
    words, event = await report(intake, "family", employee(intake))
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
