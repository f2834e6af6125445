"""A conflict of interest: never paged, 404 everywhere, no gap in a list, in linked cases too; and its races."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from services.escalation import tick
from shared.events.codes import Level
from shared.events.escalation import MessageRequested, MessageWithdrawn
from shared.evidence import broken_at
from shared.ids import CaseId, new_id
from tests.integration.escalation.conftest import AASE, BO, CARLA, DITTE, OUTSIDE, Service, asked
from tests.support.races import REPETITIONS

Json = dict[str, Any]


async def exclude(service: Service, case_id: CaseId, person_id: UUID, who: UUID = DITTE) -> Any:
    return await service.act(
        who, "exclusions", case_id=str(case_id), person_id=str(person_id), reason="gift med en onkel"
    )


async def sibling_of(service: Service, case_id: CaseId) -> CaseId:
    """A case of another child, whose report names the first as linked."""
    other = CaseId(new_id())
    report = service.report(other, 1, linked_case_ids=(case_id,))
    await service.hear(report, service.rating(Level.HIGH, report))
    return other


async def live(service: Service, person_id: UUID) -> int:
    """How many of the person's pages wait for an answer."""
    return int(
        await service.ground.pool.fetchval(
            "SELECT count(*) FROM pages WHERE recipient_id = $1 AND state IN ('requested', 'accepted')", person_id
        )
    )


async def test_whoever_a_leader_excludes_is_never_paged_and_the_next_is_asked_at_once(service: Service) -> None:
    case_id, _ = await service.opened(Level.ACUTE)
    assert asked(await service.case(case_id)) == [AASE]
    answer = await exclude(service, case_id, AASE)
    assert answer.status_code == 200, answer.text
    assert asked(answer.json()) == [BO]
    assert len(await service.ground.published(MessageWithdrawn)) == 1
    for _ in range(30):
        await service.tick(minutes=5)
    pages = (await service.case(case_id, DITTE))["pages"]
    assert [each["recipient"]["id"] for each in pages].count(str(AASE)) == 1


async def test_for_whoever_is_excluded_the_case_does_not_exist(service: Service) -> None:
    case_id, report = await service.opened(Level.ACUTE)
    await exclude(service, case_id, AASE)
    unknown = await service.ask(AASE, f"cases/{new_id()}")
    for path in (f"cases/{case_id}", f"reports/{report.report_id}"):
        answer = await service.ask(AASE, path)
        assert (answer.status_code, answer.content) == (404, unknown.content)
    acts: dict[str, Json] = {
        "acknowledge": {"covers_report_no": 1},
        "cannot": {},
        "conflict": {},
        "close": {"version": 0, "outcome": "advised", "reason": "x"},
        "assessment": {"covers_report_no": 1, "level": "low", "acute": False},
        "hold": {"version": 0, "recipient": "mother", "action": "lift"},
        "mediation": {"version": 0, "recipients": ["mother"]},
    }
    for name, body in acts.items():
        answer = await service.act(AASE, f"cases/{case_id}/{name}", **body)
        assert (name, answer.status_code, answer.content) == (name, 404, unknown.content)
    assert (await service.ask(AASE, "work")).json() == {"work": []}


async def test_an_exclusion_holds_in_linked_cases_however_far(service: Service) -> None:
    first, _ = await service.opened(Level.ACUTE)
    second = await sibling_of(service, first)
    third = await sibling_of(service, second)
    assert await live(service, AASE) == 3
    await exclude(service, second, AASE)
    assert await live(service, AASE) == 0
    for case_id in (first, second, third):
        assert (await service.ask(AASE, f"cases/{case_id}")).status_code == 404
        assert asked(await service.case(case_id, DITTE)) == [BO]


async def test_a_case_that_becomes_linked_inherits_the_exclusion_before_anybody_is_paged(service: Service) -> None:
    first, _ = await service.opened()
    await exclude(service, first, AASE)
    second = await sibling_of(service, first)
    assert (await service.ask(AASE, f"cases/{second}")).status_code == 404
    requests = await service.ground.published(MessageRequested)
    assert [each.recipient.id for each in requests if each.case_id == second] == [BO]  # type: ignore[attr-defined]


async def test_an_older_case_inherits_by_a_link_that_comes_later(service: Service) -> None:
    older, _ = await service.opened()
    newer, _ = await service.opened()
    await exclude(service, newer, AASE)
    assert asked(await service.case(older)) == [AASE]
    await service.hear(service.report(newer, 2, linked_case_ids=(older,)))
    assert (await service.ask(AASE, f"cases/{older}")).status_code == 404
    assert await live(service, AASE) == 0


async def test_the_one_who_says_that_they_have_a_conflict_is_out_of_linked_cases_too(service: Service) -> None:
    first, _ = await service.opened()
    second = await sibling_of(service, first)
    assert (await service.act(AASE, f"cases/{first}/conflict")).status_code == 204
    assert (await service.ask(AASE, f"cases/{second}")).status_code == 404
    assert await live(service, AASE) == 0


async def test_the_responsible_person_who_turns_out_to_have_a_conflict_loses_the_case_at_once(service: Service) -> None:
    case_id, _ = await service.opened()
    await service.did(AASE, f"cases/{case_id}/acknowledge", case_id, covers_report_no=1)
    told = (await exclude(service, case_id, AASE)).json()
    assert told["escalation"]["responsible"] is None
    assert asked(told) == [BO]


async def test_when_everyone_on_call_is_excluded_the_next_rung_is_asked_at_once(service: Service) -> None:
    case_id, _ = await service.opened(Level.ACUTE)
    await exclude(service, case_id, AASE)
    told = (await exclude(service, case_id, BO)).json()
    assert len(asked(told)) == 1
    assert asked(told)[0] not in (AASE, BO)


