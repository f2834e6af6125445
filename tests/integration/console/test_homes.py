"""A home for each role: supervision sees who read what and takes it along, operations see how the services are."""

import csv
import io
import json
from typing import Any

import pytest
from playwright.async_api import expect

from services.escalation.domain.search import code_of
from services.escalation.web.console import words
from services.escalation.web.console.operations import lines
from services.escalation.web.console.supervision import table
from services.escalation.web.operations import _services
from shared.events.codes import Level
from shared.web.language import Language
from tests.integration.console.conftest import AASE, BO, CARLA, CONSOLE, DITTE, ERIK, FRIDA, Browser, House, answered_by
from tests.integration.console.test_search import CHILD, kept_out, looked_for
from tests.support.browser import NARROW, open_browser


async def rows_of(browser: Browser, path: str) -> list[dict[str, str]]:
    answer = await browser.client.post(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="tilsyn-2026-03-10.csv"'
    assert answer.text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff")), delimiter=";"))


@pytest.mark.parametrize(("who", "home"), [(ERIK, "/supervision"), (FRIDA, "/operations"), (AASE, "/work")])
async def test_everybody_comes_home_to_what_is_theirs(house: House, who: Any, home: str) -> None:
    screen = await (await house.browser(who)).open("/")
    assert screen.status_code == 200
    assert screen.url.path == home


async def test_who_is_paged_still_comes_to_the_case_first(house: House) -> None:
    event = await house.report(Level.ACUTE, text="Noget.")
    asked = await house.escalation.pool.fetchval("SELECT recipient_id FROM pages")
    screen = await (await house.browser(asked)).open("/")
    assert screen.url.path == f"/cases/{event.case_id}"


def judging_in(screen: str) -> str:
    """What stands under *Venter på vurdering*."""
    return screen.partition('<section id="judging">')[2].partition("</section>")[0]


async def test_who_judges_sees_first_what_waits_for_it_and_how_long(house: House) -> None:
    await house.escalation.pool.execute("UPDATE people SET roles = '{authority}' WHERE person_id = $1", CARLA)
    old = await house.report(Level.LOW, text="Den første.")
    for ground in (house.intake, house.escalation):
        ground.clock.pass_by(hours=3)
    judged, new = await house.report(Level.HIGH, text="Den anden."), await house.report(Level.HIGH, text="Den tredje.")
    carla = await house.browser(CARLA)
    await carla.press(await carla.into(judged.case_id), "/acknowledge")
    form = await carla.open(f"/cases/{judged.case_id}/judgement")
    await carla.press(form, "/judgement", acute="false", started="false", reason="Der er ingen fare nu.")
    screen = (await carla.open("/work")).text
    waits = judging_in(screen)
    assert "Har ventet 3 timer på vurdering. Vurdér senest onsdag kl. 13.00" in waits
    assert [str(each.case_id) in waits for each in (old, new, judged)] == [True, True, False]
    assert str(judged.case_id) in screen.partition("</section>")[2]
    assert screen.index('id="judging"') < screen.index(">Andre</h2>")
    assert judging_in((await (await house.browser(AASE)).open("/work")).text) == ""


async def test_what_was_not_judged_in_time_stands_first_and_says_so(house: House) -> None:
    late = await house.report(Level.LOW, text="Den første.")
    for ground in (house.intake, house.escalation):
        ground.clock.pass_by(hours=25)
    new = await house.report(Level.HIGH, text="Den anden.")
    waits = judging_in((await (await house.browser(CARLA)).open("/work")).text)
    assert waits.index(str(late.case_id)) < waits.index(str(new.case_id))
    assert waits.count("Fristen er overskredet") == 1


async def test_the_first_duty_begins_with_an_introduction_that_folds_up_once_read(house: House) -> None:
    browser = await house.browser(AASE)
    screen = await browser.open("/work")
    assert '<details class="panel" id="first-duty" open>' in screen.text
    assert "Din vagt nu" in screen.text
    after = (await browser.press(screen, "/brief")).text
    assert '<details class="panel" id="first-duty">' in after
    for word in ("Kontaktspærre", "Hastegrad", "Inhabil", "Medunderskrift", "Rækkevidde", "Spor"):
        assert f"<dt>{word}</dt>" in after
    english = (await browser.open("/work?lang=en")).text
    assert "<dt>Contact hold</dt>" in english


async def test_supervision_tells_who_read_what_of_a_case_and_that_it_was_looked_at(house: House) -> None:
    event = await house.report(**CHILD)
    await (await house.browser(AASE)).into(event.case_id)
    await looked_for(await house.browser(BO), code_of(event.case_id))
    browser = await house.browser(ERIK)
    home = (await browser.open("/supervision")).text
    assert f'href="/supervision/{event.case_id}"' in home
    assert "2 personer" in home
    screen = (await browser.open(f"/supervision/{event.case_id}")).text
    for said in ("Aase Eksempel", "åbnede sagen", "læste en underretning: teksten", "fandt sagen: ved sagens kode"):
        assert said in screen
    assert "Sporet er helt" in screen
    assert "Amal" not in screen
    assert "Hun skal giftes" not in screen
    again = (await browser.open(f"/supervision/{event.case_id}")).text
    assert "læste sporet" in again


async def test_the_readings_of_a_case_are_taken_along_as_a_file(house: House) -> None:
    event = await house.report(**CHILD)
    await (await house.browser(AASE)).into(event.case_id)
    rows = await rows_of(await house.browser(ERIK), f"/supervision/{event.case_id}/export")
    assert {(row["sag"], row["navn"], row["person-id"]) for row in rows} == {
        (code_of(event.case_id), "Aase Eksempel", str(AASE))
    }
    read = next(row for row in rows if row["handling"] == "læste en underretning: teksten")
    assert (read["formål"], read["underretnings-id"]) == ("tilkaldt", str(event.report_id))
    assert read["tidspunkt"] == "2026-03-10 13:00:00"
    kept = await house.escalation.pool.fetchrow("SELECT n, hash FROM evidence WHERE act = 'report_read' AND n = $1",
                                                int(read["nr"]))  # fmt: skip
    assert kept["hash"].hex() == read["hash"]


async def test_all_readings_are_one_file_and_every_case_in_it_knows(house: House) -> None:
    first, second, hidden = [await house.report(text=f"Noget {n}.") for n in range(3)]
    aase = await house.browser(AASE)
    for event in (first, second, hidden):
        await aase.into(event.case_id)
    await kept_out(house, hidden, ERIK)
    rows = await rows_of(await house.browser(ERIK), "/supervision/export")
    assert {row["sags-id"] for row in rows} == {str(first.case_id), str(second.case_id)}
    told = await house.escalation.pool.fetch("SELECT case_id, facts FROM evidence WHERE act = 'evidence_read'")
    counts = {row["case_id"]: json.loads(row["facts"])["entries"] for row in told}
    assert counts == {
        each.case_id: sum(row["sags-id"] == str(each.case_id) for row in rows) for each in (first, second)
    }


def test_no_cell_of_the_file_is_a_formula() -> None:
    entry = {"case_id": "8f2f0000-0000-4000-8000-000000000000", "at": "2026-03-10T12:00:00+00:00", "n": 1, "hash": "aa"}
    entry |= {"act": "case_viewed", "actor": "x", "facts": {}}
    written = table([entry], {"x": '=HYPERLINK("http://x")'}, Language.DANISH)
    assert "'=HYPERLINK" in written


def test_a_file_that_does_not_hold_all_says_so() -> None:
    more = "Der er flere: Hent dem sag for sag."
    assert [more in table([], {}, Language.DANISH, complete=complete) for complete in (True, False)] == [False, True]


async def test_a_search_for_a_hidden_case_stands_out(house: House) -> None:
    event = await house.report(**CHILD)
    await kept_out(house, event, BO)
    await looked_for(await house.browser(BO), code_of(event.case_id))
    screen = (await (await house.browser(ERIK)).open("/supervision/searches")).text
    assert "Bo Eksempel" in screen
    assert "Der var en sag, som personen ikke må se:" in screen
    assert f'href="/supervision/{event.case_id}"' in screen


async def test_whoever_is_kept_out_of_a_case_does_not_learn_of_it_as_a_leader_either(house: House) -> None:
    event = await house.report(**CHILD)
    await kept_out(house, event, DITTE)
    await looked_for(await house.browser(AASE), code_of(event.case_id))
    await (await house.browser(AASE)).into(event.case_id)
    browser = await house.browser(DITTE)
    for path in ("/supervision", "/supervision/searches"):
        screen = await browser.open(path)
        assert screen.status_code == 200
        assert str(event.case_id) not in screen.text
    assert (await browser.open(f"/supervision/{event.case_id}")).status_code == 404
    assert await rows_of(browser, "/supervision/export") == []


async def test_supervision_is_named_alike_wherever_it_is_shown(house: House) -> None:
    people = (await (await house.browser(DITTE)).open("/people")).text
    assert "tilsyn" in people
    assert "evisor" not in people


async def test_operations_tell_the_figures_and_no_case(house: House) -> None:
    event = await house.report(Level.ACUTE, **CHILD)
    screen = (await (await house.browser(FRIDA)).open("/operations")).text
    assert "Sager, som ingen har svaret på</span> <strong>1" in screen
    assert "Hændelser, der er lagt til side</span> <strong>0" in screen
    assert str(event.case_id) not in screen
    assert code_of(event.case_id) not in screen


def test_a_figure_that_somebody_should_look_at_is_marked() -> None:
    found = {"beredskab.parked": 2.0, "beredskab.outbox.rows": 7.0, "beredskab.canary.age": 7200.0}
    marked = {line.text: (line.value, line.bad) for line in lines(found, Language.DANISH)}
    assert marked == {
        "Hændelser, der er lagt til side": ("2", True),
        "Hændelser, der venter på Kafka": ("7", False),
        "Siden den sidste prøve kom hele vejen": ("2 timer", True),
    }


async def test_a_service_that_does_not_answer_is_said_not_to(house: House) -> None:
    (away,) = await _services({"notify": "http://127.0.0.1:1"})
    assert away == {"name": "notify", "ready": False, "missing": ["no_answer"], "away": []}


@pytest.mark.parametrize("who", [AASE, CARLA, DITTE, ERIK, FRIDA])
async def test_the_menu_leads_nowhere_that_is_refused(house: House, who: Any) -> None:
    browser = await house.browser(who)
    home = (await browser.open("/")).text
    menu = home.partition('<nav class="menu"')[2].partition("</nav>")[0]
    for path in {each.partition('"')[0] for each in menu.split('href="')[1:]}:
        assert (await browser.open(path)).status_code == 200, path


async def test_the_homes_fit_a_phone_and_are_tapped(house: House) -> None:
    event = await house.report(**CHILD)
    await (await house.browser(AASE)).into(event.case_id)
    erik, frida = await house.browser(ERIK), await house.browser(FRIDA)
    async with open_browser() as chromium:
        for browser, path in ((erik, "/supervision"), (frida, "/operations")):
            page = await (await chromium.new_context(viewport=NARROW, has_touch=True)).new_page()
            await page.route("**/*", answered_by(browser))
            await page.goto(f"{CONSOLE}{path}")
            assert await page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
            if browser is erik:
                await page.locator(".work a").tap()
                await expect(page.get_by_role("heading", name="Hvem har læst sagen?")).to_be_visible()
                await page.wait_for_load_state()
                assert await page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
                async with page.expect_download() as file:
                    await page.get_by_role("button", name="Hent som CSV").tap()
                assert (await file.value).suggested_filename == "tilsyn-2026-03-10.csv"


async def test_a_word_that_needs_it_is_explained_where_it_stands(house: House) -> None:
    event = await house.report(Level.ACUTE, **CHILD)
    browser = await house.browser(DITTE, "consultant", "authority", "leader")
    case = (await browser.into(event.case_id)).text
    pages = {"hold": case} | {
        word: (await browser.open(path)).text
        for word, path in (("conflict", f"/cases/{event.case_id}/conflict"), ("reach", "/reach"))
    }
    for word, page in pages.items():
        assert words.meaning(word, Language.DANISH) in page, word
