"""The contact hold on the case's screen: who lifted it, on what, until when; and why it is held again."""

import re

from shared.events.codes import Level
from shared.events.intake import ReportReceived
from shared.ids import CaseId
from tests.integration.console.conftest import AASE, BO, CARLA, Browser, House
from tests.integration.console.test_console import BODY

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
    for _again in range(2):
        await carla.press(await carla.open(f"/cases/{event.case_id}/assessment"), "/assessment", level="low")
    await decide(carla, event.case_id, **changes)
    return event.case_id, carla


async def decide(browser: Browser, case_id: CaseId, **changes: str) -> str:
    form = await browser.open(f"/cases/{case_id}/hold")
    fields = {"recipient": "mother", "action": "lift", "until": "2026-03-12T16:00", "reason": "Mor er <tryg>."}
    return (await browser.press(form, "/hold", **fields | changes)).text


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
    await decide(carla, case_id, action="reinstate", until="", reason="Farbror kom forbi.")
    told = row((await carla.open(f"/cases/{case_id}")).text, "mor.")
    taken = "Carla Eksempel trak tilladelsen tilbage kl. 13.00. Begrundelse: Farbror kom forbi."
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
