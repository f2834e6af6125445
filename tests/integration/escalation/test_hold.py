"""May the family be contacted? On a real database, through the doors."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from services.escalation.store import reading
from shared.auth.grants import ReadPurpose
from shared.events.codes import Level
from shared.events.escalation import DeadlineMissed
from shared.evidence import broken_at
from shared.ids import CaseId, PersonId, new_id
from tests.integration.escalation.conftest import AASE, BO, CARLA, DITTE, FRIDA, GORM, Service
from tests.support.races import REPETITIONS

Json = dict[str, Any]
SECRET = "moderen hedder Ukendt Eksempel"


async def state(service: Service, case_id: CaseId, recipient: str = "mother") -> str:
    """How it stands for one recipient."""
    (found,) = [each for each in (await service.case(case_id))["hold"] if each["recipient"] == recipient]
    return str(found["state"])


async def assess(service: Service, case_id: CaseId, covers: int = 1, who: Any = CARLA, **answers: Any) -> str:
    answer = await service.act(
        who, f"cases/{case_id}/assessment", covers_report_no=covers, level="high", acute=False, answers=answers
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["assessment_id"])


async def ask(service: Service, case_id: CaseId, who: Any = CARLA, **body: Any) -> Any:
    """POST to the hold as the case stands; a lift for the mother for a week unless the body says otherwise."""
    fields = {"recipient": "mother", "action": "lift", "reason": SECRET}
    until = (service.now + timedelta(days=7)).isoformat()
    version = (await service.case(case_id, DITTE))["version"]
    wanted = {"version": version, "until": until, **fields, **body}
    return await service.act(who, f"cases/{case_id}/hold", **wanted)


async def say_why(service: Service, case_id: CaseId, who: PersonId) -> None:
    """The person has answered what the case's screen asks first."""
    async with service.ground.pool.acquire() as conn:
        await reading.say_purpose(conn, case_id, who, ReadPurpose.SUPERVISION, now=service.now)
        await reading.knows_nobody(conn, case_id, who, up_to=1)


async def lifted(service: Service, **more: Any) -> CaseId:
    """A case whose hold is lifted for the mother."""
    case_id, _ = await service.opened(Level.HIGH)
    answer = await ask(service, case_id, assessment_id=await assess(service, case_id), **more)
    assert answer.status_code == 200, answer.text
    return case_id


async def test_a_case_is_held_until_authority_lifts_it_for_one_recipient(service: Service) -> None:
    case_id = await lifted(service)
    told = {each["recipient"]: each for each in (await service.case(case_id))["hold"]}
    assert told["mother"]["state"] == "lifted"
    assert told["mother"]["by"] == str(CARLA)
    assert told["mother"]["until"] == "2026-03-17T12:00:00+00:00"
    assert {each["state"] for name, each in told.items() if name != "mother"} == {"held"}


@pytest.mark.parametrize(("who", "status", "code"), [(AASE, 403, "authority_needed"), (DITTE, 403, "authority_needed")])
async def test_who_has_no_authority_is_told_so(service: Service, who: Any, status: int, code: str) -> None:
    case_id, _ = await service.opened()
    answer = await ask(service, case_id, who, assessment_id=await assess(service, case_id))
    assert (answer.status_code, answer.json()["title"].replace(" ", "_")) == (status, code)
    assert await state(service, case_id) == "held"


@pytest.mark.parametrize("who", [GORM, FRIDA])
async def test_who_does_not_see_the_case_is_told_nothing(service: Service, who: Any) -> None:
    case_id, _ = await service.opened()
    assert (await ask(service, case_id, who)).status_code == 404


async def test_a_lift_says_what_it_lacks(service: Service) -> None:
    case_id, _ = await service.opened()
    stranger, _ = await service.opened()
    refused = [
        (await ask(service, case_id)).json()["type"],
        (await ask(service, case_id, assessment_id=await assess(service, stranger))).json()["type"],
        (await ask(service, case_id, assessment_id=await assess(service, case_id), until=None)).json()["type"],
        (await ask(service, case_id, assessment_id=await assess(service, case_id), reason="")).json()["type"],
    ]
    codes = [each.removeprefix("urn:beredskab:problem:") for each in refused]
    assert codes == ["assessment_missing", "assessment_missing", "end_missing", "reason_missing"]
    assert await state(service, case_id) == "held"


