"""Colours by day and by night on every page of the console, errors and sign-in too; the focus is always seen."""

from collections.abc import Mapping
from typing import Any

import pytest
from httpx2 import Response
from playwright.async_api import Page, Route

from services.escalation.domain.search import code_of
from shared.events.codes import Level
from tests.integration.console.conftest import CONSOLE, DITTE, Browser, House
from tests.integration.console.test_accessibility import findings
from tests.integration.console.test_console import BODY
from tests.support import trouble
from tests.support.browser import NARROW, open_browser

ALL = ("consultant", "authority", "leader", "auditor", "operator")
LISTS = ("/work", "/search", "/closed", "/supervision", "/supervision/searches", "/operations")
LEADERS = ("/rota", "/ladders", "/people", "/people/new", "/reach", "/me")
FORMS = (
    *("assessment", "judgement", "hold", "close", "handover", "raise", "lower", "unit", "split", "exclusion", "phone"),
    *("phone-answer", "cannot", "conflict"),
)
SCHEMES = ("light", "dark")
pytestmark = pytest.mark.timeout(300)


async def failed(house: House, browser: Browser) -> dict[str, Response]:
    """The pages that tell of something that failed, and those of the sign-in, by the path they are looked at under."""
    event = await house.report(Level.HIGH, **BODY)
    await browser.into(event.case_id)
    raised = f"/cases/{event.case_id}/raise"
    fields = {"level": "acute", "reason": "Hun er bange."}
    found = {"/not-there": await browser.open("/cases/none"), "/refused": await browser.client.post("/work")}
    found["/unfound"] = await browser.client.post("/search", data={"sought": "0000"})
    found["/misread"] = await browser.client.post("/search", data={"sought": "x"})
    found["/sheet"] = await browser.client.post(f"/cases/{event.case_id}/print")
    found["/found"] = await browser.client.post("/search", data={"sought": code_of(event.case_id)})
    found["/stale"] = await browser.client.post(raised, data={"version": "0", **fields})
    async with trouble.failing(house.escalation.url, "57P03", "sessions"):
        found["/away"] = await browser.client.post(raised, data=fields)
    async with trouble.failing(house.escalation.url, "42703", "cases"):
        found["/fault"] = await browser.open(f"/cases/{event.case_id}")
    word = browser.client.cookies.pop("__Host-escalation")
    found["/signed-out"] = await browser.open("/signed-out")
    found["/no-session"] = await browser.client.post(raised, data=fields)
    found["/sign-in-failed"] = await browser.open("/sign-in/answer?state=x")
    browser.client.cookies.set("__Host-escalation", word)
    return found


WANTED = {
    "/not-there": 404, "/refused": 405, "/unfound": 200, "/found": 200, "/sheet": 200,
    "/misread": 422, "/stale": 409, "/away": 503, "/fault": 500,
    "/signed-out": 200, "/no-session": 401, "/sign-in-failed": 403,
}  # fmt: skip


async def paths_of(house: House, browser: Browser) -> list[str]:
    """Every screen, with a case to look at."""
    event = await house.report(Level.ACUTE, **BODY)
    await browser.press(await browser.into(event.case_id), "/acknowledge")
    new = await house.report(Level.HIGH, **BODY)
    case = f"/cases/{event.case_id}"
    await browser.press(await browser.open(f"{case}/assessment"), "/assessment", level="low")
    assessed = await house.escalation.pool.fetchval("SELECT assessment_id FROM assessments")
    supervised = f"/supervision/{event.case_id}"
    return [
        *LISTS,
        *LEADERS,
        supervised,
        case,
        f"{case}/assessments/{assessed}",
        f"/cases/{new.case_id}",
        *(f"{case}/{form}" for form in FORMS),
    ]


async def test_a_page_that_tells_of_an_error_has_the_duty_phone_and_nothing_of_what_failed(house: House) -> None:
    found = await failed(house, await house.browser(DITTE, *ALL))
    assert {path: answer.status_code for path, answer in found.items()} == WANTED
    for path, answer in found.items():
        assert 'href="tel:70200000"' in answer.text, path
        for word in ("Traceback", "asyncpg", "Error", "42703", "57P03", "urn:", "column"):
            assert word not in answer.text, (path, word)
    assert "Vent ikke på siden, hvis det haster." in found["/away"].text
    assert "Vent ikke på siden, hvis det haster." in found["/fault"].text
    assert "Det, du skrev, står her stadig. Send det igen om lidt." in found["/away"].text


async def test_every_screen_is_a_page_of_ours_while_the_database_is_away(house: House) -> None:
    browser = await house.browser(DITTE, *ALL)
    paths = await paths_of(house, browser)
    async with trouble.failing(house.escalation.url, "57P03", "sessions"):
        for path in paths:
            answer = await browser.open(path)
            assert (answer.status_code, answer.headers["content-type"]) == (503, "text/html; charset=utf-8"), path
            assert 'href="tel:70200000"' in answer.text, path


async def test_what_was_looked_for_stands_on_no_page_of_an_error(house: House) -> None:
    browser = await house.browser(DITTE, *ALL)
    async with trouble.failing(house.escalation.url, "57P03", "sessions"):
        answer = await browser.client.post("/search", data={"sought": "0101129999"})
    assert answer.status_code == 503
    assert "0101129999" not in answer.text


