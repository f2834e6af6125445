"""Silence climbs: what reports, ratings, deliveries, ticks and people do to a case, on a real PostgreSQL."""

import asyncpg
import pytest

from shared.events.codes import Level
from shared.events.escalation import (
    Acknowledged,
    EscalationClosed,
    EscalationOpened,
    MessageRequested,
    MessageWithdrawn,
    NobodyReachable,
)
from shared.evidence import broken_at
from shared.ids import CaseId, new_id
from tests.integration.escalation.conftest import AASE, BO, CARLA, DITTE, DOEGNVAGT, OUTSIDE, Service, asked


async def test_a_report_that_nobody_rates_is_paged_as_high_after_twenty_seconds(service: Service) -> None:
    case_id, _ = await service.opened(level=None)
    await service.tick(seconds=19.9)
    case = await service.case(case_id)
    assert (case["escalation"]["state"], case["level"], case["pages"]) == ("unrated", None, [])
    await service.tick(seconds=0.1)
    case = await service.case(case_id)
    assert (case["escalation"]["state"], case["level"], asked(case)) == ("paging", "high", [AASE])


async def test_the_late_low_rating_of_a_report_paged_as_high_is_shown_and_lowers_nothing(service: Service) -> None:
    case_id, report = await service.opened(level=None)
    await service.tick(seconds=20)
    await service.hear(service.rating(Level.LOW, report))
    case = await service.case(case_id)
    assert (case["level"], case["rating"]["level"], case["escalation"]["ladder"]) == ("high", "low", "high")
    assert asked(case) == [AASE]


async def test_what_was_taken_before_it_was_rated_is_asked_about_when_more_comes_and_when_it_is_forgotten(
    service: Service,
) -> None:
    case_id, _ = await service.opened(level=None)
    await service.did(AASE, f"cases/{case_id}/acknowledge", case_id, covers_report_no=1)
    await service.tick(minutes=60)
    case = await service.case(case_id)
    assert (case["escalation"]["state"], case["level"], asked(case)) == ("paging", "high", [AASE])

    case_id, _ = await service.opened(level=None)
    await service.did(AASE, f"cases/{case_id}/acknowledge", case_id, covers_report_no=1)
    await service.hear(service.report(case_id, 2))
    case = await service.case(case_id)
    assert (case["escalation"]["state"], case["level"], asked(case)) == ("paging", "high", [AASE])


async def test_a_low_case_waits_on_the_work_list_and_is_paged_in_time(service: Service) -> None:
    case_id, _ = await service.opened(Level.LOW)
    assert (await service.case(case_id))["pages"] == []
    work = (await service.ask(BO, "work")).json()["work"]
    assert [(row["case_id"], row["level"]) for row in work] == [(str(case_id), "low")]
    await service.tick(hours=12)
    assert asked(await service.case(case_id)) == [DOEGNVAGT]


async def test_a_page_tells_nothing_but_whom_by_when_and_which_text(service: Service) -> None:
    case_id, report = await service.opened(Level.ACUTE)
    [page] = await service.ground.published(MessageRequested)
    assert isinstance(page, MessageRequested)
    assert (page.case_id, page.report_id, page.recipient.id) == (case_id, report.report_id, AASE)
    assert (page.answer_by, page.not_after) == (service.now.replace(minute=3), service.now.replace(minute=3))


async def test_silence_climbs_past_døgnvagt_and_the_last_rung_repeats(service: Service) -> None:
    case_id, report = await service.opened(Level.ACUTE)
    seen = [asked(await service.case(case_id))]
    for _ in range(6):
        [page] = [page for page in (await service.case(case_id))["pages"] if page["state"] == "requested"]
        await service.deliver(page, case_id, report)
        await service.tick(minutes=3)
        seen.append(asked(await service.case(case_id)))
    assert seen == [[AASE], [BO], [DOEGNVAGT], [DITTE], [DOEGNVAGT], [DOEGNVAGT], [DOEGNVAGT]]
    assert await service.ground.published(NobodyReachable) == []


async def test_a_page_that_failed_starts_the_next_one_at_once(service: Service) -> None:
    case_id, _ = await service.opened(Level.ACUTE)
    await service.lose((await service.case(case_id))["pages"][0], case_id)
    case = await service.case(case_id)
    assert ([page["state"] for page in case["pages"]], asked(case)) == (["failed", "requested"], [BO])


