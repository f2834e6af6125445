"""The last net: whatever breaks in the handling of a report, an escalation opens and somebody is asked."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from services.escalation.app import SUBSCRIPTIONS
from shared.delivery.arrival import Arrival
from shared.delivery.inbox import Inbox
from shared.delivery.reception import Reception
from shared.events.codes import Level, Purpose
from shared.events.envelope import Envelope, headers_of
from shared.events.escalation import EscalationOpened, MessageRequested
from shared.events.intake import ReportReceived
from shared.ids import CaseId, EventId, new_id
from tests.integration.attack.conftest import Doors, before, escalation_on
from tests.integration.escalation.conftest import AASE, CARLA, DITTE, DOEGNVAGT, Service

TABLES = (
    *("cases", "reports", "escalations", "pages", "deadlines", "evidence", "exclusions", "outbox", "inbox"),
    *("tries", "parked", "countersigns", "ratings", "alarms", "duties", "set_aside"),
)


def reception(service: Service) -> Reception:
    ground = service.ground
    return Reception(Inbox(ground.transactions, SUBSCRIPTIONS), ground.pool, ground.keys, ground.clock)


def arrival(service: Service, event: ReportReceived, body: bytes | None = None, **changed: str) -> Arrival:
    envelope = Envelope(EventId(new_id()), event.type, "intake", service.now, 1, None)
    headers = headers_of(event, envelope) | changed
    named = tuple((name, value.encode()) for name, value in headers.items())
    return Arrival(event.topic, named, event.model_dump_json().encode() if body is None else body)


async def arrives(service: Service, what: Arrival) -> None:
    """It comes as often as a consumer would let it come, and then time passes."""
    for _ in range(4):
        with suppress(asyncpg.DataError):
            opened = await reception(service).open(what)
            if opened is None or await reception(service).deliver(what, opened):
                break
    for seconds in (1, 25, 1):
        await ticks(service, seconds)


async def ticks(service: Service, seconds: float) -> None:
    with suppress(asyncpg.DataError):
        await service.tick(seconds=seconds)


@asynccontextmanager
async def broken(service: Service, table: str) -> AsyncIterator[None]:
    """Every row that is written to the table is refused, as data that no column takes would be."""
    pool = service.ground.pool
    await pool.execute(
        f"""CREATE FUNCTION torn() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'torn' USING ERRCODE = 'data_exception'; END $$;
            CREATE TRIGGER torn BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION torn()"""
    )
    try:
        yield
    finally:
        await pool.execute(f"DROP TRIGGER torn ON {table}; DROP FUNCTION torn()")


async def asked(service: Service) -> list[MessageRequested]:
    told = await service.ground.published(MessageRequested)
    return [each for each in told if isinstance(each, MessageRequested) and each.purpose is Purpose.PAGE]


async def on_the_list(service: Service, case_id: CaseId) -> bool:
    work = (await service.ask(AASE, "work")).json()["work"]
    return str(case_id) in {each["case_id"] for each in work}


@pytest.mark.parametrize("table", TABLES)
async def test_whatever_table_is_broken_somebody_is_asked(service: Service, table: str) -> None:
    report = service.report(CaseId(new_id()))
    async with broken(service, table):
        await arrives(service, arrival(service, report))
        seen = await on_the_list(service, report.case_id)
    assert await asked(service) or (seen and table == "outbox")
    assert seen or table in ("cases", "escalations")


@pytest.mark.parametrize("table", ["reports", "escalations", "evidence", "deadlines", "outbox", "pages"])
async def test_what_is_torn_in_a_case_that_was_answered_is_asked_about_anew(service: Service, table: str) -> None:
    case_id, _ = await service.opened()
    await service.did(AASE, f"cases/{case_id}/acknowledge", case_id, covers_report_no=1)
    before = len(await asked(service))
    later = service.report(case_id, 2)
    async with broken(service, table):
        await arrives(service, arrival(service, later))
        await ticks(service, 60)
    await ticks(service, 700)
    assert len(await asked(service)) > before


async def unhandled(service: Service, report: ReportReceived) -> Arrival:
    """A report that no handler could take, although all is well otherwise."""
    what = arrival(service, report)
    async with broken(service, "inbox"):
        await arrives(service, what)
    return what


async def test_a_bare_escalation_is_paged_as_high_acknowledged_assessed_judged_and_closed(service: Service) -> None:
    report = service.report(CaseId(new_id()))
    await unhandled(service, report)
    case_id = report.case_id
    case = await service.case(case_id)
    assert (case["escalation"]["state"], case["escalation"]["ladder"]) == ("paging", Level.HIGH)
    assert [each["report_no"] for each in case["reports"]] == [1]
    assert {each["rule"] for each in case["deadlines"]} == {"acute_judgement", "receipt"}
    assert len(await service.ground.published(EscalationOpened)) == 1
    await service.did(AASE, f"cases/{case_id}/acknowledge", case_id, covers_report_no=1)
    assessed = await service.act(
        AASE, f"cases/{case_id}/assessment", version=99, covers_report_no=1, level="high", acute=False, answers={}
    )
    assert assessed.status_code in (201, 409)
    await service.did(CARLA, f"reports/{report.report_id}/judgement", case_id, acute=False, started=True)
    closing = await service.did(AASE, f"cases/{case_id}/close", case_id, outcome="support_started", reason="talt med")
    assert closing["escalation"]["state"] == "closing"
    (waiting,) = closing["countersigns"]
    done = await service.did(DITTE, f"countersign/{waiting['id']}", case_id, agree=True, reason="ja")
    assert done["escalation"]["state"] == "closed"


async def test_it_stays_parked_and_becomes_an_ordinary_report_when_it_is_replayed(service: Service) -> None:
    report = service.report(CaseId(new_id()), conflict_declared=True)
    await unhandled(service, report)
    pool = service.ground.pool
    assert await pool.fetchval("SELECT bare FROM reports")
    assert await pool.fetchval("SELECT state FROM parked") == "parked"
    await pool.execute("UPDATE parked SET state = 'asked'")
    assert await reception(service).replay_once() == 1
    assert await pool.fetchval("SELECT state FROM parked") == "replayed"
    assert not await pool.fetchval("SELECT bare FROM reports")
    assert await pool.fetchval("SELECT count(*) FROM escalations") == 1
    await service.hear(service.rating(Level.ACUTE, report))
    assert (await service.case(report.case_id))["level"] == Level.ACUTE


async def test_whoever_took_it_bare_is_not_asked_again_when_it_is_replayed(service: Service) -> None:
    report = service.report(CaseId(new_id()))
    await unhandled(service, report)
    await service.did(AASE, f"cases/{report.case_id}/acknowledge", report.case_id, covers_report_no=1)
    await service.did(CARLA, f"reports/{report.report_id}/judgement", report.case_id, acute=False, started=True)
    before = len(await asked(service))
    await service.ground.pool.execute("UPDATE parked SET state = 'asked'")
    await reception(service).replay_once()
    await service.tick(seconds=30)
    assert len(await asked(service)) == before
    states = {each["rule"]: each["state"] for each in (await service.case(report.case_id))["deadlines"]}
    assert states["acute_judgement"] == "met"


async def test_a_case_whose_report_no_table_takes_is_shown_and_answered_and_asked_about_again(
    service: Service,
) -> None:
    report = service.report(CaseId(new_id()))
    path = f"/cases/{report.case_id}"
    async with broken(service, "reports"):
        await arrives(service, arrival(service, report))
        async with before(app := escalation_on(service.ground)) as browser:
            signed_in = await Doors(service.ground, app, browser).cookie("consultant")
            await browser.post(f"{path}/purpose", data={"purpose": "takeover"}, headers=signed_in)
            shown = await browser.get(path, headers=signed_in)
        taken = await service.act(AASE, f"cases/{report.case_id}/acknowledge", covers_report_no=0)
        before_it_ends = len(await asked(service))
        await ticks(service, 3700)
    assert (shown.status_code, 'name="covers_report_no" value="0"' in shown.text) == (200, True)
    assert (taken.status_code, taken.json()["escalation"]["state"]) == (200, "acknowledged")
    assert len(await asked(service)) > before_it_ends, "a promise that has passed is asked about"


async def test_nobody_takes_reports_that_are_there_without_having_been_shown_them(service: Service) -> None:
    case_id, _ = await service.opened()
    taken = await service.act(AASE, f"cases/{case_id}/acknowledge", covers_report_no=0)
    assert (taken.status_code, taken.json()["case"]["escalation"]["state"]) == (409, "paging")


async def test_a_later_report_of_a_case_whose_first_was_unhandled_can_be_acknowledged(service: Service) -> None:
    first = service.report(CaseId(new_id()))
    await unhandled(service, first)
    await service.hear(service.report(first.case_id, 2))
    done = await service.did(AASE, f"cases/{first.case_id}/acknowledge", first.case_id, covers_report_no=2)
    assert done["escalation"]["state"] == "acknowledged"


def _with(event: ReportReceived, **changed: Any) -> bytes:
    return json.dumps(event.model_dump(mode="json") | changed).encode()


@pytest.mark.parametrize(
    "changed",
    [
        {"received_at": "hej"},
        {"received_at": "0001-01-01T00:00:00+00:00"},
        {"report_no": "første"},
        {"report_no": 10**30},
        {"report_id": 7},
        {"unit": "mars"},
        {"signs": [{"sign": "x", "answer": "måske"}]},
        {"children": "ingen"},
        {"case_id": None},
        {"reading": []},
    ],
    ids=str,
)
async def test_a_field_that_cannot_be_decoded_costs_no_page(service: Service, changed: dict[str, Any]) -> None:
    report = service.report(CaseId(new_id()))
    await arrives(service, arrival(service, report, _with(report, **changed)))
    assert await asked(service)
    assert await on_the_list(service, report.case_id)


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"\xff", b"[" * 100_000, b"null"])
async def test_a_body_that_cannot_be_read_costs_no_page(service: Service, body: bytes) -> None:
    report = service.report(CaseId(new_id()))
    await arrives(service, arrival(service, report, body))
    await arrives(service, arrival(service, report, body, ce_type="beredskab.intake.report-received.v2"))
    assert await asked(service)
    assert await on_the_list(service, report.case_id)


async def test_another_services_word_opens_nothing(service: Service) -> None:
    report = service.report(CaseId(new_id()))
    await arrives(service, arrival(service, report, ce_source="notify"))
    assert await asked(service) == []
    assert await service.ground.pool.fetchval("SELECT count(*) FROM cases") == 0


@pytest.mark.parametrize("body", ['{"weekly": 7}', '{"shifts": [{"person": "x"}]}', "[]", '"x"'])
async def test_a_rota_that_cannot_be_read_falls_to_doegnvagt(service: Service, body: str) -> None:
    await service.ground.pool.execute("INSERT INTO rotas (version, body) VALUES (9, $1)", body)
    report = service.report(CaseId(new_id()))
    await arrives(service, arrival(service, report))
    await ticks(service, 1200)
    await ticks(service, 1200)
    assert DOEGNVAGT in {each.recipient.id for each in await asked(service)}
    done = await service.did(AASE, f"cases/{report.case_id}/acknowledge", report.case_id, covers_report_no=1)
    assert done["escalation"]["state"] == "acknowledged"


@pytest.mark.parametrize("body", ['{"ladders": []}', "[]", '{"ladders": [{"level": "high", "rungs": []}]}'])
async def test_ladders_that_cannot_be_read_do_not_stop_a_page(service: Service, body: str) -> None:
    await service.ground.pool.execute("INSERT INTO ladders (version, body) VALUES (9, $1)", body)
    report = service.report(CaseId(new_id()))
    await arrives(service, arrival(service, report))
    assert await asked(service)
    done = await service.did(AASE, f"cases/{report.case_id}/acknowledge", report.case_id, covers_report_no=1)
    assert done["escalation"]["state"] == "acknowledged"


async def test_a_clock_that_cannot_be_told_of_does_not_stop_the_ladder(service: Service) -> None:
    case_id, _ = await service.opened()
    before = len(await asked(service))
    await service.ground.pool.execute(
        "UPDATE deadlines SET rule = 'unheard_of', next_at = target_at - interval '9 d' WHERE rule = 'receipt'"
    )
    await ticks(service, 660)
    assert len(await asked(service)) > before
    aside = await service.ground.pool.fetchrow("SELECT loop, row_id FROM set_aside")
    assert aside is not None
    assert (aside["loop"], aside["row_id"]) == ("deadlines", UUID(str(case_id)))


async def test_a_number_that_intake_gives_twice_hides_neither_report(service: Service) -> None:
    """Its database was put back from a copy, and the newest report that it knows of the case has one number less."""
    case_id, _ = await service.opened()
    lost, again, more = service.report(case_id, 2), service.report(case_id, 2), service.report(case_id, 3)
    await service.hear(lost, again, more)
    case = await service.case(case_id)
    assert [each["report_no"] for each in case["reports"]] == [1, 2, 3, 4]
    assert {each["report_id"] for each in case["reports"]} >= {str(each.report_id) for each in (lost, again, more)}
    done = await service.did(AASE, f"cases/{case_id}/acknowledge", case_id, covers_report_no=4)
    assert (done["escalation"]["state"], done["escalation"]["acknowledged_report_no"]) == ("acknowledged", 4)
    await service.hear(service.report(case_id, 4))
    assert (await service.case(case_id))["escalation"]["state"] == "paging"
