"""The pictures of the console: the line of a case, the week of the rota, the next hours; each is said in words too."""

import os
import re

from playwright.async_api import Page

from shared.events.codes import Level
from tests.integration.console.conftest import AASE, CARLA, CONSOLE, DITTE, House, answered_by
from tests.integration.console.test_rota_week import planned
from tests.support.browser import NARROW, WIDE, open_browser


def listed(screen: str) -> list[str]:
    """The moments of the time line as a screen reader reads them, without their time of day."""
    items = re.findall(r"<li>(.*?)</li>", screen.partition('<ol class="unseen">')[2].partition("</ol>")[0], re.S)
    return [re.sub(r"^kl\. [0-9.]+: ", "", item) for item in items]


async def test_the_line_of_a_case_tells_its_moments_with_names_and_waits(house: House) -> None:
    event = await house.report(Level.ACUTE, text="Han slår hende.")
    browser = await house.browser(AASE)
    screen = await browser.into(event.case_id)
    house.escalation.clock.pass_by(minutes=7)
    screen = await browser.press(screen, "/acknowledge")
    told = listed((await browser.open(f"/cases/{event.case_id}")).text)
    assert told[0] == "Underretning 1 modtaget"
    assert "Vurderet af reglerne: akut" in told
    assert any(each.startswith("Tilkaldt: ") for each in told)
    assert "Aase Eksempel tog den (efter 7 minutter)" in told


async def test_the_line_draws_each_moment_and_is_hidden_from_screen_readers_as_a_picture(house: House) -> None:
    event = await house.report(Level.HIGH, text="Han slår hende.")
    text = (await (await house.browser(AASE)).into(event.case_id)).text
    picture = text.partition('<section class="timeline"')[2].partition("</svg>")[0]
    assert 'aria-hidden="true"' in picture
    assert picture.count('class="at"') == len(listed(text))
    assert "style=" not in picture


async def test_a_conflict_leaves_no_trace_on_the_line(house: House) -> None:
    event = await house.report(Level.HIGH, text="Han slår hende.")
    leader = await house.browser(DITTE)
    await leader.press(await leader.open(f"/cases/{event.case_id}"), "/purpose", purpose="takeover")
    before = listed((await (await house.browser(AASE)).into(event.case_id)).text)
    screen = await leader.into(event.case_id)
    form = await leader.open(f"/cases/{event.case_id}/exclusion")
    await leader.press(form, "/exclusion", person_id=str(CARLA), reason="i familie")
    after = listed((await (await house.browser(AASE)).open(f"/cases/{event.case_id}")).text)
    assert [each for each in after if each not in before and "Læst" not in each and "Tilkaldt" not in each] == []
    assert screen.status_code == 200


async def test_the_week_has_a_bar_for_every_duty_and_a_frame_for_every_gap(house: House) -> None:
    text = (await (await planned(house)).open("/rota")).text
    drawn = re.findall(r'<rect class="(duty|gap)" x="\d+" y="8"', text)
    assert drawn.count("gap") == text.count('<li class="gap">')
    assert "duty" in drawn


async def test_the_next_hours_are_a_strip_with_their_gaps(house: House) -> None:
    text = (await (await house.browser(DITTE)).open("/reach")).text
    strip = text.partition('<svg class="bars"')[2].partition("</svg>")[0]
    widths = [int(width) for width in re.findall(r'width="(\d+)"', strip)]
    assert 900 <= sum(widths) <= 1000


async def test_the_pictures_fit_a_phone_and_a_desk(house: House) -> None:
    event = await house.report(Level.ACUTE, text="Han slår hende.")
    browser = await house.browser(AASE)
    await browser.into(event.case_id)
    house.escalation.clock.pass_by(minutes=3)
    async with open_browser() as real:
        for size in (NARROW, WIDE):
            page: Page = await real.new_page(viewport=size)
            await page.route("**/*", answered_by(browser))
            for path, picture in ((f"/cases/{event.case_id}", ".timeline svg"), ("/reach", "svg.bars")):
                await page.goto(f"{CONSOLE}{path}")
                if folder := os.environ.get("PICTURES"):
                    await page.screenshot(path=f"{folder}/{size['width']}-{path.split('/')[1]}.png", full_page=True)
                box = await page.locator(picture).first.bounding_box()
                assert box is not None
                assert box["x"] >= 0
                assert box["x"] + box["width"] <= size["width"]
            await page.close()