@pytest.mark.parametrize(("who", "status"), [(BO, 403), (CARLA, 403), (DITTE, 200)])
async def test_a_leader_names_an_exclusion(service: Service, who: UUID, status: int) -> None:
    case_id, _ = await service.opened()
    assert (await exclude(service, case_id, AASE, who)).status_code == status


async def test_a_leader_who_is_excluded_learns_nothing_by_excluding(service: Service) -> None:
    case_id, _ = await service.opened()
    assert (await exclude(service, case_id, DITTE)).status_code == 204
    hidden, unknown = await exclude(service, case_id, AASE), await exclude(service, CaseId(new_id()), AASE)
    assert (hidden.status_code, hidden.content) == (404, unknown.content)
    listed = await service.ask(DITTE, f"exclusions?case_id={case_id}")
    assert (listed.status_code, listed.content) == (404, unknown.content)


async def test_exclusions_are_listed_for_one_case_alone_without_their_reasons(service: Service) -> None:
    case_id, _ = await service.opened()
    await exclude(service, case_id, AASE)
    (row,) = (await service.ask(DITTE, f"exclusions?case_id={case_id}")).json()["exclusions"]
    assert (row["person_id"], row["by"]) == (str(AASE), str(DITTE))
    assert "onkel" not in str(row)
    assert (await service.ask(DITTE, "exclusions")).status_code == 404
    assert b"onkel" not in await service.ground.pool.fetchval("SELECT reason FROM exclusions")


async def test_with_a_declared_conflict_the_outside_unit_is_first_until_a_leader_has_named_it(service: Service) -> None:
    case_id, _ = await service.opened(Level.ACUTE, conflict_declared=True)
    assert asked(await service.case(case_id)) == [OUTSIDE]
    await exclude(service, case_id, AASE)
    await service.tick()
    assert asked(await service.case(case_id, DITTE)) == [BO]


async def test_what_a_person_with_a_conflict_lifted_is_held_again(service: Service) -> None:
    case_id, _ = await service.opened()
    named = (
        await service.act(CARLA, f"cases/{case_id}/assessment", covers_report_no=1, level="low", acute=False)
    ).json()["assessment_id"]
    lift = {"recipient": "mother", "action": "lift", "reason": "x", "until": "2026-03-12T12:00:00Z"}
    told = await service.did(CARLA, f"cases/{case_id}/hold", case_id, assessment_id=named, **lift)
    assert "lifted" in {each["state"] for each in told["hold"]}
    told = (await exclude(service, case_id, CARLA)).json()
    assert {each["state"] for each in told["hold"]} == {"held"}


async def test_to_exclude_somebody_again_changes_nothing(service: Service) -> None:
    case_id, _ = await service.opened()
    body = {"case_id": str(case_id), "person_id": str(BO), "reason": "Onkel."}
    first = await service.act(DITTE, "exclusions", **body)
    assert (first.status_code, (await service.act(DITTE, "exclusions", **body)).json()) == (200, first.json())


@pytest.mark.race
@pytest.mark.timeout(600)
async def test_an_exclusion_races_a_page_and_no_page_stays(service: Service) -> None:
    """The page first: it is withdrawn. The exclusion first: it is never sent."""
    for _ in range(REPETITIONS):
        case_id, _ = await service.opened(Level.ACUTE)
        await service.act(BO, f"cases/{case_id}/cannot")
        service.ground.clock.pass_by(seconds=181)
        await asyncio.gather(exclude(service, case_id, AASE), tick.run_once(service.ground.transactions))
        await settled(service, case_id, AASE)


@pytest.mark.race
@pytest.mark.timeout(600)
async def test_an_exclusion_races_a_page_in_a_linked_case_and_no_page_stays(service: Service) -> None:
    for _ in range(REPETITIONS):
        first, _ = await service.opened(Level.ACUTE)
        second = CaseId(new_id())
        report = service.report(second, 1, linked_case_ids=(first,))
        rating = service.rating(Level.ACUTE, report)
        await asyncio.gather(exclude(service, first, AASE), service.hear(report, rating))
        for case_id in (first, second):
            await settled(service, case_id, AASE)


@pytest.mark.race
@pytest.mark.timeout(600)
async def test_two_exclusions_in_linked_cases_race_each_other_and_both_hold(service: Service) -> None:
    for _ in range(REPETITIONS):
        first, _ = await service.opened()
        second = await sibling_of(service, first)
        answers = await asyncio.gather(exclude(service, first, AASE), exclude(service, second, BO))
        assert [answer.status_code for answer in answers] == [200, 200]
        for case_id in (first, second):
            await settled(service, case_id, AASE)
            await settled(service, case_id, BO)


async def settled(service: Service, case_id: CaseId, person_id: UUID) -> None:
    """No page of the person waits, none was requested after the exclusion, and the evidence holds."""
    pool = service.ground.pool
    waiting = await pool.fetchval(
        """SELECT count(*) FROM pages JOIN escalations USING (escalation_id) WHERE case_id = $1 AND recipient_id = $2
               AND pages.state IN ('requested', 'accepted')""",
        case_id,
        person_id,
    )
    late = await pool.fetchval(
        """SELECT count(*) FROM evidence p WHERE case_id = $1 AND act = 'page_requested' AND facts LIKE $2 AND n >
               (SELECT min(n) FROM evidence x WHERE x.case_id = $1 AND act = 'excluded' AND facts LIKE $2)""",
        case_id,
        f"%{person_id}%",
    )
    assert (waiting, late) == (0, 0)
    assert await broken_at(pool, case_id, service.ground.macs) is None  # type: ignore[arg-type]
