"""What a reporter must be able to rely on: on a phone of 360 px, by touch or keyboard, with JavaScript and without."""

import pytest
from playwright.async_api import Page, expect

from shared.signs import QUESTIONS, SIGNS
from tests.e2e.conftest import ONE_LOOP, Site
from tests.e2e.test_form import TEXT, bodies
from tests.e2e.test_receipt import receipt
from tests.support.browser import NARROW

pytestmark = [ONE_LOOP, pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])]


async def phone(site: Site, path: str = "/", *, scripts: bool) -> Page:
    return await site.page(path, java_script_enabled=scripts, has_touch=True, viewport=NARROW)


async def touch(page: Page, name: str) -> None:
    """Touch the button of this name that is shown."""
    await page.get_by_role("button", name=name, exact=True).locator("visible=true").first.tap()


async def on(page: Page, sections: int, *, scripts: bool) -> None:
    """So many sections on; without scripts they are all on the page."""
    for _ in range(sections if scripts else 0):
        await touch(page, "Videre")


@pytest.mark.parametrize(
    ("kind", "told", "not_told"),
    [
        ("work", ["Forældrene kan få lov at læse det", "Offentligt ansatte kan ikke være anonyme."], ["Er du privat"]),
        (
            "family",
            ["Forældrene kan få lov at læse det", "Er du privat, må du udelade dit navn."],
            ["Offentligt ansatte"],
        ),
        (
            "other",
            ["Forældrene kan få lov at læse det", "Er du privat, må du udelade dit navn."],
            ["Offentligt ansatte"],
        ),
        ("self", ["Dine forældre kan bede om at læse det."], ["Forældrene kan", "Offentligt ansatte"]),
    ],
)
async def test_before_send_it_says_who_is_responsible_and_who_may_read_it(
    site: Site, scripts: bool, kind: str, told: list[str], not_told: list[str]
) -> None:
    page = await phone(site, scripts=scripts)
    await page.locator(f"#kind-{kind}").tap()
    await on(page, 1, scripts=scripts)
    await touch(page, "Gå til tjek og send")
    rights = page.get_by_role("region", name="Dine oplysninger")
    for words in ["Kommunen har ansvaret for det, du sender.", *told]:
        await expect(rights.get_by_text(words)).to_be_visible()
    for words in not_told:
        await expect(rights.get_by_text(words).locator("visible=true")).to_have_count(0)
    await rights.locator("summary").press("Enter")
    await expect(rights.get_by_text("Hvem har ansvaret?")).to_be_visible()
    await expect(rights.get_by_text("Datatilsynet")).to_be_visible()


async def test_a_proven_reporter_takes_a_copy_of_all_they_sent_for_their_own_file(site: Site, scripts: bool) -> None:
    page = await receipt(site, java_script_enabled=scripts, has_touch=True)
    await page.get_by_label("Skriv, hvad du har set eller hørt siden").fill("Mere siden.")
    await touch(page, "Send tilføjelse")
    await expect(page.get_by_text("Den får sin egen frist.")).to_be_visible()
    async with page.expect_popup() as opened:
        await touch(page, "Kopi til jeres sag")
    copy = await opened.value
    await expect(copy.get_by_role("heading", name="Kopi af det, du sendte")).to_be_visible()
    for words in (TEXT, "Mere siden.", "13–17 år", "Læg kopien i jeres egen sag."):
        await expect(copy.get_by_text(words)).to_be_visible()
    assert await copy.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


async def test_nobody_else_is_offered_a_copy_or_gets_one(site: Site, scripts: bool) -> None:
    page = await phone(site, "/receipt", scripts=scripts)
    told = await page.request.post(f"{site.url}/send", form={"kind": "work", "text": TEXT})
    words = await told.json()
    await page.get_by_label("Reference").fill(words["reference"])
    await page.get_by_label("Kode").fill(words["code"])
    await touch(page, "Vis kvittering")
    await expect(page.get_by_role("heading", name="Vi har din underretning")).to_be_visible()
    await expect(page.get_by_role("button", name="Kopi til jeres sag")).to_have_count(0)
    own = {"reference": words["reference"], "code": words["code"]}
    answer = await page.request.post(f"{site.url}/receipt/copy", form=own, headers={"Accept": "text/html"})
    assert answer.status == 404
    assert TEXT not in await answer.text()


async def test_a_wrong_reference_or_code_keeps_what_was_typed(site: Site, scripts: bool) -> None:
    page = await phone(site, "/receipt", scripts=scripts)
    await page.get_by_label("Reference").fill("k7mx 4pqr")
    await page.get_by_label("Kode").fill("0000 00")
    await page.get_by_label("Kode").press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("Reference og kode passer ikke sammen.")
    await expect(page.get_by_label("Reference")).to_have_value("k7mx 4pqr")
    await expect(page.get_by_label("Kode")).to_have_value("0000 00")


