"""The ladders on a leader's screen: steps with waits in words, changed one at a time, each change a version."""

import json
import re

import httpx2
import pytest
from playwright.async_api import expect

from shared.events.codes import Level
from tests.integration.console.conftest import AASE, CONSOLE, DITTE, House, answered_by
from tests.integration.console.test_console import BODY, VERSION
from tests.integration.console.test_keyboard import tab_to
from tests.support.browser import NARROW, open_browser

WANTED = {"level": "acute", "unit": "", "step.1": "on_call", "step.2": "doegnvagt", "wait": "5", "at_most": "0"}


def version(screen: httpx2.Response) -> dict[str, str]:
    found = VERSION.search(screen.text)
    assert found
    return {"version": found[1]}


def ladder(screen: str, title: str) -> str:
    """The steps under a heading."""
    return re.split(rf">{title}</h2>", screen)[1].partition("<details>")[0]


async def test_each_ladder_is_told_in_steps_and_waits(house: House) -> None:
    acute = ladder((await (await house.browser(DITTE)).open("/ladders")).text, "Akut")
    assert acute.count("<li>") == 5
    assert "En konsulent på vagt. Vi venter 3 minutter." in acute
    assert "Døgnvagten. Bliver spurgt igen hver gang, der er gået 3 minutter, til nogen svarer." in acute


async def test_a_change_is_a_new_version_and_the_others_stay(house: House) -> None:
    ditte = await house.browser(DITTE)
    before = await ditte.open("/ladders")
    after = await ditte.client.post("/ladders", data={**version(before), **WANTED, "first": "now"})
    assert "Gemt." in after.text
    assert ladder(after.text, "Akut").count("<li>") == 2
    assert ladder(after.text, "Høj") == ladder(before.text, "Høj")
    assert "Udgave 2 · Ditte Eksempel" in after.text
    assert "Udgave 1 · fra opsætningen" in after.text


async def test_what_runs_keeps_its_version_and_the_screen_says_so(house: House) -> None:
    event = await house.report(Level.ACUTE, **BODY)
    ditte = await house.browser(DITTE)
    after = await ditte.client.post("/ladders", data={**version(await ditte.open("/ladders")), **WANTED})
    assert "En eskalering, der er i gang, beholder sin udgave." in after.text
    assert "Udgave 1 · fra opsætningen · 1 eskalering i gang på den" in after.text
    in_english = await ditte.open("/ladders?lang=en")
    assert "· 1 escalation runs on it" in in_english.text
    await house.report(Level.ACUTE, **BODY)
    assert "· 1 eskalering i gang på den" in (await ditte.open("/ladders")).text
    kept = await house.escalation.pool.fetchval(
        "SELECT ladder_version FROM escalations WHERE case_id = $1", event.case_id
    )
    assert kept == 1


async def test_a_unit_gets_a_ladder_of_its_own_and_loses_it_again(house: House) -> None:
    ditte = await house.browser(DITTE)
    own = {**WANTED, "unit": "noerrebro"}
    added = await ditte.client.post("/ladders", data={**version(await ditte.open("/ladders")), **own})
    assert ladder(added.text, "Akut · Nørrebro").count("<li>") == 2
    assert ladder(added.text, "Akut").count("<li>") == 5
    removed = await ditte.client.post("/ladders", data={**version(added), **own, "remove": "yes"})
    assert "Akut · Nørrebro</h2>" not in removed.text


@pytest.mark.parametrize("wrong", [{"step.2": "leader"}, {"wait": "0"}, {"level": "hest"}])
async def test_a_ladder_that_ends_with_nobody_is_not_stored(house: House, wrong: dict[str, str]) -> None:
    ditte = await house.browser(DITTE)
    fields = {**version(await ditte.open("/ladders")), **WANTED, **wrong}
    refused = await ditte.client.post("/ladders", data=fields)
    assert "Det kunne ikke gemmes" in refused.text
    assert f'name="wait" value="{fields["wait"]}"' in refused.text
    assert refused.text.count("<details open>") == 1
    assert await house.escalation.pool.fetchval("SELECT count(*) FROM ladders") == 1


async def test_a_ladder_that_another_changed_meanwhile_is_shown_anew(house: House) -> None:
    ditte = await house.browser(DITTE)
    read = version(await ditte.open("/ladders"))
    await ditte.client.post("/ladders", data={**read, **WANTED})
    stale = await ditte.client.post("/ladders", data={**read, **WANTED, "wait": "7"})
    assert "En anden har ændret den imens" in stale.text
    assert 'name="wait" value="7"' in stale.text


async def test_leaders_alone_see_the_ladders(house: House) -> None:
    assert (await (await house.browser(AASE)).open("/ladders")).status_code == 403


@pytest.mark.parametrize(
    ("lang", "title", "words"),
    [
        ("", "Vagtens åbningstid", "Mandag–fredag kl. 8–16"),
        ("?lang=en", "The desk's duty hours", "Monday–Friday 08:00–16:00"),
    ],
)
async def test_the_desks_duty_hours_are_told(house: House, lang: str, title: str, words: str) -> None:
    screen = (await (await house.browser(DITTE)).open(f"/ladders{lang}")).text
    told = screen.partition(f">{title}</h2>")[2].partition("</section>")[0]
    assert f"<li>{words}</li>" in told


async def test_a_ladder_is_changed_by_keyboard_alone(house: House) -> None:
    ditte = await house.browser(DITTE)
    async with open_browser() as chromium:
        page = await chromium.new_page(viewport=NARROW)
        await page.route("**/*", answered_by(ditte))
        await page.goto(f"{CONSOLE}/ladders")
        await tab_to(page, "Ret: Akut")
        await page.keyboard.press("Enter")
        await tab_to(page, "Trin 2")
        await page.keyboard.type("Døgnvagten")
        for step in (3, 4, 5):
            await tab_to(page, f"Trin {step}")
            await page.keyboard.press("Home")
        await tab_to(page, "Minutter på hvert trin")
        await page.keyboard.press("ControlOrMeta+A")
        await page.keyboard.type("7")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("status")).to_have_text("Gemt.")
        await expect(page.get_by_role("status")).to_be_focused()
    body = json.loads(await house.escalation.pool.fetchval("SELECT body FROM ladders ORDER BY version DESC LIMIT 1"))
    acute = next(each for each in body["ladders"] if each["level"] == "acute")
    assert (acute["rungs"], acute["rung_wait_minutes"]) == (["on_call", "doegnvagt"], 7)
