"""Linked, parted and split by people: what crossed between cases follows, nothing is lifted, nothing is lost."""

import asyncio
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest

from services.escalation.web.entries import NotDone
from shared.events.codes import Level, Unit
from shared.events.intake import LinkDecided, MovedReport, ReportReceived, ReportsSplit
from shared.evidence import broken_at
from shared.ids import CaseId, PersonId, new_id
from tests.integration.escalation.conftest import AASE, BO, CARLA, DITTE, Service, asked

BY = PersonId(AASE)


def parted(here: CaseId, there: CaseId, n: int = 1, *, linked: bool = False) -> LinkDecided:
    return LinkDecided(case_id=here, other_case_id=there, linked=linked, n=n, by=BY)


def split(old: CaseId, new: CaseId, *reports: ReportReceived, n: int = 1) -> ReportsSplit:
    moved = tuple(MovedReport(report_id=each.report_id, report_no=no, n=n) for no, each in enumerate(reports, 1))
    return ReportsSplit(case_id=old, new_case_id=new, reports=moved, by=BY)


async def linked(service: Service) -> tuple[CaseId, ReportReceived, CaseId, ReportReceived]:
    """Two cases, the second of which names the first."""
    first, report = await service.opened(Level.HIGH)
    second, other = await service.opened(Level.HIGH, linked_case_ids=(first,))
    return first, report, second, other


async def lift(service: Service, case_id: CaseId, covers: int = 1) -> None:
    """An authority lifts the hold for the mother, knowing everything."""
    version = (await service.case(case_id))["version"]
    asks = {"version": version, "covers_report_no": covers, "level": "low", "acute": False, "answers": {}}
    assessed = (await service.act(CARLA, f"cases/{case_id}/assessment", **asks)).json()
    lifts = {"recipient": "mother", "action": "lift", "reason": "Efter samtale.", "until": "2026-03-20T12:00:00+00:00"}
    await service.did(CARLA, f"cases/{case_id}/hold", case_id, assessment_id=assessed["assessment_id"], **lifts)


async def state(service: Service, case_id: CaseId, recipient: str = "mother") -> str:
    holds = (await service.case(case_id, DITTE))["hold"]
    return str(next(each["state"] for each in holds if each["recipient"] == recipient))


async def excluded(service: Service, case_id: CaseId) -> set[UUID]:
    rows = await service.ground.pool.fetch("SELECT person_id FROM exclusions WHERE case_id = $1", case_id)
    return {row["person_id"] for row in rows}


async def exclude(service: Service, case_id: CaseId, who: UUID) -> None:
    answer = await service.act(DITTE, "exclusions", case_id=str(case_id), person_id=str(who), reason="fætter")
    assert answer.status_code == 200


async def test_after_an_unlink_reports_and_exclusions_cross_no_more(service: Service) -> None:
    first, _, second, _ = await linked(service)
    await exclude(service, first, BO)
    assert await excluded(service, second) == {BO}
    await service.hear(parted(first, second))
    assert (await excluded(service, first), await excluded(service, second)) == ({BO}, set())
    await lift(service, second)
    await service.hear(service.report(first, 2))
    assert await state(service, second) == "lifted"
    for case_id in (first, second):
        assert (await service.case(case_id, DITTE))["linked_case_ids"] == []
        assert await broken_at(service.ground.pool, case_id, service.ground.macs) is None
        acts = await service.ground.pool.fetch(
            "SELECT act FROM evidence WHERE case_id = $1 AND actor = $2", case_id, BY
        )
        assert "link_decided" in {row["act"] for row in acts}


async def test_whoever_both_cases_name_stays_out_of_both(service: Service) -> None:
    first, _, second, _ = await linked(service)
    await exclude(service, first, BO)
    await exclude(service, second, BO)
    await service.hear(parted(first, second))
    assert (await excluded(service, first), await excluded(service, second)) == ({BO}, {BO})


async def test_an_unlink_makes_no_lift_valid_that_the_link_had_ended(service: Service) -> None:
    first, _, second, _ = await linked(service)
    await lift(service, second)
    await service.hear(service.report(first, 2))
    assert await state(service, second) == "held"
    await service.hear(parted(first, second))
    assert await state(service, second) == "held"
    (why,) = [each["ended"]["why"] for each in (await service.case(second))["hold"] if each["ended"]]
    assert why == ["rearranged"]


async def test_a_link_that_people_make_holds_again_and_excludes(service: Service) -> None:
    (first, _), (second, _) = await service.opened(Level.HIGH), await service.opened(Level.HIGH)
    await exclude(service, first, BO)
    await lift(service, second)
    await service.hear(parted(first, second, linked=True))
    assert await state(service, second) == "held"
    assert await excluded(service, second) == {BO}
    assert (await service.case(second, DITTE))["linked_case_ids"] == [str(first)]


