"""What people do with a case besides taking and closing it: raise, lower by two, hand over, answer by phone."""

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from services.escalation import tick
from shared.events.codes import Level
from shared.events.escalation import Acknowledged, MessageRequested, NobodyReachable
from shared.events.intake import ReportReceived
from shared.events.notify import MessageAccepted
from shared.ids import CaseId, MessageId, PersonId, new_id
from tests.integration.escalation.conftest import AASE, BO, CARLA, DITTE, ERIK, Json, Service, asked

WHY = "Pigen ringede selv."


async def test_a_raise_pages_on_the_higher_ladder_at_once(service: Service) -> None:
    case_id, _ = await service.opened(Level.LOW)
    case = await service.did(BO, f"cases/{case_id}/raise", case_id, level="acute", reason=WHY)
    assert (case["level"], case["escalation"]["ladder"], asked(case)) == ("acute", "acute", [AASE])
    stored = await service.ground.pool.fetchval("SELECT reason FROM raises")
    assert WHY.encode() not in stored


async def test_a_raise_to_what_it_is_already_is_refused(service: Service) -> None:
    case_id, _ = await service.opened(Level.HIGH)
    version = (await service.case(case_id))["version"]
    answer = await service.act(BO, f"cases/{case_id}/raise", version=version, level="high", reason=WHY)
    assert (answer.status_code, answer.json()["state"]) == (409, "paging")
    assert await service.ground.pool.fetchval("SELECT count(*) FROM raises") == 0


async def test_the_responsible_persons_own_raise_renews_the_promise_and_pages_nobody(service: Service) -> None:
    case_id, _ = await service.opened(Level.HIGH)
    await service.did(AASE, f"cases/{case_id}/acknowledge", case_id, covers_report_no=1, promise_minutes=5)
    case = await service.did(AASE, f"cases/{case_id}/raise", case_id, level="acute", reason=WHY)
    assert (case["escalation"]["state"], asked(case)) == ("acknowledged", [])
    assert case["escalation"]["next_at"] == (service.now + timedelta(minutes=60)).isoformat()


async def _taken(service: Service, level: Level = Level.ACUTE) -> tuple[Json, Json]:
    case_id, report = await service.opened(level)
    case = await service.did(AASE, f"cases/{case_id}/acknowledge", case_id, covers_report_no=1)
    lowering = await service.did(AASE, f"cases/{case_id}/lower", case_id, level="low", reason="Misforstået.")
    assert report.report_no == 1
    return case, lowering


async def test_nothing_is_lowered_until_a_second_person_agrees(service: Service) -> None:
    case, lowering = await _taken(service)
    assert (lowering["level"], lowering["escalation"]) == ("acute", case["escalation"])
    [asks] = lowering["countersigns"]
    assert (asks["act"], asks["asks"], asks["state"]) == ("lower", "low", "asked")
    answer = {"version": lowering["version"], "agree": True, "reason": "Enig."}
    assert (await service.act(AASE, f"countersign/{asks['id']}", **answer)).status_code == 403
    lowered = (await service.act(DITTE, f"countersign/{asks['id']}", **answer)).json()
    assert (lowered["level"], lowered["escalation"]["peak"], lowered["rating"]["level"]) == ("low", "acute", "acute")


async def test_a_refused_lowering_lowers_nothing(service: Service) -> None:
    case, lowering = await _taken(service)
    path = f"countersign/{lowering['countersigns'][0]['id']}"
    refused = await service.act(DITTE, path, version=lowering["version"], agree=False, reason="Nej.")
    assert (refused.json()["level"], refused.json()["countersigns"][0]["state"]) == ("acute", "refused")
    assert refused.json()["escalation"] == case["escalation"]


async def test_a_new_report_voids_a_lowering_that_waits(service: Service) -> None:
    _, lowering = await _taken(service)
    await service.hear(service.report(lowering["case_id"], 2))
    case = await service.case(lowering["case_id"])
    assert (case["countersigns"][0]["state"], case["level"]) == ("void", "acute")


