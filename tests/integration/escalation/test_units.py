"""Which unit has a case: the first report suggests it, staff alone move it; who sees it then, and who is asked."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from shared.events.codes import Level, Unit
from shared.events.escalation import MessageRequested, MessageWithdrawn
from shared.evidence import broken_at
from shared.ids import CaseId, PersonId, new_id
from tests.integration.escalation.conftest import AASE, BO, CARLA, DITTE, DOEGNVAGT, Service, asked

HERE, THERE = ("noerrebro",), ("amager",)


async def serve(service: Service, person_id: UUID, *units: str) -> None:
    """The person serves these units alone."""
    await service.ground.pool.execute("UPDATE people SET units = $2 WHERE person_id = $1", person_id, list(units))


async def move(service: Service, case_id: CaseId, who: UUID, unit: str, *, units: tuple[str, ...] = ("*",)) -> Any:
    """The act, on the case as it is."""
    version = (await service.case(case_id, DITTE))["version"]
    body = {"version": version, "unit": unit, "reason": "Barnet bor der."}
    return await service.act(who, f"cases/{case_id}/unit", units=units, **body)


async def sees(service: Service, case_id: CaseId, who: UUID, units: tuple[str, ...]) -> bool:
    """Whether the person is shown it, and has it in the list."""
    listed = [each["case_id"] for each in (await service.ask(who, "work", units=units)).json()["work"]]
    shown = (await service.ask(who, f"cases/{case_id}", units=units)).status_code == 200
    assert shown == (str(case_id) in listed)
    return shown


async def test_a_later_report_moves_no_case_to_another_unit(service: Service) -> None:
    case_id, _ = await service.opened(Level.HIGH, unit=Unit.NOERREBRO)
    taken = await service.act(AASE, f"cases/{case_id}/acknowledge", units=HERE, covers_report_no=1)
    assert taken.status_code == 200
    await service.hear(service.report(case_id, 2, unit=Unit.AMAGER))
    assert (await service.case(case_id))["unit"] == "noerrebro"
    assert await sees(service, case_id, AASE, HERE)
    assert not await sees(service, case_id, BO, THERE)


@pytest.mark.parametrize("first", ["noerrebro", "unknown"])
async def test_the_first_report_suggests_the_unit_in_whatever_order_reports_come(service: Service, first: str) -> None:
    case_id = CaseId(new_id())
    await service.hear(service.report(case_id, 2, unit=Unit.AMAGER))
    assert (await service.case(case_id))["unit"] == "unknown"
    await service.hear(service.report(case_id, 1, unit=first))
    await service.hear(service.report(case_id, 3, unit=Unit.BISPEBJERG))
    assert (await service.case(case_id))["unit"] == first


async def test_a_case_without_a_unit_stays_everybodys_when_somebody_takes_it(service: Service) -> None:
    case_id, _ = await service.opened(Level.HIGH, unit=Unit.UNKNOWN)
    await service.act(AASE, f"cases/{case_id}/acknowledge", units=HERE, covers_report_no=1)
    assert await sees(service, case_id, AASE, HERE)
    assert await sees(service, case_id, BO, THERE)


async def test_after_a_move_the_other_unit_sees_the_case_and_the_former_one_does_not(service: Service) -> None:
    case_id, _ = await service.opened(Level.HIGH)
    assert (await move(service, case_id, AASE, "amager", units=HERE)).status_code == 204
    assert not await sees(service, case_id, AASE, HERE)
    assert await sees(service, case_id, BO, THERE)
    told = (await move(service, case_id, DITTE, "bispebjerg")).json()
    assert told["unit"] == "bispebjerg"


async def test_a_report_that_comes_after_a_move_does_not_undo_it(service: Service) -> None:
    case_id = CaseId(new_id())
    await service.hear(service.report(case_id, 2, unit=Unit.UNKNOWN))
    await move(service, case_id, DITTE, "amager")
    await service.hear(service.report(case_id, 1, unit=Unit.NOERREBRO), service.report(case_id, 3))
    assert (await service.case(case_id))["unit"] == "amager"


async def test_whoever_has_taken_a_case_keeps_seeing_it_until_another_takes_it(service: Service) -> None:
    case_id, _ = await service.opened(Level.HIGH)
    await service.act(AASE, f"cases/{case_id}/acknowledge", units=HERE, covers_report_no=1)
    assert (await move(service, case_id, AASE, "amager", units=HERE)).status_code == 200
    assert await sees(service, case_id, AASE, HERE)
    await service.act(BO, f"cases/{case_id}/acknowledge", units=THERE, covers_report_no=1)
    assert not await sees(service, case_id, AASE, HERE)
    assert await sees(service, case_id, BO, THERE)


async def test_whoever_has_taken_a_case_and_is_then_excluded_does_not_see_it(service: Service) -> None:
    case_id, _ = await service.opened(Level.HIGH)
    await service.act(AASE, f"cases/{case_id}/acknowledge", units=HERE, covers_report_no=1)
    await move(service, case_id, DITTE, "amager")
    await service.act(DITTE, "exclusions", case_id=str(case_id), person_id=str(AASE), reason="gift med en onkel")
    assert not await sees(service, case_id, AASE, HERE)


async def test_a_move_while_paging_asks_the_other_units_people_at_once(service: Service) -> None:
    await serve(service, AASE, *HERE)
    await serve(service, BO, *THERE)
    case_id, _ = await service.opened(Level.ACUTE)
    assert asked(await service.case(case_id, DITTE)) == [AASE]
    await move(service, case_id, DITTE, "amager")
    assert asked(await service.case(case_id, DITTE)) == [BO]
    (withdrawn,) = await service.ground.published(MessageWithdrawn)
    first, second = await service.ground.published(MessageRequested)
    assert (withdrawn.message_id, second.recipient.id) == (first.message_id, BO)  # type: ignore[attr-defined]
    await service.tick(minutes=3)
    assert asked(await service.case(case_id, DITTE)) == [DOEGNVAGT]


async def test_when_the_promise_is_broken_the_other_unit_is_asked(service: Service) -> None:
    await serve(service, AASE, *HERE)
    await serve(service, BO, *THERE)
    case_id, _ = await service.opened(Level.HIGH)
    await service.act(AASE, f"cases/{case_id}/acknowledge", units=HERE, covers_report_no=1)
    await move(service, case_id, AASE, "amager", units=HERE)
    await service.tick(minutes=61)
    assert asked(await service.case(case_id, DITTE)) == [BO]
    assert await sees(service, case_id, AASE, HERE)


async def test_a_case_is_offered_to_nobody_of_another_unit(service: Service) -> None:
    await serve(service, BO, *THERE)
    case_id, _ = await service.opened(Level.HIGH)
    await service.did(AASE, f"cases/{case_id}/acknowledge", case_id, covers_report_no=1)
    version = (await service.case(case_id))["version"]
    offer = {"version": version, "to": str(BO), "note": "Tag den."}
    assert (await service.act(AASE, f"cases/{case_id}/handover", **offer)).status_code == 409
    await move(service, case_id, DITTE, "amager")
    told = await service.did(AASE, f"cases/{case_id}/handover", case_id, to=str(BO), note="Tag den.")
    assert told["escalation"]["offered_to"] == str(BO)
    await move(service, case_id, DITTE, "bispebjerg")
    assert (await service.case(case_id))["escalation"]["offered_to"] is None


async def test_a_leader_of_the_former_unit_countersigns_no_more(service: Service) -> None:
    case_id, report = await service.opened(Level.HIGH)
    await service.did(AASE, f"cases/{case_id}/acknowledge", case_id, covers_report_no=1)
    await service.did(CARLA, f"reports/{report.report_id}/judgement", case_id, acute=False, started=True)
    case = await service.did(AASE, f"cases/{case_id}/close", case_id, outcome="advised", reason="Rådgivet.")
    await move(service, case_id, CARLA, "amager")
    path, answer = f"countersign/{case['countersigns'][0]['id']}", {"agree": True, "reason": "Enig."}
    version = (await service.case(case_id))["version"]
    assert (await service.act(DITTE, path, units=HERE, version=version, **answer)).status_code == 404
    agreed = await service.act(DITTE, path, units=THERE, version=version, **answer)
    assert agreed.json()["escalation"]["state"] == "closed"


@pytest.mark.parametrize(("unit", "status"), [("noerrebro", 409), ("unknown", 422), ("mars", 422)])
async def test_a_move_that_is_none_is_refused(service: Service, unit: str, status: int) -> None:
    case_id, _ = await service.opened(Level.HIGH)
    assert (await move(service, case_id, AASE, unit)).status_code == status
    assert (await service.case(case_id))["unit"] == "noerrebro"


async def test_a_move_is_evidence_and_its_reason_is_sealed(service: Service) -> None:
    case_id, _ = await service.opened(Level.HIGH)
    await move(service, case_id, AASE, "amager")
    entries = await service.ground.pool.fetch("SELECT act, actor, facts FROM evidence WHERE case_id = $1", case_id)
    (moved,) = [each for each in entries if each["act"] == "unit_moved"]
    assert moved["actor"] == PersonId(AASE)
    assert '"from":"noerrebro"' in moved["facts"]
    assert '"to":"amager"' in moved["facts"]
    (step,) = await service.ground.pool.fetch("SELECT * FROM steps")
    assert b"Barnet" not in step["note"]
    assert await broken_at(service.ground.pool, case_id, service.ground.macs) is None


@pytest.mark.race
async def test_a_move_races_an_answer_and_one_is_decided_on_what_the_other_left(service: Service) -> None:
    await serve(service, AASE, *HERE)
    case_id, _ = await service.opened(Level.ACUTE)
    take = service.act(AASE, f"cases/{case_id}/acknowledge", units=HERE, covers_report_no=1)
    moved, taken = await asyncio.gather(move(service, case_id, DITTE, "amager"), take)
    case = await service.case(case_id, DITTE)
    if taken.status_code == 404:
        assert (case["unit"], case["escalation"]["responsible"]) == ("amager", None)
    else:
        assert case["escalation"]["responsible"] == str(AASE)
        assert moved.status_code in (200, 409)
    assert await broken_at(service.ground.pool, case_id, service.ground.macs) is None
