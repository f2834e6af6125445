"""A case on paper: by a button that is noted, and by nothing else."""

import re
from typing import Any

from playwright.async_api import Page, Route

from shared.ids import CaseId
from tests.integration.console.conftest import AASE, CONSOLE, DITTE, Browser, House
from tests.integration.console.test_accessibility import findings
from tests.integration.console.test_console import BODY, evidence
from tests.support.browser import NARROW, open_browser

CONFIDENTIAL = "Fortroligt. Makulér efter brug."


async def test_printing_is_noted_and_the_sheet_says_what_it_is(house: House) -> None:
    event = await house.report(**BODY)
    aase = await house.browser(AASE)
    sheet = await aase.press(await aase.into(event.case_id), "/print")
    assert sheet.status_code == 200
    assert sheet.text.count(CONFIDENTIAL) == 2
    assert "mit pas" in sheet.text
    assert "<form" not in sheet.text
    assert not re.search(r"<details(?! open)", sheet.text)
    assert await evidence(house.escalation, "printed") == [{"from_report_no": 1, "up_to_report_no": 1}]
    assert [each["part"] for each in await evidence(house.escalation, "report_read")] == ["names", "all", "all"]


async def test_the_sheet_has_no_address_of_its_own(house: House) -> None:
    event = await house.report(**BODY)
    aase = await house.browser(AASE)
    await aase.into(event.case_id)
    assert (await aase.open(f"/cases/{event.case_id}/print")).status_code == 404
    assert await evidence(house.escalation, "printed") == []


async def test_who_has_not_been_asked_whom_they_know_prints_nothing(house: House) -> None:
    event = await house.report(**BODY)
    for who in (AASE, DITTE):
        browser = await house.browser(who)
        sheet = await browser.client.post(f"/cases/{event.case_id}/print")
        assert sheet.url.path == f"/cases/{event.case_id}"
        assert "mit pas" not in sheet.text
    assert await evidence(house.escalation, "printed") == []


async def test_axe_finds_nothing_on_the_sheet(house: House) -> None:
    event = await house.report(**BODY)
    aase = await house.browser(AASE)
    await aase.into(event.case_id)
    aase.client.get = _posted(aase, event.case_id)  # type: ignore[method-assign]
    for lang in ("", "?lang=en"):
        assert await findings(aase, [f"/cases/{event.case_id}/print{lang}"], viewport=NARROW) == {}


def _posted(browser: Browser, case_id: CaseId) -> Any:
    get = browser.client.get

    async def asked(url: str, **options: Any) -> Any:
        return await (browser.client.post(url, **options) if f"/cases/{case_id}/print" in url else get(url, **options))

    return asked


async def test_the_browsers_own_print_of_a_case_shows_nothing_of_it(house: House) -> None:
    event = await house.report(**BODY)
    aase = await house.browser(AASE)
    await aase.into(event.case_id)

    async def through(route: Route) -> None:
        answer = await aase.client.request(route.request.method, route.request.url, headers={"Accept": "text/html"})
        await route.fulfill(status=answer.status_code, headers=dict(answer.headers), body=answer.content)

    async with open_browser() as chromium:
        page: Page = await chromium.new_page()
        await page.route("**/*", through)
        await page.goto(f"{CONSOLE}/cases/{event.case_id}")
        await page.emulate_media(media="print")
        assert not await page.get_by_text("mit pas").first.is_visible()
        assert await page.get_by_text("Print en sag med knappen i sagen").is_visible()
        await page.emulate_media(media="screen")
        await page.get_by_role("button", name="Print").click()
        await page.emulate_media(media="print")
        assert await page.get_by_text("mit pas").first.is_visible()
        assert await page.get_by_text(CONFIDENTIAL).first.is_visible()