async def test_a_promise_that_passes_leaves_a_lowering_waiting(service: Service) -> None:
    _, lowering = await _taken(service)
    await service.tick(minutes=60)
    assert (await service.case(lowering["case_id"]))["countersigns"][0]["state"] == "asked"


async def test_a_lowering_holds_for_old_ratings_and_not_for_new_ones(service: Service) -> None:
    case_id, report = await service.opened(Level.ACUTE)
    await service.did(AASE, f"cases/{case_id}/acknowledge", case_id, covers_report_no=1)
    lowering = await service.did(AASE, f"cases/{case_id}/lower", case_id, level="low", reason="Misforstået.")
    path = f"countersign/{lowering['countersigns'][0]['id']}"
    await service.hear(service.rating(Level.ACUTE, report, no=3))
    version = (await service.case(case_id))["version"]
    await service.act(DITTE, path, version=version, agree=True, reason="Enig.")
    await service.hear(service.rating(Level.ACUTE, report, no=2))
    assert (await service.case(case_id))["level"] == "low"
    await service.hear(service.rating(Level.HIGH, report, no=4))
    case = await service.case(case_id)
    assert (case["level"], asked(case)) == ("high", [AASE])


async def test_a_case_is_handed_over_when_the_other_person_takes_it(service: Service) -> None:
    case_id, _ = await service.opened(Level.HIGH)
    await service.did(AASE, f"cases/{case_id}/acknowledge", case_id, covers_report_no=1)
    offered = await service.did(AASE, f"cases/{case_id}/handover", case_id, to=str(BO), note="Ring til skolen kl. 8.")
    assert (offered["escalation"]["responsible"], offered["handover"]["to"]) == (str(AASE), str(BO))
    notices = [each for each in await service.ground.published(MessageRequested) if each.recipient.id == BO]  # type: ignore[attr-defined]
    assert [each.purpose for each in notices] == ["notice"]  # type: ignore[attr-defined]
    taken = await service.did(BO, f"cases/{case_id}/acknowledge", case_id, covers_report_no=1)
    assert (taken["escalation"]["responsible"], taken["handover"]) == (str(BO), None)


@pytest.mark.parametrize("to", [ERIK, new_id()])
async def test_a_case_is_not_offered_to_who_could_not_take_it(service: Service, to: PersonId) -> None:
    case_id, _ = await service.opened(Level.HIGH)
    case = await service.did(AASE, f"cases/{case_id}/acknowledge", case_id, covers_report_no=1)
    answer = await service.act(AASE, f"cases/{case_id}/handover", version=case["version"], to=str(to), note="x")
    assert (answer.status_code, answer.json()["title"]) == (409, "may not take")


async def test_an_excluded_person_reads_like_any_other_who_could_not_take_it(service: Service) -> None:
    case_id, _ = await service.opened(Level.HIGH)
    await service.act(BO, f"cases/{case_id}/conflict")
    case = await service.did(AASE, f"cases/{case_id}/acknowledge", case_id, covers_report_no=1)
    answers = [
        await service.act(AASE, f"cases/{case_id}/handover", version=case["version"], to=str(to), note="x")
        for to in (BO, new_id())
    ]
    assert answers[0].content == answers[1].content


async def test_an_answer_by_phone_about_a_closed_case_is_written_down_once(service: Service) -> None:
    case_id, report = await service.opened(Level.LOW)
    await service.did(BO, f"cases/{case_id}/acknowledge", case_id, covers_report_no=1)
    await service.did(CARLA, f"reports/{report.report_id}/judgement", case_id, acute=False, started=False)
    case = await service.did(BO, f"cases/{case_id}/close", case_id, outcome="unfounded", reason="Intet.")
    said = {"person_id": str(BO), "said_at": service.now.isoformat(), "covers_report_no": 1, "version": case["version"]}
    answers = [await service.act(DITTE, f"cases/{case_id}/phone-answer", **said) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 409]
    assert answers[1].json()["type"] == "urn:beredskab:problem:stale"


