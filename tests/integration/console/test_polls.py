"""What a screen asks for by itself: it takes nothing out of anybody's hands, and says when it does not come."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from shared.events.codes import Level
from tests.integration.console.conftest import AASE, CONSOLE, Browser, House, answered_by
from tests.integration.console.test_console import BODY
from tests.support.browser import NARROW, WIDE, open_browser

pytestmark = pytest.mark.timeout(120)
TEN_SECONDS = 11_000

HIDDEN = """() => {
    const e = document.activeElement, bar = document.querySelector(".acts")
    if (e === document.body || bar.contains(e)) return [e === document.body, false]
    const at = e.getBoundingClientRect()
    const seen = document.elementFromPoint(at.left + at.width / 2, Math.max(at.top, 0) + 2)
    return [false, bar.contains(seen) || at.bottom > innerHeight + 1 && at.height < innerHeight / 2
        || at.top >= innerHeight || at.bottom <= 0]
}"""
"""Whether the round by Tab is over, and whether what has the focus lies under the bar or outside the window."""


@asynccontextmanager
async def screen_of(browser: Browser, path: str, **size: Any) -> AsyncIterator[Page]:
    """A screen in a real browser, whose clock the test moves."""
    async with open_browser() as chromium:
        page = await chromium.new_page(viewport=size or WIDE)
        await page.clock.install()
        await page.route("**/*", answered_by(browser))
        await page.goto(f"{CONSOLE}{path}")
        yield page


async def polled(page: Page) -> None:
    """Let the list ask for what is new, and show it."""
    async with page.expect_response(lambda answer: "x-poll" in answer.request.headers):
        await page.clock.run_for(TEN_SECONDS)
    await page.clock.run_for(100)


async def test_the_focus_stays_on_the_case_that_has_it_while_the_list_is_renewed(house: House) -> None:
    for _ in range(3):
        await house.report(Level.ACUTE, **BODY)
    aase = await house.browser(AASE)
    async with screen_of(aase, "/work") as page:
        third = page.locator(".work a").nth(2)
        await third.focus()
        address = await third.get_attribute("href")
        await house.report(Level.ACUTE, **BODY)
        await polled(page)
        await expect(page.locator(".work li")).to_have_count(4)
        assert await page.evaluate("document.activeElement.getAttribute('href')") == address


async def test_a_case_that_leaves_the_list_leaves_the_focus_in_it(house: House) -> None:
    event = await house.report(Level.ACUTE, **BODY)
    aase = await house.browser(AASE)
    async with screen_of(aase, "/work") as page:
        await page.locator(".work a").first.focus()
        await house.escalation.pool.execute("UPDATE cases SET canary = true WHERE case_id = $1", event.case_id)
        await polled(page)
        await expect(page.locator(".work li")).to_have_count(0)
        assert await page.evaluate("document.activeElement.id") == "list"


@pytest.mark.parametrize("path", ["/work", "case"])
async def test_a_session_that_has_ended_is_said_beside_what_it_left_on_the_screen(house: House, path: str) -> None:
    event = await house.report(Level.ACUTE, **BODY)
    aase = await house.browser(AASE)
    await aase.into(event.case_id)
    async with screen_of(aase, f"/cases/{event.case_id}" if path == "case" else path) as page:
        await polled(page)
        await expect(page.locator("#stale .box")).to_be_hidden()
        await house.escalation.pool.execute("DELETE FROM sessions")
        await polled(page)
        await expect(page.locator("#stale")).to_contain_text("Ikke opdateret siden kl.")
        await expect(page.locator("#stale").get_by_role("link", name="Log ind")).to_be_visible()
        assert await page.locator("#stale time").inner_text() != ""
        await expect(page.locator("h1")).not_to_contain_text("problem")


async def test_a_server_that_does_not_answer_is_said_until_it_answers_again(house: House) -> None:
    await house.report(Level.ACUTE, **BODY)
    aase = await house.browser(AASE)
    async with screen_of(aase, "/work") as page:

        async def fail(route: Route) -> None:
            await route.abort("connectionrefused")

        await page.route("**/work", fail)
        await page.clock.run_for(TEN_SECONDS)
        await expect(page.locator("#stale")).to_contain_text("Der er ikke forbindelse.")
        await expect(page.locator(".work li")).to_have_count(1)
        await page.unroute("**/work", fail)
        await polled(page)
        await expect(page.locator("#stale .box")).to_be_hidden()


async def test_an_idle_hour_before_a_list_that_renews_itself_ends_the_session(house: House) -> None:
    aase = await house.browser(AASE)
    for _ in range(7):
        house.escalation.clock.pass_by(minutes=10)
        answer = await aase.client.get("/work", headers={"X-Poll": "1"})
    assert answer.status_code == 401


@pytest.mark.parametrize("size", [{"width": 320, "height": 256}, NARROW, WIDE])
async def test_the_fixed_bar_never_hides_what_has_the_focus(house: House, size: dict[str, int]) -> None:
    event = await house.report(Level.ACUTE, **BODY)
    aase = await house.browser(AASE)
    await aase.into(event.case_id)
    async with screen_of(aase, f"/cases/{event.case_id}", **size) as page:
        stops, hidden = 0, []
        for _ in range(60):
            await page.keyboard.press("Tab")
            over, lost = await page.evaluate(HIDDEN)
            if over:
                break
            stops += 1
            if lost:
                hidden.append(await page.evaluate("document.activeElement.textContent.trim()"))
        assert stops > 15
        assert hidden == []