async def test_lifting_takes_a_fresh_sign_in(service: Service) -> None:
    case_id, _ = await service.opened()
    named = await assess(service, case_id)
    bearer = service.ground.bearer(CARLA, "authority")
    service.ground.clock.pass_by(minutes=11)
    version = (await service.case(case_id))["version"]
    body = {"version": version, "recipient": "mother", "action": "lift", "reason": "x", "assessment_id": named}
    until = (service.now + timedelta(days=1)).isoformat()
    answer = await service.client.post(f"/v1/cases/{case_id}/hold", headers=bearer, json={**body, "until": until})
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:beredskab:problem:step_up_needed")


async def test_a_new_report_holds_it_again_and_the_assessment_no_longer_lifts(service: Service) -> None:
    case_id = await lifted(service)
    await service.hear(service.report(case_id, 2))
    assert await state(service, case_id) == "held"
    (assessment,) = (await service.case(case_id))["assessments"]
    assert assessment["current"] is False
    answer = await ask(service, case_id, assessment_id=assessment["assessment_id"])
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:beredskab:problem:assessment_outdated")
    assert "held_again" in await acts(service, case_id)


@pytest.mark.parametrize("newer_names_older", [True, False])
async def test_a_new_report_in_a_linked_case_holds_it_again(service: Service, newer_names_older: bool) -> None:
    sibling, _ = await service.opened()
    case_id = CaseId(new_id())
    first = service.report(case_id, 1, linked_case_ids=(sibling,))
    await service.hear(first, service.rating(Level.HIGH, first))
    lifted_one, other = (case_id, sibling) if newer_names_older else (sibling, case_id)
    answer = await ask(service, lifted_one, assessment_id=await assess(service, lifted_one))
    assert answer.status_code == 200, answer.text
    assert await state(service, lifted_one) == "lifted"
    version = (await service.case(lifted_one))["version"]
    await service.hear(service.report(other, 2))
    assert await state(service, lifted_one) == "held"
    assert (await service.case(lifted_one))["version"] == version + 1
    assert ((await acts(service, lifted_one))[-1], "held_again" in await acts(service, other)) == ("held_again", False)
    assert await broken_at(service.ground.pool, lifted_one, service.ground.macs) is None  # type: ignore[arg-type]


async def test_a_case_that_becomes_linked_holds_it_again(service: Service) -> None:
    case_id = await lifted(service)
    await service.hear(service.report(CaseId(new_id()), 1, linked_case_ids=(case_id,)))
    assert await state(service, case_id) == "held"
    assert (await acts(service, case_id)).count("held_again") == 1
    due = {each["rule"]: each["state"] for each in (await service.case(case_id))["deadlines"]}
    assert due["hold_review"] == "met"
    await service.hear(service.report(case_id, 2))
    assert (await acts(service, case_id)).count("held_again") == 1


async def test_a_report_in_a_case_two_links_away_leaves_a_lift_alone(service: Service) -> None:
    middle, _ = await service.opened()
    case_id, _ = await service.opened(Level.HIGH, linked_case_ids=(middle,))
    assert (await ask(service, case_id, assessment_id=await assess(service, case_id))).status_code == 200
    await service.hear(service.report(CaseId(new_id()), 1, linked_case_ids=(middle,)))
    assert await state(service, case_id) == "lifted"
    assert "held_again" not in await acts(service, case_id)


async def test_a_lift_ends_by_itself_is_looked_at_before_and_missed_if_nobody_did(service: Service) -> None:
    case_id = await lifted(service)
    await service.did(AASE, f"cases/{case_id}/acknowledge", case_id, covers_report_no=1)
    await service.tick(days=6)
    due = {each["rule"]: each for each in (await service.case(case_id))["deadlines"]}
    assert due["hold_review"]["about"] == "mother"
    assert due["hold_review"]["warned_at"] is not None
    await service.tick(days=1)
    assert await state(service, case_id) == "held"
    missed = await service.ground.published(DeadlineMissed)
    assert "hold_review" in [event.rule for event in missed]  # type: ignore[attr-defined]