async def test_a_round_of_which_no_page_was_accepted_is_told_and_waits(service: Service) -> None:
    case_id, _ = await service.opened(Level.ACUTE)
    for _ in range(5):
        [page] = [page for page in (await service.case(case_id))["pages"] if page["state"] == "requested"]
        await service.lose(page, case_id)
    assert len(await service.ground.published(NobodyReachable)) == 1
    case = await service.case(case_id)
    assert (asked(case), case["escalation"]["next_at"]) == ([], service.now.replace(minute=3).isoformat())


async def test_a_page_that_ended_is_revived_by_no_late_fact(service: Service) -> None:
    case_id, report = await service.opened(Level.ACUTE)
    [first] = (await service.case(case_id))["pages"]
    await service.tick(minutes=3)
    await service.deliver(first, case_id, report)
    await service.lose(first, case_id)
    states = [page["state"] for page in (await service.case(case_id))["pages"]]
    assert states == ["superseded", "requested"]


async def test_taking_a_case_withdraws_the_others_pages(service: Service) -> None:
    case_id, _ = await service.opened(Level.ACUTE)
    await service.did(BO, f"cases/{case_id}/acknowledge", case_id, covers_report_no=1)
    [page] = (await service.case(case_id))["pages"]
    assert page["state"] == "withdrawn"
    [withdrawn] = await service.ground.published(MessageWithdrawn)
    assert isinstance(withdrawn, MessageWithdrawn)
    assert str(withdrawn.message_id) == page["message_id"]
    await service.tick(minutes=30)
    assert asked(await service.case(case_id)) == []


async def test_a_promise_that_passes_pages_again(service: Service) -> None:
    case_id, _ = await service.opened(Level.ACUTE)
    await service.did(AASE, f"cases/{case_id}/acknowledge", case_id, covers_report_no=1, promise_minutes=5)
    await service.tick(minutes=5)
    case = await service.case(case_id)
    assert (case["escalation"]["state"], case["escalation"]["round"], asked(case)) == ("paging", 2, [AASE])


async def test_an_answer_covers_only_the_reports_that_were_shown(service: Service) -> None:
    case_id, first = await service.opened(Level.ACUTE)
    await service.hear(service.report(case_id, 2))
    case = await service.did(AASE, f"cases/{case_id}/acknowledge", case_id, covers_report_no=1)
    assert (case["escalation"]["state"], case["escalation"]["acknowledged_report_no"]) == ("paging", 1)
    assert asked(case) == [AASE]
    case = await service.did(AASE, f"cases/{case_id}/acknowledge", case_id, covers_report_no=2)
    assert case["escalation"]["state"] == "acknowledged"
    told = await service.ground.published(Acknowledged)
    assert [each.covers_report_no for each in told if isinstance(each, Acknowledged)] == [1, 2]
    assert first.report_no == 1


async def test_a_new_report_in_a_taken_case_asks_the_responsible_first(service: Service) -> None:
    case_id, _ = await service.opened(Level.ACUTE)
    await service.did(BO, f"cases/{case_id}/acknowledge", case_id, covers_report_no=1)
    await service.hear(service.report(case_id, 2))
    assert asked(await service.case(case_id)) == [BO]
    await service.tick(minutes=3)
    assert asked(await service.case(case_id)) == [AASE]


async def test_who_cannot_is_followed_by_the_next_at_once(service: Service) -> None:
    case_id, _ = await service.opened(Level.ACUTE)
    case = await service.did(AASE, f"cases/{case_id}/cannot", case_id)
    assert ([page["state"] for page in case["pages"]], asked(case)) == (["answered", "requested"], [BO])


async def test_a_declared_conflict_starts_at_the_outside_unit(service: Service) -> None:
    case_id, _ = await service.opened(Level.ACUTE, conflict_declared=True)
    assert asked(await service.case(case_id)) == [OUTSIDE]
    await service.tick(minutes=3)
    assert asked(await service.case(case_id)) == [AASE]


async def test_a_report_after_the_close_opens_a_new_escalation(service: Service) -> None:
    case_id, report = await service.opened(Level.LOW)
    await service.did(AASE, f"cases/{case_id}/acknowledge", case_id, covers_report_no=1)
    await service.did(CARLA, f"reports/{report.report_id}/judgement", case_id, acute=False, started=False)
    closed = await service.did(AASE, f"cases/{case_id}/close", case_id, outcome="unfounded", reason="Intet i det.")
    assert closed["escalation"]["state"] == "closed"
    assert (await service.ask(AASE, "work")).json() == {"work": []}
    await service.hear(service.report(case_id, 2))
    again = await service.case(case_id)
    assert again["escalation"]["state"] == "unrated"
    assert again["escalation"]["escalation_id"] != closed["escalation"]["escalation_id"]
    assert len(await service.ground.published(EscalationOpened)) == 2
    assert len(await service.ground.published(EscalationClosed)) == 1


