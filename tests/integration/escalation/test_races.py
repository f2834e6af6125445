"""Two things at one instant, on connections of their own: PostgreSQL decides, and only allowed outcomes happen."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import httpx2
import pytest

from shared.events.codes import Level
from shared.events.escalation import Acknowledged
from shared.evidence import broken_at
from shared.ids import CaseId
from tests.integration.escalation.conftest import AASE, BO, CARLA, DITTE, Json, Service, asked
from tests.support.races import REPETITIONS

pytestmark = pytest.mark.race


async def _at_once(*acts: Coroutine[Any, Any, Any]) -> list[Any]:
    return await asyncio.gather(*acts)


async def _whole(service: Service, case_id: CaseId) -> None:
    """The chain of evidence holds, and there is at most one open escalation with one next moment."""
    async with service.ground.pool.acquire() as conn:
        assert await broken_at(conn, case_id, service.ground.macs) is None
        open_ones = await conn.fetch(
            "SELECT next_at FROM escalations WHERE case_id = $1 AND state <> 'closed'", case_id
        )
    assert len(open_ones) <= 1
    assert all(row["next_at"] is not None for row in open_ones)


@pytest.mark.timeout(600)
async def test_an_answer_and_a_new_report_leave_nothing_unseen_unanswered(service: Service) -> None:
    for n in range(REPETITIONS):
        case_id, _ = await service.opened(Level.ACUTE)
        answer, _ = await _at_once(
            service.act(AASE, f"cases/{case_id}/acknowledge", covers_report_no=1),
            service.hear(service.report(case_id, 2)),
        )
        assert answer.status_code == 200, n
        case = await service.case(case_id)
        assert (case["escalation"]["state"], case["escalation"]["acknowledged_report_no"]) == ("paging", 1)
        assert asked(case) == [AASE]
        await _whole(service, case_id)


@pytest.mark.timeout(600)
async def test_two_answers_at_once_make_one_person_responsible(service: Service) -> None:
    for _ in range(REPETITIONS):
        case_id, _ = await service.opened(Level.ACUTE)
        answers = await _at_once(
            *(service.act(who, f"cases/{case_id}/acknowledge", covers_report_no=1) for who in (AASE, BO))
        )
        assert [answer.status_code for answer in answers] == [200, 200]
        case = await service.case(case_id)
        assert case["escalation"]["state"] == "acknowledged"
        assert case["escalation"]["responsible"] in (str(AASE), str(BO))
        told = [each for each in await service.ground.published(Acknowledged) if each.case_id == case_id]
        assert isinstance(told[-1], Acknowledged)
        assert str(told[-1].person_id) == case["escalation"]["responsible"]
        await _whole(service, case_id)


async def _closing(service: Service) -> tuple[CaseId, Json]:
    case_id, report = await service.opened(Level.HIGH)
    await service.did(AASE, f"cases/{case_id}/acknowledge", case_id, covers_report_no=1)
    await service.did(CARLA, f"reports/{report.report_id}/judgement", case_id, acute=False, started=True)
    return case_id, await service.did(AASE, f"cases/{case_id}/close", case_id, outcome="advised", reason="Rådgivet.")


async def _countersign(service: Service, who: Any, closing: Json, *, agree: bool = True) -> httpx2.Response:
    path = f"countersign/{closing['countersigns'][0]['id']}"
    return await service.act(who, path, version=closing["version"], agree=agree, reason="Set.")


@pytest.mark.timeout(600)
async def test_a_closing_and_a_new_report_never_close_what_nobody_has_seen(service: Service) -> None:
    for _ in range(REPETITIONS):
        case_id, report = await service.opened(Level.HIGH)
        await service.did(AASE, f"cases/{case_id}/acknowledge", case_id, covers_report_no=1)
        read = await service.did(CARLA, f"reports/{report.report_id}/judgement", case_id, acute=False, started=True)
        answer, _ = await _at_once(_close(service, AASE, read), service.hear(service.report(case_id, 2)))
        case = await service.case(case_id)
        asked_for = [each["state"] for each in case["countersigns"]]
        assert (answer.status_code, asked_for, case["escalation"]["state"]) in (
            (200, ["void"], "paging"),  # asked, then void
            (409, [], "paging"),  # the report was first
        )
        await _whole(service, case_id)


async def _close(service: Service, who: Any, read: Json) -> httpx2.Response:
    path, words = f"cases/{read['case_id']}/close", {"outcome": "advised", "reason": "Rådgivet."}
    return await service.act(who, path, version=read["version"], **words)


@pytest.mark.timeout(600)
async def test_a_closing_a_countersign_and_a_new_report_never_close_what_nobody_has_seen(service: Service) -> None:
    for _ in range(REPETITIONS):
        case_id, closing = await _closing(service)
        answer, again, _ = await _at_once(
            _countersign(service, DITTE, closing),
            _close(service, BO, closing),
            service.hear(service.report(case_id, 2)),
        )
        assert again.status_code == 409
        case = await service.case(case_id)
        same = case["escalation"]["escalation_id"] == closing["escalation"]["escalation_id"]
        assert (answer.status_code, same, case["escalation"]["state"]) in {
            (200, False, "paging"),  # closed, then a new one
            (409, True, "paging"),  # the report was first: nothing is closed
        }
        await _whole(service, case_id)


@pytest.mark.timeout(600)
async def test_two_countersigns_at_once_are_one_answer(service: Service) -> None:
    for _ in range(REPETITIONS):
        case_id, closing = await _closing(service)
        answers = await _at_once(
            _countersign(service, DITTE, closing), _countersign(service, CARLA, closing, agree=False)
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        case = await service.case(case_id)
        first = "closed" if answers[0].status_code == 200 else "acknowledged"
        assert case["escalation"]["state"] == first
        await _whole(service, case_id)


@pytest.mark.timeout(600)
async def test_an_exclusion_and_a_page_never_leave_the_excluded_one_asked(service: Service) -> None:
    for _ in range(REPETITIONS):
        case_id, _ = await service.opened(level=None)
        service.ground.clock.pass_by(seconds=20)
        answer, _ = await _at_once(service.act(AASE, f"cases/{case_id}/conflict"), service.tick())
        assert answer.status_code == 204
        await service.tick()
        assert asked(await service.case(case_id, BO)) == [BO]
        await _whole(service, case_id)


@pytest.mark.timeout(600)
async def test_two_ticks_at_once_page_once(service: Service) -> None:
    for _ in range(REPETITIONS):
        case_id, _ = await service.opened(level=None)
        service.ground.clock.pass_by(seconds=20)
        await _at_once(service.tick(), service.tick(), service.tick())
        assert len((await service.case(case_id))["pages"]) == 1
        await _whole(service, case_id)
