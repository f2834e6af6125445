"""The contact hold on the case's screen: who lifted it, on what, until when; and why it is held again."""

import re

from httpx2 import Response

from shared.events.codes import Level
from shared.events.intake import ReportReceived
from shared.ids import CaseId
from tests.integration.console.conftest import AASE, BO, CARLA, Browser, House
from tests.integration.console.test_console import BODY, JUDGED

BACK = "Farbror kom forbi."
CHILD = {"name": "Ida Planteret", "cpr": "010112-9999"}


def row(screen: str, whom: str) -> str:
    """What the row of the hold says that names this recipient, in plain words."""
    rows = re.findall(r"<li>(.*?)</li>", screen.split('class="rows holds"')[1].split("</ul>")[0], re.S)
    (found,) = [each for each in rows if whom.lower() in each.lower()]
    return " ".join(re.sub(r"<[^>]+>", " ", found).split())


def pass_by(house: House, *, minutes: int) -> None:
    house.intake.clock.pass_by(minutes=minutes)
    house.escalation.clock.pass_by(minutes=minutes)


async def lifted(house: House, **changes: str) -> tuple[CaseId, Browser]:
    """A case in which Carla has assessed the risk twice, and then decided something about the mother."""
    event = await house.report(Level.HIGH, **BODY | {"children": [CHILD]})
    carla = await house.browser(CARLA)
    await carla.into(event.case_id)
    for level in ("medium", "low"):
        await carla.press(await carla.open(f"/cases/{event.case_id}/assessment"), "/assessment", level=level)
    await decide(carla, event.case_id, **changes)
    return event.case_id, carla


LIFT = {"recipient": "mother", "action": "lift", "until": "2026-03-12T16:00", "reason": "Mor er <tryg>."}


async def decide(browser: Browser, case_id: CaseId, **changes: str) -> Response:
    last = await last_page(browser, case_id, **changes)
    return await browser.press(last, "/hold", sure="yes")


async def last_page(browser: Browser, case_id: CaseId, **changes: str) -> Response:
    """What comes after the form, in which the newest assessment stands that covers everything."""
    form = await browser.open(f"/cases/{case_id}/hold")
    hidden = dict(re.findall(r'type="hidden" name="(version|assessment_id)" value="([^"]*)"', form.text))
    return await browser.client.post(f"/cases/{case_id}/hold", data={**hidden, **LIFT, **changes})


async def hold_again(browser: Browser, case_id: CaseId, recipient: str, reason: str) -> Response:
    form = await browser.open(f"/cases/{case_id}/hold")
    return await browser.press(form, "/hold", recipient=recipient, reason=reason)


async def test_a_lift_says_who_gave_it_on_what_until_when_and_what_it_names(house: House) -> None:
    case_id, _ = await lifted(house)
    told = row((await (await house.browser(AASE)).into(case_id)).text, "mor ")
    until = "Mor må kontaktes indtil torsdag kl. 16.00."
    by = "Carla Eksempel besluttede det kl. 13.00 efter risikovurdering 2."
    assert told == f"{until} {by} Konfliktmægling er ikke en del af den. Begrundelse: Mor er &lt;tryg&gt;."


async def test_a_lift_that_names_mediation_says_so_in_both_languages(house: House) -> None:
    case_id, carla = await lifted(house, mediation="yes")
    assert "Konfliktmægling er en del af beslutningen." in (await carla.open(f"/cases/{case_id}")).text
    told = row((await carla.open(f"/cases/{case_id}?lang=en")).text, "the mother")
    assert told.startswith("The mother may be contacted until Thursday at 16:00. Carla Eksempel decided it at 13:00")
    assert "after risk assessment 2. Mediation is part of the decision." in told


async def test_an_end_on_the_same_day_is_told_by_the_clock_alone(house: House) -> None:
    case_id, carla = await lifted(house, until="2026-03-10T15:00")
    told = row((await carla.open(f"/cases/{case_id}?lang=en")).text, "the mother")
    assert told.startswith("The mother may be contacted until 15:00.")


