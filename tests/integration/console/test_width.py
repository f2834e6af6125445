"""No screen of the console is wider than a phone of 360 px, whatever words people have written."""

import pytest

from shared.events.codes import Level
from tests.integration.console.conftest import BO, CONSOLE, DITTE, ERIK, FRIDA, House, answered_by
from tests.integration.console.test_accessibility import FORMS
from tests.support.browser import NARROW, beyond_the_edge, open_browser

LONG = "Speciallægepraksisplanlægningsstabiliseringsperiodeundersøgelse" * 3
BODY = {
    "text": f"Hun sagde: {LONG}",
    "children": [{"name": LONG, "cpr": "010112-9999"}, {"name": LONG, "relation": "sibling"}],
    "reporter": {"name": LONG, "institution": LONG, "phone": "7" * 90, "email": f"{LONG}@example.dk"},
    "conflict": {"declared": True, "about": LONG},
    LONG: LONG,
}
pytestmark = pytest.mark.timeout(240)


async def test_no_screen_is_wider_than_a_phone_whatever_people_write(house: House) -> None:
    event = await house.report(Level.HIGH, **BODY)
    new = await house.report(Level.HIGH, **BODY)
    case = f"/cases/{event.case_id}"
    browser = await house.browser(DITTE, "consultant", "authority", "leader")
    await browser.press(await browser.into(event.case_id), "/acknowledge")
    answers = {"exact_words": LONG, "level": "low"}
    await browser.press(await browser.open(f"{case}/assessment"), "/assessment", **answers)
    said = {"acute": "true", "started": "true", "reason": LONG}
    await browser.press(await browser.open(f"{case}/judgement"), "/judgement", **said)
    lift = {"recipient": "mother", "action": "lift", "until": "2026-03-12T16:00", "reason": LONG}
    last = await browser.press(await browser.open(f"{case}/hold"), "/hold", **lift)
    await browser.press(last, "/hold", sure="yes")
    await browser.press(await browser.open(f"{case}/handover"), "/handover", to=str(BO), note=LONG)
    await browser.press(await browser.open(f"{case}/close"), "/close", outcome="advised", reason=LONG)
    for what, name in (("lower", "reason"), ("phone", "text"), ("hold", "reason")):
        await browser.client.post(f"{case}/drafts/{what}", data={name: LONG})
    assessed = (await browser.open(case)).text.partition(f"{case}/assessments/")[2].partition('"')[0]
    paths = [case, f"{case}/assessment", f"{case}/assessments/{assessed}", *(f"{case}/{form}" for form in FORMS)]
    paths += [f"/cases/{new.case_id}", "/work", "/search", "/rota", "/ladders", "/people", "/people/new", "/reach"]
    paths += ["/me", "/cases/none", "/supervision"]
    found = {}
    async with open_browser() as chromium:
        for who, seen in (
            (browser, paths),
            (await house.browser(ERIK), ["/supervision"]),
            (await house.browser(FRIDA), ["/operations"]),
        ):
            page = await chromium.new_page(viewport=NARROW)
            await page.route("**/*", answered_by(who))
            for path in seen:
                await page.goto(f"{CONSOLE}{path}")
                found[path] = await beyond_the_edge(page)
        page = await chromium.new_page(viewport=NARROW)
        await page.route("**/*", answered_by(browser))
        await page.goto(f"{CONSOLE}{case}/hold")
        for name, value in lift.items():
            if name in ("until", "reason"):
                await page.locator(f"#{name}").fill(value)
        await page.locator("#who-father").check()
        await page.locator("#lift").check()
        await page.get_by_role("button", name="Videre til sidste trin").click()
        await page.get_by_text("Intet er gemt endnu.").wait_for()
        found["last"] = await beyond_the_edge(page)
        await page.goto(f"{CONSOLE}{case}")
        await page.get_by_role("button", name="Print", exact=True).click()
        await page.get_by_text("Makulér efter brug").first.wait_for()
        found["print"] = await beyond_the_edge(page)
    assert {path: wide for path, wide in found.items() if wide} == {}
