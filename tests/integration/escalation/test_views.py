"""Looking into a case leaves a trace, and the words of people are shown to nobody who has not said why they look."""

import json
from uuid import UUID

import pytest

from deploy.cli.evidence import verify
from services.escalation.figures import found
from services.escalation.handlers.reading import VIEWS_UNUSUAL_FROM
from services.escalation.web.reasons import UNREADABLE
from shared.events.codes import Level
from shared.ids import CaseId
from tests.integration.escalation.conftest import AASE, BO, CARLA, DITTE, Json, Service
from tests.integration.escalation.test_hold import ask, assess, say_why

PLANTED = "Plantet Ord"


async def _with_words(service: Service) -> CaseId:
    """A case in which every reason that a person can give holds planted words."""
    case_id, _ = await service.opened(Level.HIGH)
    words = iter(f"{PLANTED} {n}" for n in range(9))
    await service.did(AASE, f"cases/{case_id}/unit", case_id, unit="amager", reason=next(words))
    await service.did(AASE, f"cases/{case_id}/acknowledge", case_id, covers_report_no=1)
    await service.did(AASE, f"cases/{case_id}/raise", case_id, level="acute", reason=next(words))
    named = await assess(service, case_id, exact_words=next(words))
    assert (await ask(service, case_id, assessment_id=named, reason=next(words))).status_code == 200
    assert (await ask(service, case_id, action="reinstate", reason=next(words))).status_code == 200
    assert (await ask(service, case_id, recipient="father", assessment_id=named, reason=next(words))).status_code == 200
    await service.did(AASE, f"cases/{case_id}/lower", case_id, level="low", reason=next(words))
    await service.did(AASE, f"cases/{case_id}/handover", case_id, to=str(BO), note=next(words))
    return case_id


async def test_the_case_tells_none_of_the_words_in_which_people_gave_their_reasons(service: Service) -> None:
    case_id = await _with_words(service)
    case = await service.case(case_id, DITTE)
    assert PLANTED not in json.dumps(case)
    stale = await service.act(DITTE, f"cases/{case_id}/raise", version=0, level="acute", reason="x")
    assert (stale.status_code, PLANTED in stale.text) == (409, False)
    assert {each["recipient"]: each["state"] for each in case["hold"]}["father"] == "lifted"
    assert [each["act"] for each in case["countersigns"]] == ["lower"]


async def test_reasons_are_told_to_who_has_said_why_they_look_and_that_is_evidence(service: Service) -> None:
    case_id = await _with_words(service)
    assert (await service.ask(DITTE, f"cases/{case_id}/reasons")).json()["type"].endswith("purpose_needed")
    await say_why(service, case_id, DITTE)
    told = (await service.ask(DITTE, f"cases/{case_id}/reasons")).json()
    assert told["countersigns"][0]["reason"].startswith(PLANTED)
    assert told["handover"]["note"].startswith(PLANTED)
    by_recipient = {each["recipient"]: each for each in told["hold"]}
    assert by_recipient["father"]["reason"].startswith(PLANTED)
    assert by_recipient["mother"]["ended"]["reason"].startswith(PLANTED)
    (entry,) = await _entries(service, case_id, "reasons_read")
    assert (entry["actor"], entry["facts"]) == (str(DITTE), {"purpose": "supervision", "reasons": 4})
    await service.hear(service.report(case_id, 2))
    assert (await service.ask(DITTE, f"cases/{case_id}/reasons")).status_code == 403


async def test_an_assessment_is_read_by_who_has_said_why_they_look(service: Service) -> None:
    case_id, _ = await service.opened(Level.HIGH)
    path = f"cases/{case_id}/assessments/{await assess(service, case_id, exact_words=PLANTED)}"
    refused = await service.ask(DITTE, path)
    assert (refused.status_code, PLANTED in refused.text) == (403, False)
    await say_why(service, case_id, DITTE)
    assert PLANTED in (await service.ask(DITTE, path)).text