async def test_what_is_not_within_the_rule_says_whom_and_when_somebody_looks_again(house: House) -> None:
    case_id, carla = await lifted(house, action="not_applicable")
    told = row((await carla.open(f"/cases/{case_id}")).text, "mor:")
    assert told.startswith("Mor: ikke omfattet af § 18, stk. 3. Carla Eksempel besluttede det kl. 13.00 og vurderer")
    assert "igen torsdag kl. 16.00." in told


async def test_a_new_report_holds_it_again_and_the_row_says_so(house: House) -> None:
    case_id, carla = await lifted(house)
    pass_by(house, minutes=30)
    again = await house.report(**BODY | {"children": [CHILD], "text": "Nu igen."})
    assert again.case_id == case_id
    screen = (await carla.into(case_id)).text
    assert row(screen, "mor.") == "SPÆRRET IGEN. Kontakt ikke mor. Der kom en ny underretning kl. 13.30."
    assert row(screen, "far.") == "SPÆRRET. Kontakt ikke far."
    assert "SPÆRRET IGEN. Kontakt ikke familie eller netværk." in " ".join(screen.split())
    assert "Ingen risikovurdering dækker underretning 1–2." in screen


async def test_what_has_run_out_is_held_again_and_the_row_says_since_when(house: House) -> None:
    case_id, carla = await lifted(house, until="2026-03-10T13:30")
    pass_by(house, minutes=45)
    told = row((await carla.open(f"/cases/{case_id}")).text, "mor.")
    assert told == "SPÆRRET IGEN. Kontakt ikke mor. Tilladelsen udløb kl. 13.30."


async def test_who_took_it_back_is_named_with_the_reason(house: House) -> None:
    case_id, carla = await lifted(house)
    assert "Beslutningen om kontaktspærren er gemt." in (await hold_again(carla, case_id, "mother", BACK)).text
    told = row((await carla.open(f"/cases/{case_id}")).text, "mor.")
    taken = f"Carla Eksempel trak tilladelsen tilbage kl. 13.00. Begrundelse: {BACK}"
    assert told == f"SPÆRRET IGEN. Kontakt ikke mor. {taken}"
    english = row((await carla.open(f"/cases/{case_id}?lang=en")).text, "the mother")
    assert "HELD AGAIN. Do not contact the mother. Carla Eksempel took the permission back at 13:00." in english


async def test_something_new_in_a_linked_case_holds_it_again_and_the_row_says_so(house: House) -> None:
    case_id, carla = await lifted(house)
    other = await house.report(Level.HIGH, **BODY)
    await link(house, other, case_id)
    told = row((await carla.open(f"/cases/{case_id}")).text, "mor.")
    assert told == "SPÆRRET IGEN. Kontakt ikke mor. Der er kommet noget nyt i en forbundet sag."


async def link(house: House, event: ReportReceived, to: CaseId) -> None:
    await house.escalation.pool.execute("UPDATE cases SET linked_case_ids = $2 WHERE case_id = $1", event.case_id, [to])


async def test_a_lift_by_who_turned_out_to_be_kept_out_is_held_again_and_nobody_is_named(house: House) -> None:
    case_id, carla = await lifted(house)
    await carla.press(await carla.open(f"/cases/{case_id}/conflict"), "/conflict")
    told = row((await (await house.browser(AASE)).into(case_id)).text, "mor.")
    assert told == "SPÆRRET IGEN. Kontakt ikke mor. Beslutningen gælder ikke længere. Tag stilling igen."


async def test_the_rows_are_folded_only_where_all_is_held_as_from_the_beginning(house: House) -> None:
    event = await house.report(Level.HIGH, **BODY)
    screen = (await (await house.browser(BO)).into(event.case_id)).text
    assert "<details><summary>Kontaktspærre" in screen
    assert "Kun en myndighedsperson kan ophæve spærringen." in screen
    case_id, carla = await lifted(house)
    assert "<details open><summary>Kontaktspærre" in (await carla.open(f"/cases/{case_id}")).text


async def steps(house: House) -> int:
    count: int = await house.escalation.pool.fetchval("SELECT count(*) FROM lifts")
    return count