async def test_a_sibling_is_added_and_removed_by_touch(site: Site, scripts: bool) -> None:
    page = await phone(site, scripts=scripts)
    await on(page, 8, scripts=scripts)
    for n, name in enumerate(("Bo", "Cille", "Dan"), start=1):
        await touch(page, "Tilføj søskende")
        await page.locator(f"#sibling_name_{n}").fill(name)
    await touch(page, "Fjern søskende 2")
    await expect(page.locator("#sibling_name_2")).to_have_value("Dan")
    await expect(page.locator("#sibling_name_3")).to_have_count(0)
    await touch(page, "Gå til tjek og send")
    await touch(page, "Send underretning")
    await expect(page.get_by_role("heading", name="Vi har din underretning")).to_be_visible()
    (body,) = await bodies(site)
    assert [child["name"] for child in body["children"] if "name" in child] == ["Bo", "Dan"]


async def test_an_addition_is_confirmed_where_the_eye_falls(site: Site, scripts: bool) -> None:
    page = await receipt(site, java_script_enabled=scripts, has_touch=True)
    await page.get_by_label("Skriv, hvad du har set eller hørt siden").fill(TEXT)
    await touch(page, "Send tilføjelse")
    confirmed = page.get_by_text("Din tilføjelse er modtaget")
    await expect(confirmed).to_be_in_viewport(ratio=1)
    if scripts:
        await expect(confirmed).to_be_focused()
    await page.reload()
    await expect(page.get_by_role("heading", name="Vi har din underretning")).to_be_visible()
    await expect(page.get_by_text("Din tilføjelse er modtaget")).to_be_visible()


async def test_back_from_the_copy_of_an_addition_leads_to_the_receipt(site: Site, scripts: bool) -> None:
    page = await receipt(site, java_script_enabled=scripts, has_touch=True)
    await page.get_by_label("Skriv, hvad du har set eller hørt siden").fill(TEXT)
    await touch(page, "Send tilføjelse")
    await expect(page.get_by_text("Den får sin egen frist.")).to_be_visible()
    await page.get_by_role("link", name="Dine oplysninger").tap()
    await expect(page.get_by_role("heading", name="Dine oplysninger")).to_be_visible()
    await page.go_back()
    await expect(page.get_by_role("heading", name="Vi har din underretning")).to_be_visible()
    assert len(await site.reports()) == 2


async def test_enter_goes_on_from_any_field_and_never_sends(site: Site, scripts: bool) -> None:
    page = await phone(site, scripts=scripts)
    await on(page, 8, scripts=scripts)
    await page.locator("#child_name").fill("Anna")
    await page.locator("#child_name").press("Enter")
    heading = "Hvordan må vi kontakte dig?" if scripts else "Tjek, før du sender"
    await expect(page.get_by_role("heading", name=heading)).to_be_visible()
    assert await site.reports() == []


async def test_an_empty_report_is_warned_of_on_a_phone_and_sent(site: Site, scripts: bool) -> None:
    page = await phone(site, scripts=scripts)
    await page.locator("#kind-work").tap()
    await on(page, 1, scripts=scripts)
    await touch(page, "Gå til tjek og send")
    await expect(page.get_by_text("Der står ikke noget endnu.")).to_be_in_viewport(ratio=1)
    await touch(page, "Send underretning")
    await expect(page.get_by_role("heading", name="Vi har din underretning")).to_be_visible()
    assert len(await site.reports()) == 1


async def test_a_yes_to_any_red_line_is_answered_at_once(site: Site, scripts: bool) -> None:
    page = await phone(site, scripts=scripts)
    asked = []
    for section in dict.fromkeys(question.section for question in QUESTIONS):
        await on(page, 1 if asked else 2, scripts=scripts)
        for question in (each for each in QUESTIONS if each.section == section):
            sign = question.sign
            group = page.locator("fieldset.sign", has=page.locator(f"[id='{sign}-said']"))
            call = "112" if SIGNS[sign].tier in ("acute", "high") else "70 20 00 00"
            answer = group.get_by_role("status").get_by_role("link", name=call)
            await expect(answer).to_be_hidden()
            await page.locator(f"[id='{sign}-said']").tap()
            await expect(answer).to_be_visible()
            await page.locator(f"[id='{sign}-denied']").tap()
            await expect(answer).to_be_hidden()
            asked.append(sign)
    assert asked == [question.sign for question in QUESTIONS]