async def test_holding_again_is_at_once_and_ends_the_review(service: Service) -> None:
    case_id = await lifted(service)
    answer = await ask(service, case_id, action="reinstate", until=None)
    assert answer.status_code == 200, answer.text
    assert await state(service, case_id) == "held"
    due = {each["rule"]: each["state"] for each in (await service.case(case_id))["deadlines"]}
    assert due["hold_review"] == "met"


async def test_that_section_18_does_not_apply_is_recorded_with_its_review(service: Service) -> None:
    case_id, _ = await service.opened()
    answer = await ask(service, case_id, action="not_applicable")
    assert answer.status_code == 200, answer.text
    assert await state(service, case_id) == "not_applicable"


async def test_no_event_and_no_replay_lifts_it(service: Service) -> None:
    case_id = await lifted(service)
    second = service.report(case_id, 2)
    for _ in range(2):
        await service.hear(second, service.rating(Level.LOW, second, no=2))
        assert await state(service, case_id) == "held"


async def test_a_stale_reading_does_not_lift(service: Service) -> None:
    case_id, _ = await service.opened()
    named, version = await assess(service, case_id), (await service.case(case_id))["version"]
    await service.hear(service.report(case_id, 2))
    answer = await ask(service, case_id, assessment_id=named, version=version)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:beredskab:problem:stale")


async def test_mediation_is_refused_before_a_lift_names_it(service: Service) -> None:
    case_id, _ = await service.opened()
    body = {"recipients": ["mother"], "note": SECRET}

    async def mediate() -> Any:
        version = (await service.case(case_id))["version"]
        return await service.act(AASE, f"cases/{case_id}/mediation", version=version, **body)

    assert (await mediate()).json()["type"] == "urn:beredskab:problem:held"
    named = await assess(service, case_id)
    assert (await ask(service, case_id, assessment_id=named)).status_code == 200
    assert (await mediate()).json()["type"] == "urn:beredskab:problem:mediation_not_named"
    assert (await ask(service, case_id, assessment_id=named, mediation=True)).status_code == 200
    assert (await mediate()).status_code == 200
    assert "mediation_begun" in await acts(service, case_id)


async def test_an_assessment_is_sealed_and_its_reading_leaves_a_trace(service: Service) -> None:
    case_id, _ = await service.opened()
    named = await assess(service, case_id, exact_words=SECRET, threats=["veiled"], something_else="x")
    rows = await service.ground.pool.fetch("SELECT answers::text || covers::text AS all FROM assessments")
    assert SECRET not in str(rows)
    await say_why(service, case_id, AASE)
    told = (await service.ask(AASE, f"cases/{case_id}/assessments/{named}")).json()
    assert told["answers"] == {"exact_words": SECRET, "threats": ["veiled"], "something_else": "x"}
    assert (told["level"], told["by"]) == ("high", str(CARLA))
    assert "assessment_read" in await acts(service, case_id)
    assert (await service.ask(AASE, f"cases/{case_id}/assessments/{new_id()}")).status_code == 404


async def test_an_assessment_tells_what_it_leaves_open(service: Service) -> None:
    case_id, _ = await service.opened()
    body = {"covers_report_no": 1, "level": "low", "acute": False, "answers": {"travel": ["planned"], "odd": "x"}}
    told = (await service.act(AASE, f"cases/{case_id}/assessment", **body)).json()
    assert len(told["unanswered"]) == 19
    assert told["unread"] == ["odd"]


async def test_whoever_got_no_answer_and_says_it_again_has_assessed_once(service: Service) -> None:
    case_id, _ = await service.opened(Level.HIGH)
    words = {"covers_report_no": 1, "level": "low", "acute": False, "answers": {"exact_words": "Sig det ikke."}}
    said = []
    for more in ({}, {}, {"level": "high"}):
        service.ground.clock.pass_by(seconds=1)
        answer = await service.act(CARLA, f"cases/{case_id}/assessment", **(words | more))
        said.append(answer.json()["assessment_id"])
    first, again, other = said
    assert first == again != other
    assert [each["level"] for each in (await service.case(case_id))["assessments"]] == ["low", "high"]