async def assessed(house: House) -> tuple[CaseId, Browser]:
    event = await house.report(Level.HIGH, **BODY | {"children": [CHILD]})
    carla = await house.browser(CARLA)
    await carla.into(event.case_id)
    await carla.press(await carla.open(f"/cases/{event.case_id}/assessment"), "/assessment", level="low")
    return event.case_id, carla


async def test_the_last_page_says_in_plain_words_what_will_be_allowed_and_saves_nothing(house: House) -> None:
    case_id, carla = await assessed(house)
    last = await last_page(carla, case_id)
    text = " ".join(re.sub(r"<[^>]+>", " ", last.text).split())
    for sentence in (
        "Intet er gemt endnu.",
        "Mor må kontaktes indtil torsdag 12. marts kl. 16.00.",
        "Risikovurdering 1 fra kl. 13.00: Carla Eksempel. Den dækker underretning 1.",
        "Din begrundelse: Mor er &lt;tryg&gt;.",
        "Spærringen gælder stadig for: far, anden med forældremyndighed, søskende, anden familie, netværk .",
        "Kontakte mor efter torsdag 12. marts kl. 16.00.",
        "Begynde konfliktmægling. Den er ikke en del af beslutningen.",
    ):
        assert sentence in text.replace("netværk.", "netværk .")
    assert await steps(house) == 0
    assert "Beslutningen om kontaktspærren er gemt." in (await carla.press(last, "/hold", sure="yes")).text
    assert await steps(house) == 1


async def test_the_last_page_is_there_in_english_and_tells_nothing_in_address_or_title(house: House) -> None:
    case_id, carla = await assessed(house)
    form = await carla.open(f"/cases/{case_id}/hold?lang=en")
    last = await carla.press(form, "/hold", **LIFT, mediation="yes")
    assert "The mother may be contacted until Thursday 12 March at 16:00." in last.text
    assert "Mediation is part of the decision." in last.text
    assert "What nobody may do" in last.text
    assert str(last.url).endswith(f"/cases/{case_id}/hold?lang=en")
    assert "<title>Beredskab: contact hold</title>" in last.text


async def test_what_is_refused_is_refused_before_the_last_page(house: House) -> None:
    case_id, carla = await assessed(house)
    late = await last_page(carla, case_id, until="2026-09-12T16:00")
    assert (late.status_code, "senest om 120 dage" in late.text) == (409, True)
    pass_by(house, minutes=11)
    stale = await last_page(carla, case_id)
    assert (stale.status_code, "Log ind igen" in stale.text) == (403, True)
    assert "Log ind igen, før du skriver" in (await carla.open(f"/cases/{case_id}/hold")).text
    assert await steps(house) == 0


async def test_who_changes_their_mind_finds_the_form_as_it_was_written(house: House) -> None:
    case_id, carla = await assessed(house)
    form = await carla.press(await last_page(carla, case_id, mediation="yes"), "/hold", change="yes")
    assert "Mor er &lt;tryg&gt;.</textarea>" in form.text
    assert 'value="2026-03-12T16:00"' in form.text
    for chosen in ('value="mother" required checked', 'value="lift" required checked', 'value="yes" checked'):
        assert chosen in form.text
    assert await steps(house) == 0


async def test_who_was_sure_of_a_case_that_has_changed_sees_the_last_page_anew(house: House) -> None:
    case_id, carla = await assessed(house)
    last = await last_page(carla, case_id)
    await carla.press(await carla.open(f"/cases/{case_id}/judgement"), "/judgement", **JUDGED)
    stale = await carla.press(last, "/hold", sure="yes")
    assert (stale.status_code, 'name="sure"' in stale.text) == (409, False)
    anew = await carla.press(stale, "/hold")
    assert "Intet er gemt endnu." in anew.text
    assert await steps(house) == 0


async def test_only_whoever_is_lifted_can_be_held_again(house: House) -> None:
    case_id, carla = await assessed(house)
    assert "Spær igen nu" not in (await carla.open(f"/cases/{case_id}/hold")).text
    await decide(carla, case_id)
    form = (await carla.open(f"/cases/{case_id}/hold")).text
    assert 'id="again-mother"' in form
    assert 'id="again-father"' not in form