async def test_a_look_leaves_one_entry_an_hour_for_each_person(service: Service) -> None:
    case_id, report = await service.opened(Level.HIGH)
    for who in (BO, DITTE):
        for path in (f"cases/{case_id}", f"reports/{report.report_id}", f"cases/{case_id}"):
            assert (await service.ask(who, path)).status_code == 200
    assert [UUID(each["actor"]) for each in await _entries(service, case_id, "case_viewed")] == [BO, DITTE]
    service.ground.clock.pass_by(hours=1)
    await service.ask(BO, f"cases/{case_id}")
    assert [UUID(each["actor"]) for each in await _entries(service, case_id, "case_viewed")] == [BO, DITTE, BO]
    assert await service.ground.pool.fetchval("SELECT count(*) FROM views") == 3
    [sound] = await verify({"escalation": service.ground.url}, {"escalation": service.ground.macs})
    assert sound["broken"] == []


async def test_a_refused_act_that_shows_the_case_is_a_look_too(service: Service) -> None:
    case_id, _ = await service.opened(Level.HIGH)
    answer = await service.act(CARLA, f"cases/{case_id}/raise", version=0, level="acute", reason="x")
    assert (answer.status_code, answer.json()["case"]["case_id"]) == (409, str(case_id))
    assert [UUID(each["actor"]) for each in await _entries(service, case_id, "case_viewed")] == [CARLA]


async def test_who_does_not_see_the_case_leaves_no_look(service: Service) -> None:
    case_id, _ = await service.opened(Level.HIGH)
    assert (await service.ask(BO, f"cases/{case_id}", units=("amager",))).status_code == 404
    assert await service.ground.pool.fetchval("SELECT count(*) FROM views") == 0


@pytest.mark.parametrize("looks", [VIEWS_UNUSUAL_FROM - 1, VIEWS_UNUSUAL_FROM])
async def test_looks_into_unusually_many_cases_within_an_hour_alarm(service: Service, looks: int) -> None:
    alarms = looks == VIEWS_UNUSUAL_FROM
    for _ in range(looks):
        case_id, _ = await service.opened(Level.LOW)
        for _ in range(2):
            await service.case(case_id, DITTE)
    assert bool(await _entries(service, case_id, "unusual_viewing")) == alarms
    assert (await found(service.ground.pool, service.now, usual=60))["beredskab.viewing.unusual"] == alarms
    service.ground.clock.pass_by(hours=2)
    assert (await found(service.ground.pool, service.now, usual=60))["beredskab.viewing.unusual"] == 0


async def _entries(service: Service, case_id: CaseId, act: str) -> list[Json]:
    rows = await service.ground.pool.fetch(
        "SELECT actor::text, facts FROM evidence WHERE case_id = $1 AND act = $2 ORDER BY n", case_id, act
    )
    return [{"actor": row["actor"], "facts": json.loads(row["facts"])} for row in rows]


@pytest.mark.parametrize("table", ["countersigns", "handovers", "lifts", "cases"])
async def test_a_reason_that_does_not_open_hides_no_other(service: Service, table: str) -> None:
    case_id = await _with_words(service)
    column = {"handovers": "note", "cases": "wrapped_key"}.get(table, "reason")
    await service.ground.pool.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    await service.ground.pool.execute(f"UPDATE {table} SET {column} = '\\x00'")
    await say_why(service, case_id, DITTE)
    told = (await service.ask(DITTE, f"cases/{case_id}/reasons")).json()
    by_recipient = {each["recipient"]: each for each in told["hold"]}
    words = {
        "countersigns": told["countersigns"][0]["reason"],
        "handovers": told["handover"]["note"],
        "lifts": by_recipient["father"]["reason"],
    }
    unread = {name for name, each in words.items() if each == UNREADABLE}
    assert unread == (words.keys() if table == "cases" else {table})
    assert all(each.startswith(PLANTED) for name, each in words.items() if name not in unread)
