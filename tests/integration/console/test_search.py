"""Finding a case: by its reference, its code or a child's CPR number; and the list of the closed ones."""

import asyncio
import json
from typing import Any

import pytest
from playwright.async_api import expect

from services.escalation.domain.search import code_of
from services.escalation.handlers.search import UNUSUAL_FROM
from services.escalation.web.search import ON_A_PAGE
from shared.events.codes import Level
from shared.events.intake import ReportReceived
from tests.integration.console.conftest import AASE, BO, CONSOLE, DITTE, ERIK, Browser, House, answered_by
from tests.integration.console.test_keyboard import tab_to
from tests.support.browser import NARROW, open_browser

CPR = "0101129999"
CHILD = {"children": [{"name": "Amal", "cpr": CPR, "relation": "subject"}], "text": "Hun skal giftes."}
NOTHING = "Ingen sag, som du kan se, passer."


async def looked_for(browser: Browser, sought: str, *, lang: str = "") -> Any:
    return await browser.client.post(f"/search{lang}", data={"sought": sought})


async def reference_of(house: House, event: ReportReceived) -> str:
    found: str = await house.intake.pool.fetchval("SELECT reference FROM reports WHERE report_id = $1", event.report_id)
    return found


async def kept_out(house: House, event: ReportReceived, who: Any) -> None:
    await house.escalation.pool.execute(
        "INSERT INTO exclusions (case_id, person_id, by, at, named_in) VALUES ($1, $2, $3, $4, $1)",
        event.case_id,
        who,
        DITTE,
        house.escalation.clock.now(),
    )


async def searches(house: House) -> list[tuple[Any, ...]]:
    rows = await house.escalation.pool.fetch("SELECT person_id, kind, found, shown FROM searches ORDER BY at")
    return [tuple(row) for row in rows]


@pytest.mark.parametrize("typed", ["reference", "with a space", "small letters", "code", "cpr", "cpr with a dash"])
async def test_a_case_is_found_by_reference_code_or_number_however_it_is_typed(house: House, typed: str) -> None:
    event = await house.report(**CHILD)
    await house.report(text="En anden.")
    reference, code = await reference_of(house, event), code_of(event.case_id)
    ways = {
        "reference": reference,
        "with a space": f" {reference[:4]} {reference[4:]} ",
        "small letters": reference.lower().replace("0", "o").replace("1", "l"),
        "code": code.lower(),
        "cpr": CPR,
        "cpr with a dash": f"{CPR[:6]}-{CPR[6:]}",
    }
    screen = await looked_for(await house.browser(AASE), ways[typed])
    assert screen.status_code == 200
    assert "En sag passer." in screen.text
    assert screen.text.count('href="/cases/') == 1
    assert f"/cases/{event.case_id}" in screen.text


async def test_every_search_is_kept_and_what_was_shown_stands_in_the_case(house: House) -> None:
    event = await house.report(**CHILD)
    browser = await house.browser(AASE)
    await looked_for(browser, CPR)
    await looked_for(browser, "0101129998")
    assert await searches(house) == [(AASE, "child", [event.case_id], [event.case_id]), (AASE, "child", [], [])]
    rows = await house.escalation.pool.fetch("SELECT actor, facts FROM evidence WHERE act = 'case_found'")
    assert [(row["actor"], json.loads(row["facts"])) for row in rows] == [(AASE, {"by": "child"})]


async def test_what_was_typed_stands_nowhere(house: House, caplog: pytest.LogCaptureFixture) -> None:
    await house.report(**CHILD)
    browser = await house.browser(AASE)
    reference = "ZZZZ7777"
    answers = [await looked_for(browser, each) for each in (CPR, "0101129998", f"{CPR}x", "9999999999")]
    await looked_for(browser, reference)
    assert [each.status_code for each in answers] == [200, 200, 422, 422]
    for answer in answers:
        assert CPR not in answer.text
        assert CPR not in str(answer.url)
    for ground in (house.escalation, house.intake):
        for row in await ground.pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
            said = await ground.pool.fetch(f"SELECT t::text FROM {row['tablename']} t")
            assert [each for each in said if CPR in each["t"] or reference in each["t"]] == []
    assert CPR not in caplog.text


async def test_a_case_that_is_not_yours_is_answered_as_one_that_is_not_there(house: House) -> None:
    event = await house.report(**CHILD)
    await kept_out(house, event, BO)
    browser = await house.browser(BO)
    reference = await reference_of(house, event)
    for there, not_there in ((CPR, "0101129998"), (code_of(event.case_id), "0000"), (reference, "00000000")):
        seen, unseen = await looked_for(browser, there), await looked_for(browser, not_there)
        assert NOTHING in seen.text
        assert seen.text.replace(f'value="{there}"', "") == unseen.text.replace(f'value="{not_there}"', "")
        assert seen.headers.items() - unseen.headers.items() <= {("content-length", seen.headers["content-length"])}
    assert (await searches(house))[0] == (BO, "child", [event.case_id], [])
    assert await house.escalation.pool.fetchval("SELECT count(*) FROM evidence WHERE act = 'case_found'") == 0


