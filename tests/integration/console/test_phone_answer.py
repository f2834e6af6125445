"""What a leader writes down of an answer by phone: who gave it, when, about which reports, and what was promised."""

import re
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from shared.events.codes import Level
from shared.events.escalation import Acknowledged
from shared.ids import CaseId
from tests.integration.console.conftest import AASE, BO, CARLA, DITTE, Browser, House
from tests.integration.console.test_console import BODY, evidence

SAVED = "Svaret er gemt. Personen har sagen og melder tilbage senest"
ANSWER = {"person_id": str(AASE), "covers_report_no": "1", "promise_minutes": "60"}


async def form_of(ditte: Browser, case_id: CaseId) -> httpx2.Response:
    """The form, reached from the case by its link."""
    case = await ditte.into(case_id)
    [link] = re.findall(r'href="([^"]*/phone-answer)"', case.text)
    return await ditte.open(link)


def group(screen: str, label: str) -> str:
    """The choices under a label."""
    return screen.partition(f'<optgroup label="{label}">')[2].partition("</optgroup>")[0]


async def test_what_was_said_by_phone_covers_what_had_come_and_runs_from_when_it_was_said(house: House) -> None:
    event = await house.report(Level.ACUTE, **BODY)
    ditte = await house.browser(DITTE)
    house.escalation.clock.pass_by(minutes=2)
    form = await form_of(ditte, event.case_id)
    assert 'value="2026-03-10T13:02"' in form.text
    done = await ditte.press(form, "/phone-answer", **ANSWER, said_at="2026-03-10T13:01")
    assert f"{SAVED} kl. 14.01." in done.text
    [told] = await house.escalation.published(Acknowledged)
    assert isinstance(told, Acknowledged)
    assert (told.person_id, told.covers_report_no) == (AASE, 1)
    assert told.promise_until == datetime(2026, 3, 10, 13, 1, tzinfo=UTC)
    [fact] = await evidence(house.escalation, "phone_answer_recorded")
    assert fact == {"person_id": str(AASE), "said_at": "2026-03-10T12:01:00+00:00"}


async def test_those_who_were_paged_come_first_then_those_on_duty(house: House) -> None:
    event = await house.report(Level.ACUTE, **BODY)
    form = (await form_of(await house.browser(DITTE), event.case_id)).text
    assert "Aase Eksempel" in group(form, "Tilkaldt")
    assert "Bo Eksempel" in group(form, "På vagt")
    assert "Aase Eksempel" not in group(form, "På vagt")
    assert "Carla Eksempel" not in form


async def test_where_nobody_was_paged_or_is_on_duty_all_who_may_take_it_can_have_said_it(house: House) -> None:
    house.intake.clock.pass_by(hours=9)
    house.escalation.clock.pass_by(hours=9)
    async with house.escalation.pool.acquire() as conn:
        await conn.execute("""INSERT INTO rotas SELECT version + 1, '{}', $1, now() FROM rotas""", DITTE)
    event = await house.report(Level.LOW, **BODY)
    form = (await form_of(await house.browser(DITTE), event.case_id)).text
    assert "Carla Eksempel" in group(form, "Kan tage sagen")


async def test_who_is_kept_out_is_not_among_them(house: House) -> None:
    event = await house.report(Level.ACUTE, **BODY)
    bo, ditte = await house.browser(BO), await house.browser(DITTE)
    assert "Bo Eksempel" in (await form_of(ditte, event.case_id)).text
    await bo.client.post(f"/cases/{event.case_id}/conflict")
    form = await ditte.open(f"/cases/{event.case_id}/phone-answer")
    assert "Bo Eksempel" not in form.text
    refused = await ditte.press(form, "/phone-answer", **ANSWER | {"person_id": str(BO)}, said_at="2026-03-10T13:00")
    assert refused.status_code == 409
    assert "Den person kan ikke tage sagen. Vælg en anden." in refused.text


async def test_a_report_that_came_after_the_call_is_not_covered_by_it(house: House) -> None:
    event = await house.report(Level.ACUTE, **BODY)
    ditte = await house.browser(DITTE)
    for ground in (house.intake, house.escalation):
        ground.clock.pass_by(minutes=5)
    await house.hear(event.model_copy(update={"report_id": CaseId(event.case_id), "report_no": 2} | received(house)))
    form = await form_of(ditte, event.case_id)
    early = {**ANSWER, "said_at": "2026-03-10T13:01", "promise_minutes": "120"}
    refused = await ditte.press(form, "/phone-answer", **early | {"covers_report_no": "2"})
    assert refused.status_code == 409
    assert "Ret tiden, eller vælg færre underretninger." in refused.text
    assert f'<option value="{AASE}" selected>' in refused.text
    assert '<option value="120" selected>' in refused.text
    assert 'value="2026-03-10T13:01"' in refused.text
    done = await ditte.press(refused, "/phone-answer", **early)
    assert "Svaret er gemt. Der er kommet mere siden: Det spørger vi stadig om." in done.text


