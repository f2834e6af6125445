"""Reports that staff write down: with their true time, and into the case that escalation names."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from services.intake import app
from services.intake.web import phone
from services.intake.web import receipt as receipt_pages
from services.intake.web.reports import Door
from shared.auth.people import Person, Role
from shared.events.intake import ReportReceived
from shared.ids import PersonId, new_id
from shared.web.application import application
from shared.web.screens import Screens
from tests.integration.intake.conftest import Intake
from tests.support.intake import intake_settings

WHO = new_id()
REPORT = {"children": [{"cpr": "010112-9999", "age_band": "6-12"}], "text": "Hun ringede fra skolen.", "answers": []}


async def write_down(intake: Intake, *roles: str, **body: Any) -> httpx2.Response:
    """A call that a person of these roles writes down."""
    headers = intake.ground.bearer(WHO, *(roles or ("consultant",)))
    return await intake.client.post("/v1/reports/phone", json=REPORT | body, headers=headers)


async def told(intake: Intake) -> list[ReportReceived]:
    """The reports that were told of."""
    return [each for each in await intake.ground.published(ReportReceived) if isinstance(each, ReportReceived)]


async def test_the_clock_of_a_call_starts_when_it_was_made(intake: Intake) -> None:
    said = intake.ground.clock.now() - timedelta(hours=30)
    answer = await write_down(intake, received_at=said.isoformat())
    assert answer.status_code == 201
    assert datetime.fromisoformat(answer.json()["received_at"]) == said
    assert datetime.fromisoformat(answer.json()["judge_by"]) == said + timedelta(hours=24)
    assert answer.json()["unread"] == []
    [event] = await told(intake)
    assert (event.received_at, event.entered_at, event.entered_by) == (said, intake.ground.clock.now(), WHO)
    assert event.receipt_given_at is None


@pytest.mark.parametrize("when", [None, "i går", 7, "2026-03-10T12:00:00", "2099-01-01T00:00:00Z"])
async def test_a_time_that_cannot_be_read_or_has_not_come_counts_as_now(intake: Intake, when: Any) -> None:
    answer = await write_down(intake, **({} if when is None else {"received_at": when}))
    assert (answer.status_code, answer.json()["unread"]) == (201, ["received_at"])
    assert datetime.fromisoformat(answer.json()["received_at"]) == intake.ground.clock.now()


async def test_only_staff_write_calls_down(intake: Intake) -> None:
    assert (await intake.client.post("/v1/reports/phone", json=REPORT)).status_code == 401
    for role in ("reporter", "leader", "operator"):
        assert (await write_down(intake, role)).status_code == 403
    assert (await write_down(intake, "authority")).status_code == 201


async def test_the_same_call_written_down_twice_is_one_report(intake: Intake) -> None:
    said = intake.ground.clock.now().isoformat()
    first = await write_down(intake, received_at=said)
    assert (await write_down(intake, received_at=said)).json() == first.json()
    assert len(await told(intake)) == 1


async def _granted(intake: Intake, **grant: str) -> httpx2.Response:
    services = intake.ground.tokens_of("escalation")
    headers = {"Authorization": f"Bearer {services.token('intake', grant)}"}
    body = {"received_at": intake.ground.clock.now().isoformat(), "text": "Hun er flyttet."}
    return await intake.client.post("/internal/reports/phone", json=body, headers=headers)


async def test_a_call_about_a_known_case_joins_it_without_a_cpr_number(intake: Intake) -> None:
    await intake.client.post("/v1/reports", json=REPORT)
    [first] = await told(intake)
    answer = await _granted(intake, case_id=str(first.case_id), person_id=str(WHO))
    assert answer.status_code == 201
    _, second = await told(intake)
    assert (second.case_id, second.report_no, second.entered_by) == (first.case_id, 2, WHO)
    assert second.children == first.children


async def test_a_case_is_named_by_escalations_grant_alone(intake: Intake) -> None:
    await intake.client.post("/v1/reports", json=REPORT)
    [first] = await told(intake)
    assert (await _granted(intake, case_id=str(first.case_id))).status_code == 401
    assert (await _granted(intake, case_id=str(new_id()), person_id=str(WHO))).status_code == 404
    notify = intake.ground.tokens_of("notify").token("intake", {"case_id": str(first.case_id), "person_id": str(WHO)})
    refused = await intake.client.post(
        "/internal/reports/phone", json={}, headers={"Authorization": f"Bearer {notify}"}
    )
    assert refused.status_code == 401
    assert len(await told(intake)) == 1


@dataclass
class SignedIn:
    """A browser on which somebody is signed in, or nobody."""

    app: ASGIApp
    person: Person | None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app({**scope, "state": {"person": self.person}}, receive, send)


def browser(intake: Intake, *roles: Role) -> httpx2.AsyncClient:
    """A browser before the screen for calls, signed in where roles are named."""
    person = Person(PersonId(WHO), frozenset(roles), frozenset({"*"}), intake.ground.clock.now()) if roles else None
    door = Door(intake.ground.transactions, intake.secrets, "70 20 00 00")
    settings = intake_settings(intake.ground)
    screens = Screens(Path(app.__file__).parent / "web", settings, settings.shown)

    async def ready() -> list[str]:
        return []

    site = SignedIn(
        application(
            [*phone.screens_of(door, screens), *receipt_pages.routes(door, screens)], ready=ready, screens=screens
        ),
        person,
    )
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(site), base_url="http://intake")


async def test_a_call_is_written_down_on_the_screen_with_its_time(intake: Intake) -> None:
    async with browser(intake, Role.CONSULTANT) as client:
        form = await client.get("/phone")
        assert 'name="received_at" value="2026-03-10T13:00"' in form.text
        fields = {"received_at": "2026-03-09T15:30", "text": "Hun ringede.", "age": "13-17", "key": "k"}
        receipt = await client.post("/phone", data=fields, follow_redirects=True)
    assert "Vi har din underretning" in receipt.text
    [event] = await told(intake)
    assert event.received_at == datetime(2026, 3, 9, 14, 30, tzinfo=UTC)
    assert event.entered_by == WHO


async def test_what_has_no_possible_time_is_shown_again_with_every_word(intake: Intake) -> None:
    async with browser(intake, Role.AUTHORITY) as client:
        answer = await client.post("/phone", data={"received_at": "2026-03-11T15:30", "text": "Hun ringede."})
    assert answer.status_code == 422
    assert "Hun ringede." in answer.text
    assert await told(intake) == []


async def test_what_was_written_in_a_call_survives_that_the_session_has_ended(intake: Intake) -> None:
    fields = {"received_at": "2026-03-09T15:30", "text": "Hun ringede.", "key": "k"}
    ours = {"Sec-Fetch-Site": "same-origin"}
    async with browser(intake) as ended, browser(intake, Role.CONSULTANT) as again:
        answer = await ended.post("/phone", data=fields, headers=ours)
        assert (answer.status_code, await told(intake)) == (401, [])
        assert "Hun ringede.</textarea>" in answer.text
        kept = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', answer.text))
        for _ in range(2):
            await again.post("/phone", data={**kept, "text": "Hun ringede."}, headers=ours)
    assert len(await told(intake)) == 1


async def test_nobody_else_reaches_the_screen_for_calls(intake: Intake) -> None:
    async with browser(intake) as stranger, browser(intake, Role.LEADER) as leader:
        assert (await stranger.get("/phone")).headers["location"] == "/sign-in?to=/phone"
        assert (await leader.get("/phone")).status_code == 403