async def test_a_new_report_ends_a_close_that_waits_for_a_second_person(service: Service) -> None:
    case_id, report = await service.opened(Level.HIGH)
    await service.did(AASE, f"cases/{case_id}/acknowledge", case_id, covers_report_no=1)
    await service.did(CARLA, f"reports/{report.report_id}/judgement", case_id, acute=False, started=True)
    closing = await service.did(AASE, f"cases/{case_id}/close", case_id, outcome="advised", reason="Rådgivet.")
    await service.hear(service.report(case_id, 2))
    version = (await service.case(case_id))["version"]
    path = f"countersign/{closing['countersigns'][0]['id']}"
    answer = await service.act(DITTE, path, version=version, agree=True, reason="Enig.")
    assert (answer.status_code, answer.json()["state"]) == (409, "paging")
    assert (await service.case(case_id))["countersigns"][0]["state"] == "void"


async def test_every_report_has_its_own_twenty_four_hours(service: Service) -> None:
    case_id, first = await service.opened(Level.HIGH)
    await service.tick(hours=2)
    second = service.report(case_id, 2)
    await service.hear(second)
    await service.tick(hours=22)

    async def states() -> dict[str, str]:
        deadlines = (await service.case(case_id))["deadlines"]
        return {each["report_id"]: each["state"] for each in deadlines if each["rule"] == "acute_judgement"}

    assert await states() == {str(first.report_id): "missed", str(second.report_id): "running"}
    service.ground.clock.pass_by(minutes=1)
    await service.did(CARLA, f"reports/{first.report_id}/judgement", case_id, acute=False, started=False)
    assert (await states())[str(first.report_id)] == "missed"


async def test_judging_twice_the_same_is_once(service: Service) -> None:
    case_id, report = await service.opened(Level.HIGH)
    judgement = {"acute": False, "started": True}
    once = await service.did(CARLA, f"reports/{report.report_id}/judgement", case_id, **judgement)
    twice = await service.did(CARLA, f"reports/{report.report_id}/judgement", case_id, **judgement)
    assert once == twice


async def test_the_hold_stands_on_every_case_from_its_first_report(service: Service) -> None:
    case_id, _ = await service.opened(level=None)
    held = (await service.case(case_id))["hold"]
    assert {each["state"] for each in held} == {"held"}
    assert {each["recipient"] for each in held} == {
        *("mother", "father", "custody_holder", "sibling", "relative", "network"),
    }


async def test_an_open_escalation_without_a_next_moment_cannot_be_stored(service: Service) -> None:
    case_id, _ = await service.opened(level=None)
    with pytest.raises(asyncpg.CheckViolationError):
        await service.ground.pool.execute("UPDATE escalations SET due_at = NULL, rate_by = NULL")
    with pytest.raises(asyncpg.CheckViolationError):
        await service.ground.pool.execute("UPDATE escalations SET state = 'closed'")
    assert (await service.case(case_id))["escalation"]["next_at"] is not None


async def test_the_evidence_of_a_whole_case_is_one_chain(service: Service) -> None:
    case_id, report = await service.opened(Level.ACUTE)
    await service.lose((await service.case(case_id))["pages"][0], case_id)
    await service.deliver((await service.case(case_id))["pages"][1], case_id, report)
    await service.did(BO, f"cases/{case_id}/cannot", case_id)
    await service.tick(minutes=3)
    case = await service.did(AASE, f"cases/{case_id}/acknowledge", case_id, covers_report_no=1)
    async with service.ground.pool.acquire() as conn:
        assert await broken_at(conn, case_id, service.ground.macs) is None
        acts = [
            row["act"] for row in await conn.fetch("SELECT act FROM evidence WHERE case_id = $1 ORDER BY n", case_id)
        ]
    assert case["evidence"]["n"] == len(acts)
    assert {"report_received", "rated", "message_failed", "message_accepted", "cannot", "acknowledged"} <= set(acts)
    assert acts.count("page_requested") == 4


async def test_a_rating_that_comes_before_its_report_pages_when_the_report_comes(service: Service) -> None:
    report = service.report(CaseId(new_id()))
    await service.hear(service.rating(Level.ACUTE, report))
    assert (await service.ask(AASE, f"cases/{report.case_id}")).status_code == 404
    await service.hear(report)
    assert asked(await service.case(report.case_id)) == [AASE]