async def test_what_people_decided_last_counts_in_whatever_order_it_is_heard(service: Service) -> None:
    for order in permutations(range(3)):
        first, _ = await service.opened(Level.HIGH)
        second = CaseId(new_id())
        reported = service.report(second, 1, linked_case_ids=(first,))
        facts = (reported, parted(first, second, 1), parted(second, first, 2, linked=order[0] == 0))
        for place in (*order, *order):
            await service.hear(facts[place])
        expected = [str(first)] if order[0] == 0 else []
        assert (await service.case(second, DITTE))["linked_case_ids"] == expected


async def test_split_off_reports_have_a_case_and_clocks_of_their_own(service: Service) -> None:
    old, first = await service.opened(Level.HIGH)
    await service.tick(minutes=30)
    second = service.report(old, 2)
    await service.hear(second)
    await exclude(service, old, BO)
    new = CaseId(new_id())
    await service.hear(split(old, new, second), split(old, new, second))
    case, left = await service.case(new, DITTE), await service.case(old, DITTE)
    assert [(each["report_id"], each["report_no"]) for each in case["reports"]] == [(str(second.report_id), 1)]
    assert [each["report_id"] for each in left["reports"]] == [str(first.report_id)]
    assert {each["report_id"] for each in case["deadlines"]} == {str(second.report_id)}
    judge_by = next(each["limit"] for each in case["deadlines"] if each["rule"] == "acute_judgement")
    assert judge_by == (second.received_at.replace(day=second.received_at.day + 1)).isoformat()
    assert {each["state"] for each in case["hold"]} == {"held"}
    assert case["escalation"]["state"] == "paging"
    assert case["unit"] == left["unit"]
    assert asked(case)
    assert await excluded(service, new) == {BO}
    for case_id in (old, new):
        assert await broken_at(service.ground.pool, case_id, service.ground.macs) is None


async def test_the_case_that_reports_left_can_be_taken_and_goes_on_counting(service: Service) -> None:
    old, _ = await service.opened(Level.HIGH)
    second = service.report(old, 2)
    await service.hear(second, split(old, CaseId(new_id()), second), service.report(old, 3))
    case = await service.did(AASE, f"cases/{old}/acknowledge", old, covers_report_no=3)
    assert case["escalation"]["state"] == "acknowledged"
    assert [each["report_no"] for each in case["reports"]] == [1, 3]


async def test_when_the_newest_report_left_the_older_ones_answer_is_enough(service: Service) -> None:
    old, _ = await service.opened(Level.HIGH)
    second = service.report(old, 2)
    await service.hear(second, split(old, CaseId(new_id()), second))
    case = await service.did(AASE, f"cases/{old}/acknowledge", old, covers_report_no=1)
    assert case["escalation"]["state"] == "acknowledged"


async def test_a_report_that_has_left_is_not_waited_for_when_those_that_stay_come_after_it(service: Service) -> None:
    old, new = CaseId(new_id()), CaseId(new_id())
    first, second = service.report(old), service.report(old, 2)
    await service.hear(second, split(old, new, second), first)
    case = await service.did(AASE, f"cases/{old}/acknowledge", old, covers_report_no=1)
    assert case["escalation"]["state"] == "acknowledged"


async def test_a_first_report_that_was_moved_before_it_came_still_says_the_unit_of_its_first_case(
    service: Service,
) -> None:
    old, new = CaseId(new_id()), CaseId(new_id())
    first, second = service.report(old, unit=Unit.NOERREBRO), service.report(old, 2, unit=Unit.UNKNOWN)
    await service.hear(second, split(old, new, first), first)
    assert (await service.ask(AASE, f"cases/{old}", units=("amager",))).status_code == 404
    assert (await service.ask(AASE, f"cases/{old}", units=("noerrebro",))).status_code == 200


async def test_a_split_makes_no_lift_valid_and_holds_again_what_was_lifted(service: Service) -> None:
    old, _ = await service.opened(Level.HIGH)
    await lift(service, old)
    second = service.report(old, 2)
    await service.hear(second)
    assert await state(service, old) == "held"
    await service.hear(split(old, CaseId(new_id()), second))
    assert await state(service, old) == "held"
    await lift(service, old)
    assert await state(service, old) == "lifted"
    third = service.report(old, 3)
    await service.hear(third)
    await lift(service, old, covers=3)
    await service.hear(split(old, CaseId(new_id()), third))
    assert await state(service, old) == "held"