@pytest.mark.parametrize(("hours", "night"), [(0, False), (6, False), (7, True), (17, True), (18, False)])
async def test_every_page_is_dark_from_20_to_7(house: House, hours: int, night: bool) -> None:
    house.intake.clock.pass_by(hours=hours)
    house.escalation.clock.pass_by(hours=hours)
    browser = await house.browser(DITTE, *ALL)
    answers = {path: await browser.open(path) for path in await paths_of(house, browser)} | await failed(house, browser)
    dark = {path for path, answer in answers.items() if '" class="night' in answer.text}
    assert dark == (set(answers) if night else set())


async def test_a_case_is_printed_black_on_white_at_night_too(house: House) -> None:
    house.intake.clock.pass_by(hours=9)
    house.escalation.clock.pass_by(hours=9)
    event = await house.report(Level.HIGH, **BODY)
    browser = await house.browser(DITTE, *ALL)
    sheet = await browser.press(await browser.into(event.case_id), "/print")
    assert 'class="night printing"' in sheet.text
    async with open_browser() as chromium:
        page = await chromium.new_page(color_scheme="dark")
        await page.route("**/*", _answers(browser, {"/sheet": sheet}))
        await page.goto(f"{CONSOLE}/sheet")
        for media, ground, ink in (("screen", "rgb(17, 23, 27)", "rgb(242, 242, 242)"), ("print", _WHITE, _BLACK)):
            await page.emulate_media(media=media, color_scheme="dark")  # type: ignore[arg-type]
            drawn = await page.evaluate(DRAWN)
            assert drawn == [ground, ink]


DRAWN = """[document.body, document.querySelector("h1")].map(e => getComputedStyle(e))
    .map((style, n) => n ? style.color : style.backgroundColor)"""
_WHITE, _BLACK = "rgb(255, 255, 255)", "rgb(0, 0, 0)"


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_axe_finds_nothing_on_any_page_by_day_and_by_night(house: House, scheme: str) -> None:
    browser = await house.browser(DITTE, *ALL)
    paths, posted = await paths_of(house, browser), await failed(house, browser)
    assert await findings(browser, paths, posted=posted, viewport=NARROW, color_scheme=scheme) == {}


RING = """() => {
    const e = document.activeElement
    if (!e || e === document.body) return null
    const numbers = color => (color.match(/[\\d.]+/g) ?? [0, 0, 0, 0]).map(Number)
    const light = ([r, g, b]) => [r, g, b].map(c => c / 255)
        .map(c => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
        .reduce((sum, c, n) => sum + c * [.2126, .7152, .0722][n], 0)
    const drawn = [[e], [e.nextElementSibling ?? e, "::before"], [e.nextElementSibling ?? e]]
        .map(([of, part]) => getComputedStyle(of, part))
        .find(s => s.outlineStyle !== "none" && parseFloat(s.outlineWidth))
    let under = e.parentElement
    while (under && (numbers(getComputedStyle(under).backgroundColor)[3] ?? 1) === 0) under = under.parentElement
    const ground = under ? numbers(getComputedStyle(under).backgroundColor) : [255, 255, 255]
    const name = (e.outerHTML.match(/^<[^>]*>/) ?? [""])[0].slice(0, 90)
    if (!drawn) return [name, 0]
    const [a, b] = [numbers(drawn.outlineColor), ground].map(light).sort((x, y) => y - x)
    return [name, (a + .05) / (b + .05)]
}"""
"""What has the focus, and the contrast of the ring round it with the ground that it is drawn on (WCAG 2.2, 1.4.11)."""


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_the_ring_round_what_has_the_focus_is_three_to_one_on_every_page(house: House, scheme: Any) -> None:
    browser = await house.browser(DITTE, *ALL)
    paths, posted = await paths_of(house, browser), await failed(house, browser)
    faint: list[tuple[str, str, float]] = []
    looked_at = 0
    async with open_browser() as chromium:
        context = await chromium.new_context(viewport=NARROW, color_scheme=scheme, reduced_motion="reduce")
        await context.route("**/*", _answers(browser, posted))
        page = await context.new_page()
        for path in [*paths, *posted]:
            await page.goto(f"{CONSOLE}{path}")
            rings = await _rings(page)
            looked_at += len(rings)
            faint += [(path, name, ratio) for name, ratio in rings if ratio < 3]
    assert faint == []
    assert looked_at > 10 * len(paths)


async def _rings(page: Page) -> list[tuple[str, float]]:
    """The ring round each thing that Tab leads to, from the top of the page to its end."""
    await page.evaluate("document.activeElement?.blur()")
    found: list[tuple[str, float]] = []
    for _ in range(150):
        await page.keyboard.press("Tab")
        seen = await page.evaluate(RING)
        if seen is None:
            break
        found.append((seen[0], seen[1]))
    return found


def _answers(browser: Browser, posted: Mapping[str, Response]) -> Any:
    async def through(route: Route) -> None:
        path = route.request.url.removeprefix(CONSOLE)
        answer = posted.get(path) or await browser.client.get(route.request.url, headers={"Accept": "text/html"})
        await route.fulfill(status=answer.status_code, headers=dict(answer.headers), body=answer.content)

    return through
