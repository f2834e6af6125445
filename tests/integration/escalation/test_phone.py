"""A call about a case: the one who takes it answers for what was shown, and intake keeps what was said."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from services.escalation.web.entries import Entries
from services.intake.app import MIGRATIONS as INTAKE
from shared.events.intake import ReportReceived
from shared.ids import CaseId
from tests.conftest import OpenGround
from tests.integration.escalation.conftest import AASE, BO, Service, door
from tests.support.intake import intake_door
from tests.support.services import Ground

SAID = "Faderen har fundet hendes telefon."


@pytest.fixture
async def intake(ground: OpenGround) -> Ground:
    return await ground("intake", INTAKE)


@pytest.fixture
async def both(service: Service, intake: Ground) -> AsyncIterator[Service]:
    """escalation, with intake's door behind it."""
    transport = httpx2.ASGITransport(intake_door(intake))
    async with httpx2.AsyncClient(transport=transport, base_url="http://intake") as client:
        entries = Entries("http://intake", service.ground.tokens, client)
        async with door(service.ground, entries) as opened:
            yield opened


async def _known(both: Service, intake: Ground) -> CaseId:
    """A case that both know."""
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(intake_door(intake))) as reporter:
        await reporter.post("http://intake/v1/reports", json={"children": [{"cpr": "010112-9999"}]})
    [first] = await _told(intake)
    await both.hear(first)
    return first.case_id


async def _told(intake: Ground) -> list[ReportReceived]:
    return [each for each in await intake.published(ReportReceived) if isinstance(each, ReportReceived)]


async def _call(both: Service, case_id: CaseId, **changes: Any) -> httpx2.Response:
    body = {"received_at": both.now.isoformat(), "text": SAID, "covers_report_no": 1}
    return await both.act(AASE, f"cases/{case_id}/phone-report", **body | changes)


async def test_a_call_is_answered_for_and_becomes_the_next_report_of_the_case(both: Service, intake: Ground) -> None:
    case_id = await _known(both, intake)
    answer = await _call(both, case_id)
    assert answer.status_code == 200
    assert (answer.json()["escalation"]["state"], len(answer.json()["sent"]["reference"])) == ("acknowledged", 8)
    _, second = await _told(intake)
    assert (second.case_id, second.report_no, second.entered_by) == (case_id, 2, AASE)
    await both.hear(second)
    case = await both.case(case_id)
    assert (case["escalation"]["state"], case["escalation"]["acknowledged_report_no"]) == ("acknowledged", 2)


async def test_what_was_said_stays_nowhere_in_escalation(both: Service, intake: Ground) -> None:
    await _call(both, await _known(both, intake))
    async with both.ground.pool.acquire() as conn:
        tables = await conn.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for table in tables:
            rows = await conn.fetch(f'SELECT t::text AS row FROM "{table["tablename"]}" t')
            assert not any("telefon" in row["row"] for row in rows), table["tablename"]


async def test_the_same_call_sent_twice_is_one_report(both: Service, intake: Ground) -> None:
    case_id = await _known(both, intake)
    first, second = await _call(both, case_id), await _call(both, case_id)
    assert first.json()["sent"] == second.json()["sent"]
    assert len(await _told(intake)) == 2


async def test_nothing_is_written_down_about_a_case_that_is_not_theirs(both: Service, intake: Ground) -> None:
    case_id = await _known(both, intake)
    await both.act(AASE, f"cases/{case_id}/conflict")
    assert (await _call(both, case_id)).status_code == 404
    assert (await _call(both, case_id, covers_report_no=9)).status_code == 404
    assert len(await _told(intake)) == 1


async def test_nothing_is_written_down_by_who_was_not_shown_the_case(both: Service, intake: Ground) -> None:
    case_id = await _known(both, intake)
    assert (await _call(both, case_id, covers_report_no=2)).status_code == 409
    assert len(await _told(intake)) == 1


async def test_a_call_that_intake_does_not_take_is_said_to_be_stored_nowhere(service: Service) -> None:
    case_id, _ = await service.opened()

    async def dead(_request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("away")

    client = httpx2.AsyncClient(transport=httpx2.MockTransport(dead))
    async with client, door(service.ground, Entries("http://intake", service.ground.tokens, client)) as opened:
        body = {"received_at": service.now.isoformat(), "text": SAID, "covers_report_no": 1}
        answer = await opened.act(BO, f"cases/{case_id}/phone-report", **body)
    assert (answer.status_code, answer.json()["status"]) == (503, 503)
    assert "telefon" not in answer.text
    assert (await service.case(case_id))["escalation"]["responsible"] == str(BO)
