"""The week of the rota: a table with headers, gaps in words, a week back and forth; on a phone it reads as a list."""

import re

from playwright.async_api import Page

from shared.ids import PersonId
from tests.integration.console.conftest import AASE, BO, CONSOLE, DITTE, Browser, House, answered_by
from tests.support.browser import NARROW, WIDE, open_browser

ROTA = """{"weekly": [{"person": "%s", "days": [1, 2, 3, 4, 5], "starts": "08:00", "ends": "16:00",
                       "first": "2026-03-02", "last": null, "every": 1}],
           "shifts": [{"person": "%s", "span": {"starts_at": "2026-03-12T12:00:00Z",
                                                "ends_at": "2026-03-12T23:00:00Z"}}],
           "swaps": [], "absences": []}"""


async def planned(house: House, *, bo_serves: str = "{*}") -> Browser:
    """Aase weekdays from 8 to 16, Bo on Thursday the 12th from 13 to midnight; a leader who looks at it."""
    async with house.escalation.pool.acquire() as conn:
        await conn.execute(
            "INSERT INTO rotas (version, body, by, at) VALUES (2, $1, $2, now())", ROTA % (AASE, BO), PersonId(DITTE)
        )
        await conn.execute("UPDATE people SET units = '{*}' WHERE person_id = $1", AASE)
        await conn.execute("UPDATE people SET units = $2 WHERE person_id = $1", BO, bo_serves.strip("{}").split(","))
    return await house.browser(DITTE)


def rows(screen: str) -> dict[str, list[list[str]]]:
    """What each day's row says: by its header, the lines of each cell."""
    table = screen.partition('<table class="week"')[2].partition("</table>")[0]
    found = {}
    for row in re.findall(r'<tr role="row"><th role="rowheader" scope="row">(.*?)</tr>', table, re.S):
        head, _, cells = row.partition("</th>")
        texts = [re.findall(r"<li[^>]*>(.*?)</li>", cell, re.S) for cell in cells.split("</td>")[:-1]]
        found[re.sub(r"<[^>]*>", "", head)] = texts
    return found


async def test_each_day_says_who_is_on_call_when_and_its_gaps_in_words(house: House) -> None:
    week = rows((await (await planned(house)).open("/rota")).text)
    assert list(week) == [
        "mandag 9. marts",
        "tirsdag 10. marts i dag",
        "onsdag 11. marts",
        "torsdag 12. marts",
        "fredag 13. marts",
        "lørdag 14. marts",
        "søndag 15. marts",
    ]
    assert week["torsdag 12. marts"] == [
        [
            "Hul kl. 0–8: Døgnvagten dækker.",
            "Kl. 8–13: Aase Eksempel",
            "Kl. 13–16: Aase Eksempel, Bo Eksempel",
            "Kl. 16–24: Bo Eksempel",
        ]
    ]
    assert week["lørdag 14. marts"] == [["Hul hele døgnet: Døgnvagten dækker."]]


async def test_units_that_others_serve_have_a_column_of_their_own(house: House) -> None:
    screen = (await (await planned(house, bo_serves="{noerrebro}")).open("/rota")).text
    heads = re.findall(r'<th role="columnheader" scope="col">(.*?)</th>', screen)
    assert heads == ["Dag", "Alle andre enheder", "Nørrebro"]
    others, noerrebro = rows(screen)["torsdag 12. marts"]
    assert others[-1] == "Hul kl. 16–24: Døgnvagten dækker."
    assert noerrebro[-1] == "Kl. 16–24: Bo Eksempel"


async def test_who_is_not_active_any_more_covers_nothing(house: House) -> None:
    ditte = await planned(house)
    await house.escalation.pool.execute("UPDATE people SET active = false WHERE person_id = $1", AASE)
    week = rows((await ditte.open("/rota")).text)
    assert week["fredag 13. marts"] == [["Hul hele døgnet: Døgnvagten dækker."]]
    assert week["torsdag 12. marts"][0][1] == "Kl. 13–24: Bo Eksempel"


async def test_a_week_leads_to_the_next_and_back(house: House) -> None:
    ditte = await planned(house)
    screen = await ditte.open("/rota?lang=en")
    assert "Week 11" in screen.text
    [after] = re.findall(r'href="([^"]*)">Next week', screen.text)
    screen = await ditte.open(after.replace("&amp;", "&"))
    assert next(iter(rows(screen.text))) == "Monday 16 March"
    assert "Gap day and night: the duty desk covers." in screen.text
    [before] = re.findall(r'href="([^"]*)">Previous week', screen.text)
    assert "Tuesday 10 March today" in rows((await ditte.open(before.replace("&amp;", "&"))).text)


async def test_another_week_is_that_week_in_the_other_language(house: House) -> None:
    ditte = await planned(house)
    for week in ("/rota?week=2026-W12", "/rota?week=2026-W12&lang=en"):
        [other] = re.findall(r'class="tool" href="([^"]*)"[^>]*hreflang', (await ditte.open(week)).text)
        switched = (await ditte.open(other.replace("&amp;", "&"))).text
        assert ("Uge 12" if "lang" in week else "Week 12") in switched


async def test_a_week_that_is_none_is_this_one(house: House) -> None:
    ditte = await planned(house)
    for week in ("hest", "2026-W60", "9999-W52", "2026-03-10", "%00"):
        assert "Uge 11" in (await ditte.open(f"/rota?week={week}")).text


async def test_on_a_phone_it_is_a_list_that_still_is_a_table_to_a_screen_reader(house: House) -> None:
    ditte = await planned(house, bo_serves="{noerrebro}")

    async with open_browser() as chromium:
        for viewport, list_like in ((NARROW, True), (WIDE, False)):
            page: Page = await chromium.new_page(viewport=viewport)
            await page.route("**/*", answered_by(ditte))
            await page.goto(f"{CONSOLE}/rota")
            table = page.get_by_role("table", name="Uge 11")
            cells = (
                table.get_by_role("row").filter(has=page.get_by_role("rowheader", name="torsdag")).get_by_role("cell")
            )
            first, second = [await cells.nth(n).bounding_box() for n in range(2)]
            assert first is not None
            assert second is not None
            assert (first["y"] < second["y"]) is list_like
            assert await cells.nth(1).locator(".unit").is_visible() is list_like
            assert await table.get_by_role("columnheader").count() == 3
            assert await page.evaluate("document.documentElement.scrollWidth") == viewport["width"]


async def test_the_rota_says_which_year_wherever_it_may_be_another(house: House) -> None:
    browser = await house.browser(DITTE)
    this = (await browser.open("/rota")).text
    assert "mandag 9. marts – søndag 15. marts 2026" in this
    assert re.search(r"torsdag 1\. januar kl\. 00\.00 – \w+ 1\. januar 20\d\d kl\. 00\.00", this)
    between = (await browser.open("/rota?week=2026-W53")).text
    assert "mandag 28. december 2026 – søndag 3. januar 2027" in between
    english = (await browser.open("/rota?week=2026-W53&lang=en")).text
    assert "Monday 28 December 2026 – Sunday 3 January 2027" in english


async def test_a_weekly_shift_says_from_which_day_of_which_year(house: House) -> None:
    browser = await house.browser(DITTE)
    version = re.findall(r'name="version" value="(\d+)"', (await browser.open("/rota")).text)[0]
    fields = {"kind": "weekly", "person": str(AASE), "day.1": "yes", "from": "08:00", "to": "16:00"}
    after = await browser.client.post("/rota", data={"version": version, **fields, "first": "2027-01-04"})
    assert "Gemt." in after.text
    assert "Fra 4. januar 2027" in after.text
