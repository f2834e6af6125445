"""Beside the cases: the one alarm that nobody can be reached, and the change of shifts."""

from datetime import timedelta
from uuid import UUID

from services.escalation.domain.shift import Shift, Shifts, Span
from services.escalation.store import rota
from shared.events.codes import Level
from shared.events.escalation import MessageRequested, NobodyReachable
from shared.ids import CaseId, PersonId
from tests.integration.escalation.conftest import AASE, BO, DITTE, DOEGNVAGT, FRIDA, Service, asked


async def _in_vain(service: Service) -> CaseId:
    """A case of which a whole round of pages was given up."""
    case_id, _ = await service.opened(Level.ACUTE)
    while asked(await service.case(case_id)):
        [page] = [page for page in (await service.case(case_id))["pages"] if page["state"] == "requested"]
        await service.lose(page, case_id)
    return case_id


async def _told(service: Service, *purposes: str) -> list[UUID | None]:
    """Who has been sent a message of that purpose, in order."""
    sent = await service.ground.published(MessageRequested)
    return [each.recipient.id for each in sent if isinstance(each, MessageRequested) and each.purpose in purposes]


async def test_nobody_reachable_is_one_alarm_to_leaders_operators_and_the_duty_desk(service: Service) -> None:
    for _ in range(3):
        await _in_vain(service)
    assert len(await service.ground.published(NobodyReachable)) == 3
    seen = []
    for _ in range(4):
        before = len(await _told(service, "notice"))
        await service.tick(minutes=1.5)
        await service.tick(minutes=1.5)
        seen.append((await _told(service, "notice"))[before:])
    assert seen == [[DITTE], [FRIDA], [DOEGNVAGT], [DITTE]]


async def test_the_alarm_ends_when_somebody_is_reached(service: Service) -> None:
    case_id = await _in_vain(service)
    await service.tick()
    assert await _told(service, "notice") == [DITTE]
    await service.tick(minutes=3)
    [page] = [page for page in (await service.case(case_id))["pages"] if page["state"] == "requested"]
    [row] = await service.ground.pool.fetch("SELECT report_id FROM reports")
    report = service.report(case_id, report_id=row["report_id"])
    await service.deliver(page, case_id, report)
    told = len(await _told(service, "notice"))
    await service.tick(minutes=3)
    assert len(await _told(service, "notice")) == told
    assert await service.ground.pool.fetchval("SELECT count(*) FROM alarms WHERE ended_at IS NOT NULL") == 1


async def test_taking_the_case_ends_the_alarm(service: Service) -> None:
    case_id = await _in_vain(service)
    await service.tick()
    await service.did(AASE, f"cases/{case_id}/acknowledge", case_id, covers_report_no=1)
    await service.tick(minutes=3)
    assert await _told(service, "notice") == [DITTE]


async def _shifts(service: Service, *duties: tuple[UUID, float, float]) -> None:
    """Who is on call from and until how many hours from now."""
    spans = (
        Shift(PersonId(who), Span(service.now + timedelta(hours=first), service.now + timedelta(hours=last)))
        for who, first, last in duties
    )
    async with service.ground.pool.acquire() as conn:
        await rota.put_shifts(conn, Shifts(shifts=tuple(spans)), by=PersonId(DITTE), at=service.now)


async def test_who_comes_on_call_is_told_once_that_something_is_open(service: Service) -> None:
    await _shifts(service, (AASE, -1, 1), (BO, 1, 2))
    await service.tick()
    for _ in range(2):
        case_id, _ = await service.opened(Level.ACUTE)
        await service.did(AASE, f"cases/{case_id}/acknowledge", case_id, covers_report_no=1, promise_minutes=600)
    await service.tick(minutes=59)
    assert await _told(service, "notice") == []
    await service.tick(minutes=1)
    await service.tick(minutes=1)
    assert await _told(service, "notice") == [BO]


async def test_who_comes_on_call_is_told_nothing_where_nothing_is_open_to_them(service: Service) -> None:
    await _shifts(service, (AASE, -1, 1), (BO, 1, 2))
    await service.tick()
    case_id, _ = await service.opened(Level.ACUTE)
    await service.act(BO, f"cases/{case_id}/conflict")
    await service.did(AASE, f"cases/{case_id}/acknowledge", case_id, covers_report_no=1, promise_minutes=600)
    await service.tick(hours=1)
    assert await _told(service, "notice") == []


async def test_who_went_home_is_not_waited_for(service: Service) -> None:
    await _shifts(service, (AASE, -1, 0.01), (BO, 0.01, 2))
    await service.tick()
    case_id, _ = await service.opened(Level.ACUTE)
    assert asked(await service.case(case_id)) == [AASE]
    await service.tick(hours=0.01)
    case = await service.case(case_id)
    assert (asked(case), case["escalation"]["round"]) == ([BO], 2)


BREAKING = """CREATE FUNCTION breaks() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'broken'; END $$;
    CREATE TRIGGER broken BEFORE UPDATE ON escalations
    FOR EACH ROW WHEN (old.case_id = '{}') EXECUTE FUNCTION breaks()"""


async def test_a_case_that_cannot_be_decided_stops_neither_the_clocks_nor_the_shift_change_of_others(
    service: Service,
) -> None:
    await _shifts(service, (AASE, -1, 0.01), (BO, 0.01, 2))
    await service.tick()
    cases = sorted([(await service.opened(Level.ACUTE))[0] for _ in range(3)])
    await service.ground.pool.execute(BREAKING.format(cases[1]))
    await service.tick(hours=0.01)
    assert [asked(await service.case(case_id)) for case_id in cases] == [[BO], [AASE], [BO]]
    await service.tick(minutes=3)
    rungs = [(await service.case(case_id))["escalation"]["rung"] for case_id in cases]
    assert rungs[0] == rungs[2] > rungs[1]


async def test_a_responsible_person_who_went_home_is_not_asked_first(service: Service) -> None:
    await _shifts(service, (AASE, -1, 1), (BO, 1, 9))
    case_id, _ = await service.opened(Level.ACUTE)
    await service.did(AASE, f"cases/{case_id}/acknowledge", case_id, covers_report_no=1, promise_minutes=600)
    await service.tick(hours=2)
    await service.hear(service.report(case_id, 2))
    assert asked(await service.case(case_id)) == [BO]
