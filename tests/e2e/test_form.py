"""A teacher on a phone: the answer before the question, four taps and a text, and a text that is never lost."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from tests.e2e.conftest import ONE_LOOP, Site
from tests.support.browser import NARROW, WIDE, Taps, open_profile
from tests.support.leaks import found_below

pytestmark = ONE_LOOP

TEXT = 'Hun sagde i dag: "Jeg skal forloves på lørdag." <b>{{ 7 * 7 }}</b> \u202egnp'
PLANTED = "Plantetord"


async def tap(page: Page, name: str) -> None:
    await page.get_by_role("button", name=name, exact=True).click()


async def write(page: Page, text: str = TEXT) -> None:
    """To the text, and write it."""
    await page.get_by_role("radio", name="13–17 år").check()
    await tap(page, "Videre")
    await page.get_by_label("Med dine egne ord").fill(text)


async def to_check(page: Page, text: str = TEXT) -> None:
    await write(page, text)
    await tap(page, "Gå til tjek og send")


async def kept(page: Page) -> str:
    """Everything that the browser keeps for this site."""
    store = "JSON.stringify([{...sessionStorage}, {...localStorage}, document.cookie, history.state, document.title])"
    return str(await page.evaluate(store))


async def kept_once(page: Page) -> None:
    """Wait until the draft is kept. (Playwright's own waiting evaluates strings, which the pages forbid.)"""
    async with asyncio.timeout(20):
        while await page.evaluate("sessionStorage.length") != 1:  # noqa: ASYNC110 the browser's, not ours
            await asyncio.sleep(0.05)


async def bodies(site: Site) -> list[Any]:
    rows = await site.ground.pool.fetch("SELECT * FROM reports JOIN cases USING (case_id)")
    keys = [site.ground.keys.unwrap(row["wrapped_key"]) for row in rows]
    opened = [
        key.unseal(row["body_sealed"], table="reports", column="body_sealed", row=row["report_id"])
        for key, row in zip(keys, rows, strict=True)
    ]
    return [json.loads(body) for body in opened]


@pytest.mark.parametrize(("path", "no"), [("/", "Nej, ikke endnu."), ("/?lang=en", "No, not yet.")])
async def test_no_not_yet_and_112_are_seen_without_scrolling(site: Site, path: str, no: str) -> None:
    page = await site.page(path)
    for seen in (
        page.get_by_text(no),
        page.locator("#kind-self + label"),
        page.locator("main").get_by_role("link", name="112"),
        page.locator("#exit"),
    ):
        await expect(seen).to_be_in_viewport(ratio=1)


async def test_five_taps_and_a_text_are_enough(site: Site) -> None:
    page, taps = await site.page("/paper"), Taps()
    await taps.count_in(page.context)
    await page.goto(site.url)
    await page.get_by_role("radio", name="Fagperson").click()
    await page.get_by_role("radio", name="13–17 år").click()
    await tap(page, "Videre")
    await page.get_by_label("Med dine egne ord").fill(TEXT)
    await tap(page, "Gå til tjek og send")
    await tap(page, "Send underretning")
    await expect(page.get_by_role("heading", name="Vi har din underretning")).to_be_visible()
    assert len(taps.made) == 5, taps.made
    assert [body["text"] for body in await bodies(site)] == [TEXT]
    assert site.pages[0].errors == []


async def test_a_phone_shows_a_section_at_a_time_and_back_goes_one_back(site: Site) -> None:
    page = await site.page()
    await write(page)
    await expect(page.get_by_role("heading", name="Må jeg ringe hjem?")).to_be_hidden()
    await tap(page, "Videre")
    await expect(page.get_by_role("heading", name="Ved du noget om fare?")).to_be_focused()
    await expect(page.get_by_text("Trin 3 af 12.")).to_be_visible()
    assert await page.title() == "Beredskab: trin 3"
    await page.go_back()
    await expect(page.get_by_label("Med dine egne ord")).to_have_value(TEXT)
    await tap(page, "Tilbage")
    await expect(page.get_by_role("radio", name="13–17 år")).to_be_checked()
    await page.go_forward()
    await expect(page.get_by_label("Med dine egne ord")).to_have_value(TEXT)
    assert page.url == f"{site.url}/"


async def test_a_desk_shows_all_on_one_page(site: Site) -> None:
    page = await site.page(viewport=WIDE)
    for heading in ("Må jeg ringe hjem?", "Hvad har du set eller hørt?", "Hvordan må vi kontakte dig?"):
        await expect(page.get_by_role("heading", name=heading)).to_be_visible()
    await page.get_by_label("Med dine egne ord").fill(TEXT)
    await tap(page, "Gå til tjek og send")
    await page.get_by_role("button", name="Ret Hvad har du set eller hørt?").click()
    await expect(page.get_by_label("Med dine egne ord")).to_have_value(TEXT)


async def test_sentences_and_questions_follow_the_age(site: Site) -> None:
    page = await site.page(viewport=WIDE)
    afraid = page.get_by_role("group", name=re.compile("bange for at blive slået ihjel"))
    await page.get_by_role("radio", name="0–5 år").check()
    await expect(afraid).to_be_hidden()
    await expect(page.get_by_text("Hvem henter, og hvornår?")).to_be_visible()
    await page.get_by_role("radio", name="18 år eller over").check()
    await expect(afraid).to_have_accessible_name("Er personen bange for at blive slået ihjel?")
    await page.get_by_role("radio", name="Ventet barn").check()
    await expect(afraid).to_have_accessible_name("Er moren bange for at blive slået ihjel?")


async def test_what_is_asked_and_written_arrives(site: Site) -> None:
    page = await site.page(viewport=WIDE)
    await page.get_by_role("radio", name="6–12 år").check()
    travel = page.get_by_role("group", name="Er der planer om en rejse til udlandet?")
    await travel.get_by_role("radio", name="Ja").check()
    await page.get_by_label("Hvornår?", exact=True).first.fill("2026-04-01")
    await page.locator("#child_name").fill("Anna")
    for n, name in enumerate(("Bo", "Cille"), start=1):
        await tap(page, "Tilføj søskende")
        await page.get_by_label(f"Navn på søskende {n}").fill(name)
    await tap(page, "Gå til tjek og send")
    await expect(page.get_by_text("5 ikke besvaret. Tæller som »ved ikke«.")).to_have_count(1)
    await tap(page, "Send underretning")
    await expect(page.get_by_role("heading", name="Vi har din underretning")).to_be_visible()
    (body,) = await bodies(site)
    assert body["answers"] == [{"sign": "travel.planned", "answer": "said", "date": "2026-04-01"}]
    assert [child["name"] for child in body["children"]] == ["Anna", "Bo", "Cille"]


async def test_a_number_that_cannot_be_read_is_told_and_sent_all_the_same(site: Site) -> None:
    page = await site.page(viewport=WIDE)
    told = page.get_by_text("Vi kan ikke læse CPR-nummeret. Vi sender det, som du skrev det.").locator("visible=true")
    number = page.locator("#child_cpr")
    await number.fill("610112-9999")
    await number.blur()
    await expect(told).to_have_count(0)
    await number.fill("0101")
    await number.blur()
    await expect(told).to_have_count(1)
    await tap(page, "Gå til tjek og send")
    await expect(told).to_have_count(1)
    await tap(page, "Send underretning")
    await expect(page.get_by_role("heading", name="Vi har din underretning")).to_be_visible()
    assert [body["children"][0]["cpr"] for body in await bodies(site)] == ["0101"]


async def test_two_tabs_are_two_reports_and_keep_apart(site: Site) -> None:
    one = await site.page()
    two = await one.context.new_page()
    await two.goto(site.url)
    for page, text in ((one, "Den ene."), (two, "Den anden.")):
        await to_check(page, text)
        await kept_once(page)
    for page in (one, two):
        await tap(page, "Send underretning")
        await expect(page.get_by_role("heading", name="Vi har din underretning")).to_be_visible()
    assert {body["text"] for body in await bodies(site)} == {"Den ene.", "Den anden."}


async def test_without_connection_the_text_stays_and_goes_when_it_is_back(site: Site) -> None:
    page = await site.page()
    await to_check(page)
    await page.context.set_offline(True)
    await tap(page, "Send underretning")
    await expect(page.get_by_role("alert")).to_contain_text("Ingen forbindelse. Din tekst er her stadig")
    await expect(page.locator("dd", has_text="Jeg skal forloves på lørdag")).to_be_visible()
    await page.context.set_offline(False)
    await expect(page.get_by_role("heading", name="Vi har din underretning")).to_be_visible()
    assert len(await site.reports()) == 1


async def test_a_server_that_is_away_for_a_while_gets_the_report_once(site: Site) -> None:
    page = await site.page()
    await to_check(page)
    await site.close()
    await tap(page, "Send underretning")
    await expect(page.get_by_role("alert")).to_contain_text("vi prøver igen")
    await site.open()
    await tap(page, "Prøv nu")
    await expect(page.get_by_role("heading", name="Vi har din underretning")).to_be_visible()
    assert len(await site.reports()) == 1


async def test_a_database_that_is_away_is_told_with_the_phone_number(site: Site) -> None:
    page = await site.page()
    await to_check(page)
    await page.route("**/send", lambda route: route.fulfill(status=503, json={}))
    await tap(page, "Send underretning")
    await expect(page.get_by_role("alert")).to_contain_text("Den er ikke sendt endnu. Haster det, så ring 70 20 00 00.")
    await page.unroute("**/send")
    await tap(page, "Prøv nu")
    await expect(page.get_by_role("heading", name="Vi har din underretning")).to_be_visible()


async def test_a_restart_and_a_night_in_the_middle_of_writing_lose_nothing(site: Site) -> None:
    page = await site.page()
    await write(page, "Den ene halvdel.")
    await kept_once(page)
    await site.close()
    await page.get_by_label("Med dine egne ord").press_sequentially(" Den anden.")
    site.ground.clock.pass_by(hours=13)
    await site.open()
    await tap(page, "Gå til tjek og send")
    await tap(page, "Send underretning")
    await expect(page.get_by_role("heading", name="Vi har din underretning")).to_be_visible()
    assert [body["text"] for body in await bodies(site)] == ["Den ene halvdel. Den anden."]


async def test_an_answer_lost_on_its_way_makes_no_second_report(site: Site) -> None:
    page = await site.page()
    await to_check(page)

    async def lose(route: Route) -> None:
        await route.fetch()
        await route.abort()

    await page.route("**/send", lose, times=1)
    await tap(page, "Send underretning")
    await expect(page.get_by_role("heading", name="Vi har din underretning")).to_be_visible()
    assert len(await site.reports()) == 1


async def test_two_taps_on_send_are_one_report(site: Site) -> None:
    page = await site.page()
    await to_check(page)
    await page.get_by_role("button", name="Send underretning").dblclick()
    await expect(page.get_by_role("heading", name="Vi har din underretning")).to_be_visible()
    assert len(await site.reports()) == 1


async def test_a_reload_and_a_way_round_lose_nothing_and_nothing_lies_open(site: Site) -> None:
    page = await site.page()
    await write(page, PLANTED)
    await kept_once(page)
    assert PLANTED not in await kept(page)
    await page.reload()
    await expect(page.get_by_label("Med dine egne ord")).to_have_value(PLANTED)
    await page.goto(f"{site.url}/receipt")
    await page.go_back()
    await expect(page.get_by_label("Med dine egne ord")).to_have_value(PLANTED)
    await tap(page, "English")
    await expect(page.get_by_label("In your own words")).to_have_value(PLANTED)
    await expect(page.get_by_label("In your own words")).to_be_visible()
    assert page.url == f"{site.url}/?lang=en"
    await tap(page, "Back")
    await expect(page.get_by_role("heading", name="May I ring home?")).to_be_visible()


async def test_what_was_sent_is_forgotten(site: Site) -> None:
    page = await site.page()
    await to_check(page, PLANTED)
    await kept_once(page)
    await tap(page, "Send underretning")
    await expect(page.get_by_role("heading", name="Vi har din underretning")).to_be_visible()
    assert await page.evaluate("Object.keys(sessionStorage)") == ["receipt"]
    await page.go_back()
    await expect(page.get_by_role("heading", name="Må jeg ringe hjem?")).to_be_visible()
    await expect(page.get_by_text("Du har sendt en underretning fra denne fane.")).to_be_visible()
    assert PLANTED not in await page.content()
    assert await page.get_by_label("Med dine egne ord").input_value() == ""


async def test_no_address_title_store_or_history_holds_a_word(site: Site) -> None:
    page = await site.page()
    await write(page, PLANTED)
    for _ in range(7):
        await tap(page, "Videre")
    await page.locator("#child_name").fill(PLANTED)
    await kept_once(page)
    seen = [await kept(page)]
    await tap(page, "Gå til tjek og send")
    seen.append(await kept(page))
    await tap(page, "Send underretning")
    await expect(page.get_by_role("heading", name="Vi har din underretning")).to_be_visible()
    seen.append(await kept(page))
    assert not [told for told in seen + site.pages[0].addresses if PLANTED in told]
    code = (await page.locator("#code").inner_text()).replace(" ", "")
    assert not [told for told in seen + site.pages[0].addresses if code in told]


@pytest.mark.parametrize("way", ["written", "checked", "sent"])
async def test_the_disk_of_a_device_holds_no_word_however_far_it_came(site: Site, tmp_path: Path, way: str) -> None:
    async with open_profile(tmp_path / "profile", viewport=NARROW) as context:
        page = await context.new_page()
        await page.goto(site.url)
        await write(page, PLANTED)
        await kept_once(page)
        if way != "written":
            await tap(page, "Gå til tjek og send")
        if way == "sent":
            await tap(page, "Send underretning")
            await expect(page.get_by_role("heading", name="Vi har din underretning")).to_be_visible()
        await page.goto(f"{site.url}/paper")
    assert found_below(tmp_path / "profile", [PLANTED]) == []


@pytest.mark.parametrize("way", ["link", "keys"])
async def test_leaving_blanks_forgets_and_leads_away(site: Site, way: str) -> None:
    page = await site.page()
    await write(page, PLANTED)
    await kept_once(page)
    if way == "link":
        await page.locator("#exit").click()
    else:
        for _ in range(3):
            await page.keyboard.press("Shift")
    await page.wait_for_url("**/paper")
    assert await page.evaluate("sessionStorage.length") == 0
    await page.go_back()
    assert PLANTED not in await page.content()


async def test_capital_letters_do_not_leave_the_page(site: Site) -> None:
    page = await site.page()
    await write(page, "")
    await page.get_by_label("Med dine egne ord").press_sequentially("ABC")
    for key in ("Shift", "A", "Shift", "B", "Shift"):
        await page.keyboard.press(key)
    await expect(page.get_by_label("Med dine egne ord")).to_have_value("ABCAB")


async def test_the_keyboard_alone_is_enough(site: Site) -> None:
    page = await site.page()
    first = []
    for _ in range(3):
        await page.keyboard.press("Tab")
        first.append(await page.evaluate("document.activeElement.textContent.trim()"))
    assert first == ["Forlad siden", "English", "Gå til indholdet"]

    async def reach(selector: str) -> None:
        for _ in range(60):
            await page.keyboard.press("Tab")
            if await page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
                return
        pytest.fail(f"{selector} cannot be reached")

    await reach("[name=kind]")
    await page.keyboard.press("Space")
    await reach("[name=age]")
    await page.keyboard.press("Space")
    await reach("[data-go=on]")
    await page.keyboard.press("Enter")
    await reach("#text")
    await page.keyboard.type("Hun sagde noget.")
    await reach("#step-2 [type=submit]")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Tjek, før du sender")).to_be_focused()
    await reach("#send")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Vi har din underretning")).to_be_visible()
    assert [body["text"] for body in await bodies(site)] == ["Hun sagde noget."]


async def test_without_javascript_one_page_a_check_page_and_the_receipt(site: Site) -> None:
    page = await site.page(java_script_enabled=False)
    await page.get_by_role("radio", name="13–17 år").check()
    await page.get_by_label("Med dine egne ord").fill(TEXT)
    await page.locator("#reporter_name").fill("Tove")
    await page.locator("#reporter_name").press("Enter")
    await expect(page.get_by_role("heading", name="Tjek, før du sender")).to_be_visible()
    await page.get_by_role("button", name="Ret Hvad har du set eller hørt?").click()
    await expect(page.get_by_label("Med dine egne ord")).to_have_value(TEXT)
    await tap(page, "Gå til tjek og send")
    await page.get_by_role("button", name="Send underretning").dblclick()
    await expect(page.get_by_role("heading", name="Vi har din underretning")).to_be_visible()
    await page.reload()
    assert [body["text"] for body in await bodies(site)] == [TEXT]


SEEN = """() => {
  const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  let words = 0;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    const of = node.parentElement;
    const shown = box.height && of.checkVisibility({ visibilityProperty: true }) && !of.closest(".sr-only");
    if (shown && box.top < innerHeight && box.bottom > 0) words += node.data.split(/\\s+/).filter(Boolean).length;
  }
  return words;
}"""
WORDS_A_MINUTE, SECONDS_A_TAP = 200, 4


async def test_a_teacher_gets_from_the_link_to_the_receipt_within_90_seconds(site: Site) -> None:
    page, words = await site.page(has_touch=True), 0
    words += await page.evaluate(SEEN)
    await page.locator("#kind-work").tap()
    await page.locator("#age-13-17").tap()
    await page.get_by_role("button", name="Videre").tap()
    words += await page.evaluate(SEEN)
    await page.get_by_label("Med dine egne ord").fill(TEXT)
    await page.get_by_role("button", name="Gå til tjek og send").tap()
    words += await page.evaluate(SEEN)
    await page.get_by_role("button", name="Send underretning").tap()
    await expect(page.get_by_role("heading", name="Hvad gør jeg på mandag?")).to_be_visible()
    assert 5 * SECONDS_A_TAP + words * 60 / WORDS_A_MINUTE <= 90


async def test_enter_is_continue(site: Site) -> None:
    page = await site.page()
    await page.locator("#kind-work").press("Enter")
    await expect(page.get_by_role("heading", name="Hvad har du set eller hørt?")).to_be_focused()


async def test_a_yes_to_a_red_line_is_answered_at_once(site: Site) -> None:
    for scripts in (True, False):
        page = await site.page(viewport=WIDE, java_script_enabled=scripts)
        told = page.get_by_text("Er det nu, så ring 112.").locator("visible=true")
        await page.locator("[id='violence.now-said']").check()
        await expect(told).to_have_count(1)
        await page.locator("[id='violence.now-denied']").check()
        await expect(told).to_have_count(0)


async def test_who_reports_on_themselves_is_spoken_to(site: Site) -> None:
    page = await site.page(java_script_enabled=False)
    await page.locator("#kind-self").check()
    await expect(page.get_by_role("heading", name="Vi ringer ikke hjem.")).to_be_visible()
    await expect(page.locator("main").get_by_role("link", name="116 111").first).to_be_visible()
    await expect(page.get_by_text("Nej, ikke endnu.")).to_be_hidden()
    await expect(page.get_by_role("group", name="Bliver du udsat for vold i denne tid?")).to_be_visible()
    await tap(page, "Gå til tjek og send")
    await expect(page.get_by_text("Ring ikke hjem")).to_have_count(0)
    await tap(page, "Send underretning")
    await expect(page.get_by_role("heading", name="Hvad gør jeg nu?")).to_be_visible()


async def test_an_empty_report_is_warned_of_and_sent(site: Site) -> None:
    for scripts in (True, False):
        page = await site.page(viewport=WIDE, java_script_enabled=scripts)
        await page.locator("#kind-work").check()
        await page.locator(".whole [type=submit]").click()
        await expect(page.get_by_text("Der står ikke noget endnu.")).to_be_visible()
        await tap(page, "Send underretning")
        await expect(page.get_by_role("heading", name="Vi har din underretning")).to_be_visible()
    assert len(await site.reports()) == 2


async def test_a_sibling_can_be_removed(site: Site) -> None:
    for scripts in (True, False):
        page = await site.page(viewport=WIDE, java_script_enabled=scripts)
        for n, name in enumerate(("Bo", "Cille"), start=1):
            await tap(page, "Tilføj søskende")
            await page.locator(f"#sibling_name_{n}").fill(name)
        await tap(page, "Fjern søskende 1")
        await expect(page.locator("#sibling_name_1")).to_have_value("Cille")
        await expect(page.locator("#sibling_name_2")).to_have_count(0)


@pytest.mark.parametrize("scripts", [True, False])
async def test_back_and_reload_never_lose_the_receipt(site: Site, scripts: bool) -> None:
    page = await site.page(java_script_enabled=scripts)
    await page.locator("#text" if not scripts else "#kind-work").press("Tab")
    await page.get_by_role("button", name="Gå til tjek og send").locator("visible=true").first.click()
    await tap(page, "Send underretning")
    heading = page.get_by_role("heading", name="Vi har din underretning")
    await expect(heading).to_be_visible()
    await page.reload()
    await expect(heading).to_be_visible()
    await page.goto(f"{site.url}/paper")
    await page.go_back()
    await expect(heading).to_be_visible()


async def test_send_and_back_stand_where_continue_and_back_stood(site: Site) -> None:
    page = await site.page()
    await tap(page, "Videre")
    left = [await page.get_by_role("button", name=name, exact=True).bounding_box() for name in ("Tilbage", "Videre")]
    await tap(page, "Gå til tjek og send")
    names = ("Tilbage", "Send underretning")
    right = [await page.get_by_role("button", name=name, exact=True).bounding_box() for name in names]
    assert all(left)
    assert all(right)
    assert [[a["x"] < b["x"], a["y"] == b["y"]] for a, b in (left, right) if a and b] == [[True, True]] * 2
