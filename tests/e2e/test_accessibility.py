"""axe finds nothing (WCAG 2.2 AA) on any page, in any state, in both languages, by day and by night."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from tests.e2e.conftest import ONE_LOOP, Site
from tests.support.browser import NARROW, WIDE

pytestmark = ONE_LOOP

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
RIGHTMOST = "Math.max(...[...document.querySelectorAll('.button')].map((each) => each.getBoundingClientRect().right))"
HOSTILE = "<b>&amp;{{ x }}</b>"


async def button(page: Page, danish: str, english: str) -> None:
    await page.get_by_role("button", name=english if "lang=en" in page.url else danish, exact=True).click()


async def nothing(_page: Page) -> None:
    """The page as it opens."""


async def everything_answered(page: Page) -> None:
    for name in ("age", "family_knows", "kind", "conflict", "travel.planned", "violence.now"):
        await page.locator(f'[name="{name}"]').first.check()
    await page.locator("#add-sibling").click()
    await page.locator("summary").first.click()


async def about_oneself(page: Page) -> None:
    await everything_answered(page)
    await page.locator("#kind-self").check()


async def a_grown_up(page: Page) -> None:
    await everything_answered(page)
    await page.locator("#age-18").check()


async def check_page(page: Page) -> None:
    await page.locator("#text").fill(HOSTILE)
    await page.locator(".whole [type=submit]").click()


async def offline(page: Page) -> None:
    await check_page(page)
    await page.context.set_offline(True)
    await button(page, "Send underretning", "Send report")
    await expect(page.get_by_role("alert")).not_to_be_empty()


async def sent(page: Page) -> None:
    await page.locator("#kind-work").check()
    await check_page(page)
    await button(page, "Send underretning", "Send report")
    await expect(page.locator("dd#code")).to_be_visible()


async def mismatch(page: Page) -> None:
    await page.locator("#reference").fill("K7MX 4PQR")
    await button(page, "Vis kvittering", "Show receipt")
    await expect(page.get_by_role("alert")).to_be_visible()


STATES: dict[str, tuple[str, dict[str, Any], Callable[[Page], Awaitable[None]]]] = {
    "first": ("/", {"viewport": NARROW}, nothing),
    "whole": ("/", {"viewport": WIDE}, everything_answered),
    "self": ("/", {"viewport": WIDE}, about_oneself),
    "grown-up": ("/", {"viewport": WIDE}, a_grown_up),
    "data": ("/oplysninger", {"viewport": NARROW}, nothing),
    "accessibility": ("/tilgaengelighed", {"viewport": NARROW}, nothing),
    "check": ("/", {"viewport": WIDE}, check_page),
    "offline": ("/", {"viewport": WIDE}, offline),
    "sent": ("/", {"viewport": WIDE}, sent),
    "without scripts": ("/", {"scripts": False}, nothing),
    "checked without scripts": ("/", {"scripts": False}, check_page),
    "asked for words": ("/receipt", {}, nothing),
    "wrong words": ("/receipt", {}, mismatch),
    "paper": ("/paper", {}, nothing),
    "nowhere": ("/nowhere", {}, nothing),
}


async def clean(page: Page) -> None:
    """Nothing to find on the page as it is now. A page that has no style yet has small buttons: that is waited for."""
    await page.wait_for_load_state()
    found = await Axe().run(page, options=RULES)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("state", STATES)
async def test_nothing_is_in_anybodys_way(site: Site, state: str) -> None:
    path, options, act = STATES[state]
    for lang in ("", "?lang=en"):
        page = await site.page(path + lang, **options)
        await act(page)
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme)
            await clean(page)
        await page.context.close()


async def test_nothing_is_in_anybodys_way_in_any_section_of_a_phone(site: Site) -> None:
    page = await site.page()
    for _ in range(11):
        await button(page, "Videre", "Continue")
        await clean(page)


async def test_nothing_is_cut_off_at_360_pixels_or_at_four_times_the_size(site: Site) -> None:
    for width in (360, 320):
        page = await site.page(viewport={"width": width, "height": 640}, java_script_enabled=True)
        for n in range(12):
            assert await page.evaluate("document.documentElement.scrollWidth") <= width
            assert await page.evaluate(RIGHTMOST) <= width
            if n < 11:
                await button(page, "Videre", "Continue")


async def test_buttons_are_tall_enough_for_a_thumb(site: Site) -> None:
    page = await site.page()
    for selector, least in ((".button:visible, .tile:visible", 48), (".tool:visible", 44)):
        for handle in await page.locator(selector).all():
            box = await handle.bounding_box()
            assert box is not None
            assert box["height"] >= least
