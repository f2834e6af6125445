"""Forms of the console by keyboard alone: everything is reached by Tab, what has the focus is seen, Enter saves."""

import pytest
from playwright.async_api import Page, expect

from shared.events.codes import Level
from tests.integration.console.conftest import CONSOLE, DITTE, House, answered_by
from tests.integration.console.test_console import BODY, evidence
from tests.integration.console.test_hold import assessed, steps
from tests.integration.console.test_judgement import judging, reports
from tests.support.browser import NARROW, beyond_the_edge, open_browser

NEW = "0c9d3c52-6f0b-4b0e-9a51-1f6c1a0000ff"

FOCUSED = """() => {
    const e = document.activeElement
    const drawn = [[e], [e.nextElementSibling ?? e, "::before"]]
    const seen = drawn.some(([of, part]) => getComputedStyle(of, part).outlineStyle !== "none")
    return [(e.labels?.[0] ?? e).textContent.trim(), seen]
}"""
"""What has the focus is called, and whether a line is drawn round it, or round the box that stands in its place."""


async def tab_to(page: Page, name: str) -> None:
    """On by Tab until what has the focus is called so; the focus must be seen."""
    for _ in range(80):
        await page.keyboard.press("Tab")
        called, seen = await page.evaluate(FOCUSED)
        if called == name:
            assert seen
            return
    pytest.fail(f"nothing called {name} is reached by Tab")


async def test_an_answer_by_phone_is_written_down_by_keyboard_alone(house: House) -> None:
    event = await house.report(Level.ACUTE, **BODY)
    ditte = await house.browser(DITTE)
    await ditte.into(event.case_id)
    async with open_browser() as chromium:
        page = await chromium.new_page(viewport=NARROW)
        await page.route("**/*", answered_by(ditte))
        await page.goto(f"{CONSOLE}/cases/{event.case_id}/phone-answer")
        await tab_to(page, "Hvem svarede?")
        await page.keyboard.type("Aase")
        await tab_to(page, "Gem svaret")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("Svaret er gemt. Personen har sagen")).to_be_visible()
        await expect(page.locator("#done")).to_be_focused()
    assert len(await evidence(house.escalation, "phone_answer_recorded")) == 1


async def test_a_person_is_added_by_keyboard_alone(house: House) -> None:
    ditte = await house.browser(DITTE)
    async with open_browser() as chromium:
        page = await chromium.new_page(viewport=NARROW)
        await page.route("**/*", answered_by(ditte))
        await page.goto(f"{CONSOLE}/people")
        await tab_to(page, "Tilføj en person")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/people/new")
        await tab_to(page, "Personens id i jeres log ind")
        await page.keyboard.type(NEW)
        await tab_to(page, "Navn")
        await page.keyboard.type("Hanne Ny")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("Vælg mindst én rolle.")).to_be_visible()
        await expect(page.locator("#done")).to_be_focused()
        await tab_to(page, "Konsulent")
        await page.keyboard.press("Space")
        await tab_to(page, "Nørrebro")
        await page.keyboard.press("Space")
        await tab_to(page, "Tilføj")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("Personen er tilføjet.")).to_be_visible()
    assert await house.escalation.pool.fetchval("SELECT roles FROM people WHERE person_id = $1", NEW) == ["consultant"]


async def test_permission_is_given_by_keyboard_alone_and_only_on_the_last_page(house: House) -> None:
    case_id, carla = await assessed(house)
    async with open_browser() as chromium:
        page = await chromium.new_page(viewport=NARROW)
        await page.route("**/*", answered_by(carla))
        await page.goto(f"{CONSOLE}/cases/{case_id}/hold")
        await tab_to(page, "Mor")
        await page.keyboard.press("Space")
        await tab_to(page, "Må kontaktes indtil …")
        await page.keyboard.press("Space")
        await page.locator("#until").fill("2026-03-12T16:00")
        await tab_to(page, "Hvorfor?")
        await page.keyboard.type("Mor er tryg.")
        await tab_to(page, "Videre til sidste trin")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("Intet er gemt endnu.")).to_be_visible()
        assert await beyond_the_edge(page) == []
        assert await steps(house) == 0
        await tab_to(page, "Giv lov")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("Beslutningen om kontaktspærren er gemt.")).to_be_visible()
    assert await steps(house) == 1


async def test_one_answer_for_all_reports_is_given_by_keyboard_alone(house: House) -> None:
    event = await reports(house, 2)
    carla, _ = await judging(house, event)
    async with open_browser() as chromium:
        page = await chromium.new_page(viewport=NARROW)
        await page.route("**/*", answered_by(carla))
        await page.goto(f"{CONSOLE}/cases/{event.case_id}/judgement")
        assert await beyond_the_edge(page) == []
        await tab_to(page, "Giv samme svar for 1–2")
        await page.keyboard.press("Enter")
        for _question in range(2):
            await tab_to(page, "Ja")
            await page.keyboard.press("Space")
        await tab_to(page, "Begrundelse")
        await page.keyboard.type("De rejser i nat.")
        await tab_to(page, "Samme svar for alle, jeg har læst (1–2)")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("Dine vurderinger er gemt")).to_be_visible()
    assert len(await evidence(house.escalation, "judged")) == 2