async def test_only_what_was_shown_can_be_assessed(service: Service) -> None:
    case_id, _ = await service.opened()
    body = {"covers_report_no": 2, "level": "low", "acute": False}
    answer = await service.act(CARLA, f"cases/{case_id}/assessment", **body)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:beredskab:problem:not_shown")


async def test_a_draft_is_kept_sealed_is_its_writers_alone_and_goes_when_it_is_recorded(service: Service) -> None:
    case_id, _ = await service.opened()
    path, key = f"/v1/cases/{case_id}/assessment/draft", service.ground.bearer(AASE, "consultant")
    for text in ("først", SECRET):
        answer = await service.client.put(path, headers=key, json={"answers": {"own_view": text}})
        assert answer.status_code == 204
    assert (await service.ask(AASE, path.removeprefix("/v1/"))).json()["answers"] == {"own_view": SECRET}
    assert (await service.ask(BO, path.removeprefix("/v1/"))).json()["answers"] == {}
    assert SECRET.encode() not in await service.ground.pool.fetchval("SELECT answers FROM drafts")
    await assess(service, case_id, who=AASE, own_view=SECRET)
    assert (await service.ask(AASE, path.removeprefix("/v1/"))).json()["answers"] == {}


async def test_the_form_is_told_in_both_languages(service: Service) -> None:
    told = (await service.ask(AASE, "assessment-form")).json()
    assert (told["version"], len(told["questions"])) == (2, 20)


async def test_what_was_recorded_cannot_be_changed(service: Service) -> None:
    await lifted(service)
    for table in ("lifts", "assessments", "mediations"):
        with pytest.raises(Exception, match="append-only"):
            await service.ground.pool.execute(f"DELETE FROM {table}")


@pytest.mark.race
@pytest.mark.timeout(600)
async def test_a_lift_races_a_new_report_and_it_is_held_afterwards(service: Service) -> None:
    """Report first: the lift is refused. Lift first: it is void at once."""
    for _ in range(REPETITIONS):
        case_id, _ = await service.opened(Level.HIGH)
        named, version = await assess(service, case_id), (await service.case(case_id))["version"]
        answer, _ = await asyncio.gather(
            ask_at(service, case_id, named, version), service.hear(service.report(case_id, 2))
        )
        assert answer.status_code in (200, 409)
        assert await state(service, case_id) == "held"
        assert ("held_again" in await acts(service, case_id)) == (answer.status_code == 200)
        assert await broken_at(service.ground.pool, case_id, service.ground.macs) is None  # type: ignore[arg-type]


@pytest.mark.race
@pytest.mark.timeout(600)
async def test_a_lift_races_a_new_report_in_a_linked_case_and_it_is_held_afterwards(service: Service) -> None:
    for _ in range(REPETITIONS):
        sibling, _ = await service.opened()
        case_id, _ = await service.opened(Level.HIGH, linked_case_ids=(sibling,))
        named, version = await assess(service, case_id), (await service.case(case_id))["version"]
        answer, _ = await asyncio.gather(
            ask_at(service, case_id, named, version), service.hear(service.report(sibling, 2))
        )
        assert await state(service, case_id) == "held"
        assert ("held_again" in await acts(service, case_id)) == (answer.status_code == 200)


async def ask_at(service: Service, case_id: CaseId, named: str, version: int) -> Any:
    until = (service.now + timedelta(days=7)).isoformat()
    body = {"recipient": "mother", "action": "lift", "reason": "x", "until": until, "assessment_id": named}
    return await service.act(CARLA, f"cases/{case_id}/hold", version=version, **body)


async def acts(service: Service, case_id: CaseId) -> list[str]:
    """What the case's evidence tells was done."""
    rows = await service.ground.pool.fetch("SELECT act FROM evidence WHERE case_id = $1 ORDER BY n", case_id)
    return [row["act"] for row in rows]


@pytest.mark.parametrize("covers", ["[]", "7", '{"x": 1}', "null"])
async def test_a_lift_of_which_it_cannot_be_read_what_it_covers_lifts_nothing(service: Service, covers: str) -> None:
    case_id = await lifted(service)
    await service.ground.pool.execute("ALTER TABLE lifts DISABLE TRIGGER USER")
    await service.ground.pool.execute("UPDATE lifts SET covers = $1", covers)
    assert await state(service, case_id) == "held"
