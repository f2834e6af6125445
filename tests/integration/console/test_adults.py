"""Reports about grown-ups: no paragraph of Barnets lov is cited; and what the reporter said of consent and parents."""

from typing import Any

import pytest

from shared.events.codes import Level
from tests.integration.console.conftest import CARLA, House
from tests.integration.console.test_case_screen import plain
from tests.integration.console.test_console import BODY

GROWN = BODY | {"children": [{"name": "Sara Planteret", "age_band": "18+"}]}


@pytest.mark.parametrize(("body", "ours"), [(GROWN, True), (BODY, False)], ids=["grown-up", "child"])
async def test_a_report_about_a_grown_up_is_judged_within_our_own_limit(
    house: House, body: dict[str, Any], ours: bool
) -> None:
    event = await house.report(Level.HIGH, **body)
    carla = await house.browser(CARLA)
    screens = [plain(await carla.into(event.case_id)), plain(await carla.open(f"/cases/{event.case_id}/judgement"))]
    screens += [plain(await carla.open("/work"))]
    told = [row["explanation"] for row in await house.escalation.pool.fetch("SELECT explanation FROM deadlines")]
    assert len(told) >= 2
    cited = [text for text in (*screens, *told) if "§ 136" in text or "§ 138" in text]
    assert bool(cited) is not ours
    assert ("Det er vores egen frist" in screens[1]) is ours
    assert any("serviceloven §§ 12 a–c" in text for text in told) is ours


async def test_an_addition_that_names_nobody_is_about_the_grown_up_of_the_case(house: House) -> None:
    event = await house.report(Level.HIGH, **GROWN)
    more = event.model_copy(update={"report_id": event.case_id, "report_no": 2, "children": ()})
    await house.hear(more)
    assert await house.escalation.pool.fetchval("SELECT bool_and(adult) FROM reports")


SAID = {
    "parents_told": "Der er talt med forældrene om underretningen: nej",
    "consent": "Personen har sagt ja til, at kommunen kontaktes: nej",
    "parents_know": "Familien ved, at der er fortalt noget: nej",
}


@pytest.mark.parametrize("name", SAID)
async def test_what_the_reporter_said_of_consent_and_parents_stands_on_the_case(house: House, name: str) -> None:
    event = await house.report(Level.HIGH, **BODY | {name: "no"})
    screen = plain(await (await house.browser(CARLA)).into(event.case_id))
    assert [SAID[each] in screen for each in SAID] == [each == name for each in SAID]


async def test_what_the_reporter_did_not_say_of_consent_and_parents_is_not_stated(house: House) -> None:
    event = await house.report(Level.HIGH, **BODY)
    screen = plain(await (await house.browser(CARLA)).into(event.case_id))
    assert not [each for each in SAID.values() if each.partition(":")[0] in screen]