async def test_a_search_in_vain_costs_the_database_what_a_hidden_case_costs(house: House) -> None:
    event = await house.report(**CHILD)
    await kept_out(house, event, BO)
    browser = await house.browser(BO)
    statements: list[str] = []
    await looked_for(browser, CPR)
    for ground in (house.escalation, house.intake):
        async with ground.transactions.pool.acquire() as conn:  # the one that the next request gets again
            conn.add_query_logger(lambda said: statements.append(said.query))
    said: list[list[str]] = []
    for sought in (CPR, "0101129998"):
        statements.clear()
        await looked_for(browser, sought)
        await asyncio.sleep(0)
        said.append([*statements])
    assert any("INSERT INTO searches" in each for each in said[0])
    assert any("FROM children" in each for each in said[0])
    assert said[0] == said[1]


async def test_what_cannot_be_looked_for_is_said_in_words(house: House) -> None:
    browser = await house.browser(AASE)
    for sought, words in (("abc", "Skriv en reference (8 tegn)"), ("9999999999", "Vi kan ikke læse CPR-nummeret.")):
        screen = await looked_for(browser, sought)
        assert screen.status_code == 422
        assert words in screen.text
    assert await searches(house) == []


async def test_who_searches_unusually_often_is_told_to_the_operators(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    browser = await house.browser(AASE)
    for _ in range(UNUSUAL_FROM - 1):
        await looked_for(browser, "0000")
    assert "searching.unusual" not in capsys.readouterr().out
    await looked_for(browser, "0000")
    assert "searching.unusual" in capsys.readouterr().out


async def test_an_auditor_finds_a_case_and_is_led_to_who_has_read_it(house: House) -> None:
    event = await house.report(**CHILD)
    browser = await house.browser(ERIK)
    screen = await looked_for(browser, CPR)
    assert f'href="/supervision/{event.case_id}"' in screen.text
    assert 'href="/cases/' not in screen.text


async def closed(house: House, level: Level = Level.LOW) -> ReportReceived:
    event = await house.report(level, text="Noget.")
    clock = house.escalation.clock.now()
    await house.escalation.pool.execute(
        "UPDATE escalations SET state = 'closed', due_at = NULL, rate_by = NULL WHERE case_id = $1", event.case_id
    )
    await house.escalation.pool.execute(
        """INSERT INTO evidence (case_id, n, at, act, facts, hash)
           SELECT $1, max(n) + 1, $2, 'closed', '{}', '' FROM evidence WHERE case_id = $1""",
        event.case_id,
        clock,
    )
    house.escalation.clock.pass_by(minutes=1)
    return event


async def test_the_closed_cases_stand_in_pages_the_last_one_closed_first(house: House) -> None:
    done = [await closed(house) for _ in range(ON_A_PAGE + 2)]
    is_open = await house.report(text="Endnu en.")
    await kept_out(house, done[-1], AASE)
    browser = await house.browser(AASE)
    first = (await browser.open("/closed")).text
    order = [first.index(str(each.case_id)) for each in reversed(done[1:-1])]
    assert order == sorted(order)
    assert first.count('href="/cases/') == ON_A_PAGE
    assert str(is_open.case_id) not in first
    assert str(done[-1].case_id) not in first
    assert "/closed?page=2" in first
    second = (await browser.open("/closed?page=2")).text
    assert second.count('href="/cases/') == 1
    assert str(done[0].case_id) in second
    assert "page=3" not in second
    assert "Der er ikke flere." in (await browser.open("/closed?page=3")).text


async def test_a_case_that_was_really_closed_stands_there_until_it_opens_again(house: House) -> None:
    event = await house.report(Level.LOW, text="Noget.")
    browser = await house.browser(DITTE, "consultant", "authority", "leader")
    await browser.press(await browser.into(event.case_id), "/acknowledge")
    screen = await browser.open(f"/cases/{event.case_id}/judgement")
    judged = {"acute": "false", "started": "false", "reason": "Der er ingen fare nu."}
    await browser.press(screen, "/judgement", **judged)
    screen = await browser.open(f"/cases/{event.case_id}/close")
    shut = await browser.press(screen, "/close", outcome="advised", reason="Skolen og hjemmet har talt sammen.")
    assert "Sagen er lukket." in shut.text
    assert str(event.case_id) in (await browser.open("/closed")).text
    await house.hear(house.rating(Level.HIGH, event, no=2))
    assert str(event.case_id) not in (await browser.open("/closed")).text


async def test_a_case_is_found_by_keyboard_alone_on_a_phone(house: House) -> None:
    event = await house.report(**CHILD)
    aase = await house.browser(AASE)
    async with open_browser() as chromium:
        page = await chromium.new_page(viewport=NARROW)
        await page.route("**/*", answered_by(aase))
        await page.goto(f"{CONSOLE}/work")
        await tab_to(page, "Find")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/search")
        await tab_to(page, "Reference, kode eller CPR-nummer")
        await page.keyboard.type(code_of(event.case_id))
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("En sag passer.")).to_be_visible()
        await expect(page.locator("#done")).to_be_focused()
        assert page.url == f"{CONSOLE}/search"
        assert await page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
        await page.locator(".work a").click()
        await page.wait_for_url(f"**/cases/{event.case_id}")