async def test_an_answer_by_phone_is_written_down_by_a_leader_with_its_true_time(service: Service) -> None:
    case_id, _ = await service.opened(Level.ACUTE)
    said_at = service.now + timedelta(minutes=1)
    service.ground.clock.pass_by(minutes=2)
    await service.hear(service.report(case_id, 2))
    service.ground.clock.pass_by(minutes=30)
    body = {"person_id": str(BO), "said_at": said_at.isoformat(), "promise_minutes": 60}
    version = (await service.case(case_id))["version"]
    path = f"cases/{case_id}/phone-answer"
    assert (await service.act(AASE, path, version=version, covers_report_no=1, **body)).status_code == 403
    too_much = await service.act(DITTE, path, version=version, covers_report_no=2, **body)
    assert too_much.status_code == 409
    case = (await service.act(DITTE, path, version=version, covers_report_no=1, **body)).json()
    assert (case["escalation"]["state"], case["escalation"]["responsible"]) == ("paging", str(BO))
    assert asked(case) == [BO]
    [told] = await service.ground.published(Acknowledged)
    assert isinstance(told, Acknowledged)
    assert (told.covers_report_no, told.promise_until) == (1, said_at + timedelta(minutes=60))


async def test_what_the_responsible_person_writes_down_pages_nobody(service: Service) -> None:
    case_id, first = await service.opened(Level.HIGH)
    await service.did(AASE, f"cases/{case_id}/acknowledge", case_id, covers_report_no=1)
    second = service.report(case_id, 2, entered_by=PersonId(AASE))
    await service.hear(second, service.rating(Level.ACUTE, first, second, no=2))
    case = await service.case(case_id)
    assert (case["escalation"]["state"], case["escalation"]["acknowledged_report_no"]) == ("acknowledged", 2)
    assert (case["level"], asked(case)) == ("acute", [])
    told = await service.ground.published(Acknowledged)
    assert [each.covers_report_no for each in told if isinstance(each, Acknowledged)] == [1, 2, 2]


async def test_a_child_judged_before_is_shown_where_nobody_else_is_on_duty(service: Service) -> None:
    case_id, report = await service.opened(Level.LOW)
    await service.did(AASE, f"cases/{case_id}/acknowledge", case_id, covers_report_no=1)
    async with service.ground.pool.acquire() as conn:
        for who in (AASE, BO):
            n = 1 if who == AASE else 2
            row = (report.report_id, n, False, False, who, service.now)
            await conn.execute("INSERT INTO judgements VALUES ($1, $2, $3, $4, $5, $6)", *row)
    second = service.report(case_id, 2)
    await service.hear(second, service.rating(Level.ACUTE, second, no=2))
    case = await service.case(case_id)
    assert case["escalation"]["fresh_eyes"]
    assert [page["not_fresh"] for page in case["pages"] if page["state"] == "requested"] == [True]


async def _judgement(service: Service, case_id: CaseId, report: ReportReceived) -> None:
    row = (report.report_id, 1, False, False, AASE, service.now)
    await service.ground.pool.execute("INSERT INTO judgements VALUES ($1, $2, $3, $4, $5, $6)", *row)


async def _assessment(service: Service, case_id: CaseId, report: ReportReceived) -> None:
    words = {"covers_report_no": report.report_no, "level": "low", "acute": False, "answers": {}}
    assert (await service.act(AASE, f"cases/{case_id}/assessment", **words)).status_code == 201


async def _hold(service: Service, case_id: CaseId, report: ReportReceived) -> None:
    row = (case_id, json.dumps({str(case_id): report.report_no}), AASE, service.now)
    await service.ground.pool.execute(
        """INSERT INTO lifts (case_id, recipient, n, action, covers, until, person_id, at, reason, mediation)
           VALUES ($1, 'mother', 1, 'reinstate', $2, NULL, $3, $4, '', false)""",
        *row,
    )


