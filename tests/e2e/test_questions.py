"""The check page asks what the text may say, by keyboard and touch, with and without JavaScript; Send never waits."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from playwright.async_api import Page, expect
from starlette.applications import Starlette

from services.intake.domain.reading import Scored
from services.intake.web.scores import scores_route
from shared.signs import SignId
from tests.e2e.conftest import ONE_LOOP, Site
from tests.support.http import listening

pytestmark = ONE_LOOP

TEXT = "Hun siger, at hendes pas er væk, og at storebror følger efter hende."
PASSPORT = "Har nogen taget pas eller papirer fra den unge?"


def _read(text: str) -> Sequence[Scored]:
    """As the reader would: its own scores are tested elsewhere."""
    place = text.find("hendes pas er væk")
    return [Scored(SignId("travel.passport_taken"), 60, place, place + 17)] if place >= 0 else []


@asynccontextmanager
async def asking(site: Site) -> AsyncIterator[None]:
    """The site with a worker behind it."""
    async with listening(Starlette(routes=[scores_route(_read, site.ground.tokens)])) as site.worker_url:
        await site.close()
        await site.open()
        yield


async def written(page: Page) -> None:
    """The form with a text, at its check page."""
    await page.get_by_role("radio", name="13–17 år").check()
    if await page.evaluate("document.documentElement.classList.contains('one')"):
        await page.get_by_role("button", name="Videre").tap()
    await page.get_by_label("Med dine egne ord").fill(TEXT)
    await page.get_by_role("button", name="Gå til tjek og send").locator("visible=true").first.tap()


async def told(site: Site) -> list[dict[str, str]]:
    """The answers in the reports that are in."""
    found = []
    for report in await site.reports():
        found += [json.loads(fact.model_dump_json()) for fact in report.signs]
    return [{"sign": each["sign"], "answer": each["answer"]} for each in found]


async def test_a_tap_answers_what_the_text_may_say_and_travels_with_the_report(site: Site) -> None:
    async with asking(site):
        page = await site.page(has_touch=True)
        await written(page)
        question = page.get_by_role("group", name=PASSPORT)
        await expect(question).to_be_visible()
        await expect(question).to_contain_text("Du skrev: »hendes pas er væk«")
        assert await page.locator("#asked fieldset").count() == 6
        await question.get_by_role("radio", name="Ja").tap()
        await expect(question.get_by_role("status")).to_contain_text("Er det nu, så ring")
        await page.get_by_role("button", name="Send underretning").tap()
        await expect(page.get_by_role("heading", name="Vi har din underretning")).to_be_visible()
    assert {"sign": "travel.passport_taken", "answer": "said"} in await told(site)


async def test_the_keyboard_answers_and_going_back_keeps_the_answer(site: Site) -> None:
    async with asking(site):
        page = await site.page(has_touch=True)
        await written(page)
        question = page.get_by_role("group", name=PASSPORT)
        await question.get_by_role("radio", name="Ja").focus()
        await page.keyboard.press("Space")
        await page.keyboard.press("ArrowRight")
        await expect(question.get_by_role("radio", name="Nej")).to_be_checked()
        await page.get_by_role("button", name="Tilbage").locator("visible=true").tap()
        await page.get_by_role("button", name="Gå til tjek og send").locator("visible=true").first.tap()
        await expect(question.get_by_role("radio", name="Nej")).to_be_checked()
        await page.get_by_role("button", name="Send underretning").tap()
        await expect(page.get_by_role("heading", name="Vi har din underretning")).to_be_visible()
    assert await told(site) == [{"sign": "travel.passport_taken", "answer": "denied"}]


async def test_without_javascript_the_check_page_asks_and_back_keeps_the_answer(site: Site) -> None:
    async with asking(site):
        page = await site.page(java_script_enabled=False, has_touch=True)
        await page.get_by_role("radio", name="13–17 år").check()
        await page.get_by_label("Med dine egne ord").fill(TEXT)
        await page.get_by_role("button", name="Gå til tjek og send").locator("visible=true").first.tap()
        question = page.get_by_role("group", name=PASSPORT)
        await question.get_by_role("radio", name="Ja").check()
        await page.get_by_role("button", name="Tilbage").tap()
        await page.get_by_role("button", name="Gå til tjek og send").locator("visible=true").first.tap()
        await expect(question).to_have_count(0)
        await page.get_by_role("button", name="Send underretning").tap()
        await expect(page.get_by_role("heading", name="Vi har din underretning")).to_be_visible()
    assert await told(site) == [{"sign": "travel.passport_taken", "answer": "said"}]


async def test_where_nothing_can_be_asked_the_report_is_sent_all_the_same(site: Site) -> None:
    page = await site.page(has_touch=True)
    await page.route("**/ask*", lambda route: route.abort())
    await written(page)
    await page.get_by_role("button", name="Send underretning").tap()
    await expect(page.get_by_role("heading", name="Vi har din underretning")).to_be_visible()
    assert await told(site) == []
