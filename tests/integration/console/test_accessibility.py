"""axe finds nothing (WCAG 2.2 AA) on any screen of the console, in both languages, narrow and wide, day and night."""

from collections.abc import Mapping
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from httpx2 import Response
from playwright.async_api import Route

from tests.integration.console.conftest import BO, CONSOLE, DITTE, Browser, House
from tests.integration.console.test_console import BODY
from tests.integration.console.test_judgement import reports
from tests.support.browser import NARROW, WIDE, open_browser

RULES: dict[str, Any] = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    "resultTypes": ["violations"],
}
FORMS = (
    *("hold", "judgement", "close", "handover", "raise", "lower", "exclusion", "phone", "conflict", "cannot", "link"),
    "phone-answer",
)
pytestmark = pytest.mark.timeout(240)


async def findings(
    browser: Browser, paths: list[str], *, posted: Mapping[str, Response] | None = None, **options: Any
) -> dict[str, list[str]]:
    """What axe finds on each of the screens, as the person of that browser sees them.

    `posted` are answers to forms, by the path under which the page is to be looked at.
    """
    posted = posted or {}

    async def through(route: Route) -> None:
        path = route.request.url.removeprefix(CONSOLE)
        answer = posted.get(path) or await browser.client.get(route.request.url, headers={"Accept": "text/html"})
        await route.fulfill(status=answer.status_code, headers=dict(answer.headers), body=answer.content)

    found: dict[str, list[str]] = {}
    async with open_browser() as chromium:
        context = await chromium.new_context(**options)
        await context.route("**/*", through)
        page = await context.new_page()
        for path in [*paths, *posted]:
            await page.goto(f"{CONSOLE}{path}")
            seen = await Axe().run(page, options=RULES)
            found[path] = [f"{each['id']}: {each['nodes'][0]['html'][:120]}" for each in seen.response["violations"]]
    return {path: violations for path, violations in found.items() if violations}


@pytest.mark.parametrize(
    ("viewport", "lang", "hours"),
    [(NARROW, "", 0), (WIDE, "?lang=en", 0), (NARROW, "", 9)],
    ids=["phone", "desk", "night"],
)
async def test_axe_finds_nothing_on_any_screen(house: House, viewport: dict[str, int], lang: str, hours: int) -> None:
    house.intake.clock.pass_by(hours=hours)
    house.escalation.clock.pass_by(hours=hours)
    event = await house.report(**BODY)
    new = await house.report(**BODY)
    reader = await house.browser(BO)
    assert await findings(reader, [f"/work{lang}"], viewport=viewport) == {}
    browser = await house.browser(DITTE, "consultant", "authority", "leader")
    await browser.press(await browser.into(event.case_id), "/acknowledge")
    case = f"/cases/{event.case_id}"
    screens = [case, f"{case}/assessment", *(f"{case}/{form}" for form in FORMS), f"/cases/{new.case_id}"]
    screens += [
        "/work",
        "/work?done=cannot",
        "/rota",
        "/ladders",
        "/people",
        "/people/new",
        "/reach",
        "/me",
        "/cases/none",
    ]
    await browser.press(await browser.open(f"{case}/assessment"), "/assessment", level="low")
    fields = {"recipient": "mother", "action": "lift", "until": "2026-03-12T16:00", "reason": "Mor er tryg."}
    several = await reports(house, 2)
    await browser.into(several.case_id)
    screens.append(f"/cases/{several.case_id}/judgement")
    last = await browser.press(await browser.open(f"{case}/hold{lang}"), "/hold", **fields)
    assert last.status_code == 200
    assert await findings(browser, [], posted={"/last-page": last}, viewport=viewport) == {}
    await browser.press(last, "/hold", sure="yes")
    paths = [f"{path}{lang if '?' not in path else lang.replace('?', '&')}" for path in screens]
    assert await findings(browser, paths, viewport=viewport) == {}


@pytest.mark.parametrize("lang", ["", "?lang=en"])
async def test_axe_finds_nothing_where_something_was_not_saved(house: House, lang: str) -> None:
    event = await house.report(**BODY)
    browser = await house.browser(DITTE, "consultant", "authority", "leader")
    await browser.into(event.case_id)
    close = f"/cases/{event.case_id}/close{lang}"
    reason = {"reason": "Vi talte længe med skolen, og der er lagt en plan for resten af ugen.", "outcome": "advised"}
    early = await browser.press(await browser.open(close), "/close", **reason)
    stale = await browser.client.post(close, data={"version": "0", **reason})
    answer = f"/cases/{event.case_id}/phone-answer{lang}"
    twice = await browser.client.post(answer, data={"version": "1", "said_at": "2026-10-25T02:30"})
    word = browser.client.cookies.pop("__Host-escalation")
    signed_out = await browser.client.post(close, data={"version": "0", **reason})
    browser.client.cookies.set("__Host-escalation", word)
    assert [each.status_code for each in (early, stale, twice, signed_out)] == [409, 409, 422, 401]
    nobody = await browser.client.post(f"/people/new{lang}", data={"person_id": "x"})
    posted = {"/early": early, "/stale": stale, "/nobody": nobody, "/twice": twice, "/signed-out": signed_out}
    assert await findings(browser, [], posted=posted, viewport=NARROW) == {}