@pytest.mark.parametrize("judges", [_judgement, _assessment, _hold])
@pytest.mark.parametrize("linked", [False, True], ids=["this case", "a linked case"])
async def test_somebody_who_has_not_judged_the_child_is_asked_first(
    service: Service, judges: Callable[..., Awaitable[None]], linked: bool
) -> None:
    case_id, report = await service.opened(Level.LOW)
    await judges(service, case_id, report)
    of = CaseId(new_id()) if linked else case_id
    later = service.report(of, 1 if linked else 2, linked_case_ids=(case_id,) if linked else ())
    await service.hear(later, service.rating(Level.ACUTE, later, no=2))
    case = await service.case(of)
    assert (asked(case), case["pages"][-1]["not_fresh"], case["escalation"]["fresh_eyes"]) == ([BO], False, True)


async def test_taking_a_case_is_not_judging_it(service: Service) -> None:
    case_id, _ = await service.opened(Level.HIGH)
    await service.did(AASE, f"cases/{case_id}/acknowledge", case_id, covers_report_no=1)
    await service.hear(service.report(case_id, 2))
    case = await service.case(case_id)
    assert (asked(case), case["escalation"]["fresh_eyes"]) == ([AASE], False)


async def test_who_judged_the_newest_report_with_fresh_eyes_goes_on_with_it(service: Service) -> None:
    case_id, report = await service.opened(Level.LOW, already_supported=True)
    await service.did(AASE, f"cases/{case_id}/acknowledge", case_id, covers_report_no=1)
    await _judgement(service, case_id, report)
    await service.hear(service.rating(Level.ACUTE, report, no=2))
    case = await service.case(case_id)
    assert (asked(case), case["pages"][-1]["not_fresh"]) == ([AASE], False)


async def test_a_canary_ends_with_the_providers_yes_and_is_in_no_list(service: Service) -> None:
    case_id, report = await service.opened(Level.ACUTE, canary=True)
    assert (await service.ask(AASE, "work")).json() == {"work": []}
    [page] = await service.ground.published(MessageRequested)
    assert isinstance(page, MessageRequested)
    assert page.canary
    codes = {"purpose": "page", "channel": "email", "template": "page", "template_version": 1, "text_sha256": "0" * 64}
    named = MessageId(page.message_id)
    await service.hear(MessageAccepted(case_id=case_id, message_id=named, report_id=report.report_id, **codes))
    assert await service.ground.pool.fetch("SELECT state, next_at FROM escalations") == [("closed", None)]
    for table in ("deadlines", "evidence"):
        assert await service.ground.pool.fetchval(f"SELECT count(*) FROM {table}") == 0
    assert (await service.ask(AASE, f"cases/{case_id}")).status_code == 404


async def test_a_canary_that_reaches_nobody_alarms_nobody(service: Service) -> None:
    case_id, _ = await service.opened(Level.ACUTE, canary=True)
    for _ in range(8):
        for each in await service.ground.pool.fetch("SELECT message_id FROM pages WHERE state = 'requested'"):
            await service.lose({"message_id": str(each["message_id"])}, case_id)
        await service.tick(minutes=3)
    assert await service.ground.published(NobodyReachable) == []
    assert await service.ground.pool.fetchval("SELECT count(*) FROM alarms") == 0
    asked_for = await service.ground.published(MessageRequested)
    assert all(isinstance(each, MessageRequested) and each.canary for each in asked_for)


async def test_a_canary_is_erased_after_its_day_and_nothing_else_is(service: Service) -> None:
    real, _ = await service.opened(Level.ACUTE)
    await service.opened(Level.ACUTE, canary=True)
    service.ground.clock.pass_by(hours=24)
    assert await tick.erase_once(service.ground.transactions) == 0
    service.ground.clock.pass_by(seconds=1)
    assert await tick.erase_once(service.ground.transactions) == 1
    for table in ("cases", "reports", "ratings", "escalations"):
        assert await service.ground.pool.fetch(f"SELECT case_id FROM {table}") == [(real,)]
    assert await service.ground.pool.fetchval("SELECT count(*) FROM pages") == 1


async def test_a_page_of_a_real_case_closes_nothing(service: Service) -> None:
    case_id, report = await service.opened(Level.ACUTE)
    await service.deliver((await service.case(case_id))["pages"][0], case_id, report)
    assert (await service.case(case_id, CARLA))["escalation"]["state"] == "paging"