def received(house: House) -> dict[str, datetime]:
    now = house.escalation.clock.now()
    return {"received_at": now, "entered_at": now}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"said_at": "2026-03-10T18:00"}, "Svaret kan ikke være givet endnu"),
        ({"said_at": ""}, "Der mangler noget. Udfyld alle felter."),
        ({"person_id": ""}, "Der mangler noget. Udfyld alle felter."),
        ({"said_at": "2026-03-29T02:30"}, "Uret blev stillet frem den nat, så klokkeslættet fandtes ikke."),
        ({"version": "0"}, "Sagen er ændret, mens du læste."),
    ],
)
async def test_a_refusal_is_said_in_the_form_and_nothing_is_lost(
    house: House, wrong: dict[str, str], words: str
) -> None:
    event = await house.report(Level.ACUTE, **BODY)
    ditte = await house.browser(DITTE)
    form = await form_of(ditte, event.case_id)
    refused = await ditte.press(form, "/phone-answer", **{**ANSWER, "said_at": "2026-03-10T13:00", **wrong})
    assert refused.status_code in (409, 422)
    assert words in refused.text
    assert "Det er ikke gemt endnu." in refused.text
    assert await evidence(house.escalation, "phone_answer_recorded") == []
    if wrong != {"person_id": ""}:
        assert f'<option value="{AASE}" selected>' in refused.text
    assert "Svaret er gemt." in (await ditte.press(refused, "/phone-answer", **ANSWER, said_at="2026-03-10T13:00")).text


@pytest.mark.parametrize(("which", "utc"), [("first", 0), ("second", 1)])
async def test_the_hour_that_comes_twice_is_asked_about(house: House, which: str, utc: int) -> None:
    for ground in (house.intake, house.escalation):
        ground.clock.at = datetime(2026, 10, 25, 0, 20, tzinfo=UTC)
    event = await house.report(Level.ACUTE, **BODY)
    house.escalation.clock.pass_by(hours=2)
    ditte = await house.browser(DITTE)
    form = await form_of(ditte, event.case_id)
    assert "said_at.which" not in form.text
    said = {**ANSWER, "said_at": "2026-10-25T02:30"}
    asked = await ditte.press(form, "/phone-answer", **said)
    assert asked.status_code == 422
    assert "Vælg hvilken." in asked.text
    assert "Klokkeslættet kom to gange den nat. Hvilken gang?" in asked.text
    assert "Svaret er gemt." in (await ditte.press(asked, "/phone-answer", **said, **{"said_at.which": which})).text
    [fact] = await evidence(house.escalation, "phone_answer_recorded")
    assert fact["said_at"] == (datetime(2026, 10, 25, utc, 30, tzinfo=UTC)).isoformat()


@pytest.mark.parametrize(("after", "which"), [(timedelta(0), "first"), (timedelta(hours=1), "second")])
async def test_within_that_hour_the_form_knows_which_it_is_now(house: House, after: timedelta, which: str) -> None:
    for ground in (house.intake, house.escalation):
        ground.clock.at = datetime(2026, 10, 25, 0, 20, tzinfo=UTC) + after
    event = await house.report(Level.ACUTE, **BODY)
    form = (await form_of(await house.browser(DITTE), event.case_id)).text
    [checked] = re.findall(r'value="(\w+)"[^>]* checked', form)
    assert checked == which


async def test_nobody_but_a_leader_finds_the_form(house: House) -> None:
    event = await house.report(Level.ACUTE, **BODY)
    for who in (AASE, CARLA):
        browser = await house.browser(who)
        await browser.open(f"/cases/{event.case_id}")
        if who == CARLA:
            await browser.client.post(f"/cases/{event.case_id}/purpose", data={"purpose": "supervision"})
        case = await browser.into(event.case_id)
        assert "/phone-answer" not in case.text
        assert (await browser.open(f"/cases/{event.case_id}/phone-answer")).status_code == 404
        answer = await browser.client.post(f"/cases/{event.case_id}/phone-answer", data=ANSWER | {"version": "1"})
        assert answer.status_code in (403, 422)
    assert await evidence(house.escalation, "phone_answer_recorded") == []


async def test_a_taken_case_has_no_link_to_it(house: House) -> None:
    event = await house.report(Level.ACUTE, **BODY)
    aase, ditte = await house.browser(AASE), await house.browser(DITTE)
    form = await form_of(ditte, event.case_id)
    await aase.press(await aase.into(event.case_id), "/acknowledge")
    assert "/phone-answer" not in (await ditte.open(f"/cases/{event.case_id}")).text
    late = await ditte.press(form, "/phone-answer", **ANSWER, said_at="2026-03-10T13:00")
    assert "Sagen er ændret, mens du læste." in late.text
    again = await ditte.press(late, "/phone-answer", **ANSWER, said_at="2026-03-10T13:00")
    assert "Det er allerede gjort. Se sagen." in again.text


async def test_it_is_said_in_english_too(house: House) -> None:
    event = await house.report(Level.ACUTE, **BODY)
    ditte = await house.browser(DITTE)
    await ditte.into(event.case_id)
    form = await ditte.open(f"/cases/{event.case_id}/phone-answer?lang=en")
    assert "Write down an answer by phone" in form.text
    done = await ditte.press(form, "/phone-answer", **ANSWER, said_at="2026-03-10T13:00")
    assert "The answer is saved. The person has the case and reports back by 14:00." in done.text