async def test_whoever_had_taken_the_reports_has_taken_both_cases(service: Service) -> None:
    old, _ = await service.opened(Level.HIGH)
    second = service.report(old, 2)
    await service.hear(second)
    await service.did(AASE, f"cases/{old}/acknowledge", old, covers_report_no=2)
    new = CaseId(new_id())
    await service.hear(split(old, new, second))
    for case_id in (old, new):
        stands = (await service.case(case_id))["escalation"]
        assert (stands["state"], stands["responsible"]) == ("acknowledged", str(AASE))
    await service.tick(minutes=61)
    assert asked(await service.case(new)) != []


async def test_a_report_that_comes_after_its_split_lies_where_it_was_moved(service: Service) -> None:
    old, _ = await service.opened(Level.HIGH)
    late, new = service.report(old, 2), CaseId(new_id())
    await service.hear(split(old, new, late), late, service.report(old, 3))
    assert [each["report_id"] for each in (await service.case(new))["reports"]] == [str(late.report_id)]
    case = await service.did(AASE, f"cases/{old}/acknowledge", old, covers_report_no=3)
    assert case["escalation"]["state"] == "acknowledged"


async def test_a_report_split_twice_lies_where_it_was_moved_last(service: Service) -> None:
    for order in ((0, 1), (1, 0)):
        old, _ = await service.opened(Level.HIGH)
        second, middle, last = service.report(old, 2), CaseId(new_id()), CaseId(new_id())
        await service.hear(second)
        facts = (split(old, middle, second), split(middle, last, second, n=2))
        for place in (*order, *order):
            await service.hear(facts[place])
        assert [each["report_id"] for each in (await service.case(last))["reports"]] == [str(second.report_id)]


async def test_without_intake_the_act_says_that_it_is_not_done(service: Service) -> None:
    first, _, second, _ = await linked(service)
    version = (await service.case(first))["version"]
    body = {"version": version, "case_id": str(second), "reason": "Ikke søskende."}
    answer = await service.act(AASE, f"cases/{first}/unlink", **body)
    assert answer.status_code == NotDone().status == 503


async def test_a_case_that_is_seen_is_linked_by_hand_for_a_reason_and_no_other(service: Service) -> None:
    (first, _), (other, _) = await service.opened(Level.HIGH), await service.opened(Level.HIGH)
    foreign, _ = await service.opened(Level.HIGH, unit=Unit.AMAGER)
    for named, status in ((foreign, 404), (first, 404), (new_id(), 404), (other, 503)):
        version = (await service.case(first))["version"]
        body = {"version": version, "case_id": str(named), "reason": "Søskende alligevel."}
        assert (await service.act(AASE, f"cases/{first}/link", units=("noerrebro",), **body)).status_code == status
    noted = await service.ground.pool.fetch("SELECT kind, codes FROM steps")
    assert [(each["kind"], str(other) in each["codes"]) for each in noted] == [("linked", True)]


async def test_an_act_on_what_is_not_in_the_case_is_answered_like_nothing(service: Service) -> None:
    (first, one), (other, two) = await service.opened(Level.HIGH), await service.opened(Level.HIGH)
    asks: list[tuple[str, dict[str, Any], int]] = [
        ("unlink", {"case_id": str(other)}, 404),
        ("split", {"report_ids": [str(two.report_id)]}, 404),
        ("split", {"report_ids": [str(one.report_id)]}, 409),
        ("split", {"report_ids": []}, 409),
    ]
    for path, body, status in asks:
        version = (await service.case(first))["version"]
        answer = await service.act(AASE, f"cases/{first}/{path}", version=version, reason="Fejl.", **body)
        assert answer.status_code == status
    assert await service.ground.pool.fetchval("SELECT count(*) FROM steps") == 0


@pytest.mark.race
async def test_a_split_races_answers_and_reports_and_both_cases_stand(service: Service) -> None:
    old, _ = await service.opened(Level.ACUTE)
    second, new = service.report(old, 2), CaseId(new_id())
    await service.hear(second)
    await asyncio.gather(
        service.hear(split(old, new, second)),
        service.act(AASE, f"cases/{old}/acknowledge", covers_report_no=2),
        service.hear(service.report(old, 3)),
        service.hear(service.rating(Level.ACUTE, second.model_copy(update={"case_id": new}))),
    )
    for case_id in (old, new):
        stands = (await service.case(case_id, DITTE))["escalation"]
        assert stands["state"] in ("paging", "acknowledged", "unrated")
        assert await broken_at(service.ground.pool, case_id, service.ground.macs) is None
