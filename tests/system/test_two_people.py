"""A teacher on a phone and a consultant woken by a mail, in two real browsers over the whole system."""

import os
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import UUID

import pytest
from playwright.async_api import Browser, Page, expect

from services.escalation.domain.search import code_of
from tests.e2e.test_form import SECONDS_A_TAP, SEEN, WORDS_A_MINUTE
from tests.support.browser import NARROW, WIDE, Taps, beyond_the_edge, open_browser
from tests.support.system import System, until
from tests.system.conftest import OwnStack

pytestmark = pytest.mark.timeout(600)
SCREENS = Path(__file__).parents[2] / "docs" / "screens"
SOON = 15_000
TEXT = (
    'Hun sagde i dag: "Far har taget mit pas, og jeg skal giftes i ferien." Hun beder os om ikke at ringe hjem. '
    "Hun går hjem kl. 14."
)


async def shot(page: Page, name: str) -> None:
    """Keep a picture for the README, where that is asked for."""
    if os.environ.get("BEREDSKAB_SCREENS"):
        SCREENS.mkdir(exist_ok=True)
        await page.screenshot(path=SCREENS / f"{name}.png")


async def shots(page: Page, name: str) -> None:
    """Keep pictures of the page on a phone and on a desk."""
    assert await beyond_the_edge(page) == []
    for viewport, of in ((WIDE, name), (NARROW, f"{name}-phone")):
        await page.set_viewport_size(viewport)  # type: ignore[arg-type]
        await shot(page, of)


class Walk:
    """What a person reads and waits for on the way, screen by screen."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.words: list[int] = []
        self.waits: list[float] = []

    async def on(self, act: Callable[[], Awaitable[None]], heading: str) -> None:
        """Read what is in sight, act, and wait for the next screen."""
        self.words.append(await self.page.evaluate(SEEN))
        before = perf_counter()
        await act()
        await expect(self.page.get_by_text(heading).first).to_be_visible()
        self.waits.append(perf_counter() - before)

    @property
    def seconds(self) -> float:
        """An estimate as for the teacher: from what the browser shows, without what the system takes."""
        return len(self.words) * SECONDS_A_TAP + sum(self.words) * 60 / WORDS_A_MINUTE


async def tap(page: Page, name: str) -> None:
    await page.get_by_role("button", name=name, exact=True).click()


async def opened(browser: Browser, url: str, *, scripts: bool = True, taps: Taps | None = None, **options: Any) -> Page:
    context = await browser.new_context(
        **{"viewport": NARROW, "locale": "da-DK", "java_script_enabled": scripts, **options}
    )
    context.set_default_timeout(SOON)
    if taps is not None:
        await taps.count_in(context)
    page = await context.new_page()
    await page.goto(url)
    return page


async def report(page: Page) -> None:
    """The teacher's way: a text, who it is about, and that it is their work, so that they may follow it (§ 138)."""
    await shot(page, "1-form")
    await page.get_by_role("radio", name="Fagperson").check()
    await page.get_by_role("radio", name="13–17 år").check()
    await tap(page, "Videre")
    await page.get_by_label("Med dine egne ord").fill(TEXT)
    await shot(page, "2-text")
    own_name = page.locator("#reporter_name")
    child = page.locator("#child_name")
    while not await own_name.is_visible():
        await tap(page, "Videre")
        if await child.is_visible():
            await child.fill("Sara Eksempel")
    await own_name.fill("Lone Eksempel")
    await page.get_by_label("Stilling og arbejdssted").fill("Lærer, Eksempelskolen")
    await page.get_by_label("Telefon, som kun du svarer på").fill("70 12 34 56")
    await tap(page, "Gå til tjek og send")
    await shot(page, "3-check")
    await tap(page, "Send underretning")
    await expect(page.get_by_role("heading", name="Vi har din underretning")).to_be_visible(timeout=SOON)
    await shot(page, "4-receipt")


async def sign_in(page: Page, who: str) -> None:
    await page.get_by_role("button", name=re.compile(who)).click()


async def mailed(system: System) -> str:
    """The address in the page's mail."""

    async def arrived() -> str:
        mails = await system.mails()
        found = re.search(r"Log ind: (http\S+)", str(mails[-1].get_content())) if mails else None
        return found[1] if found else ""

    return await until(arrived, within=60)


async def awakened(browser: Browser, system: System) -> Page:
    """A consultant with a phone, from the mail to the first act: one tap to sign in and two more."""
    taps = Taps()
    page = await opened(browser, await mailed(system), taps=taps, has_touch=True)
    walk = Walk(page)
    await walk.on(page.get_by_role("button", name=re.compile("Aase")).tap, "Kender du nogen af dem?")
    await shots(page, "5-names")
    await walk.on(page.get_by_role("button", name="Nej, vis sagen").tap, "Far har taget mit pas")
    await expect(page.get_by_text("SPÆRRET. Kontakt ikke familie eller netværk.")).to_be_visible()
    await shots(page, "6-case")
    await expect(page.get_by_role("button", name="Jeg tager den")).to_be_in_viewport(ratio=1)
    await walk.on(page.get_by_role("button", name="Jeg tager den").tap, "Du har sagen.")
    assert len(taps.made) == 3, taps.made
    assert walk.seconds <= 90, walk.words
    print(f"Words in sight: {walk.words}; to read and tap: {walk.seconds:.0f} s; waits: {walk.waits}")
    return page


async def test_from_the_phone_to_the_answer_and_back_to_the_phone(own_stack: OwnStack) -> None:
    system = await own_stack()
    async with open_browser() as browser:
        teacher = await opened(browser, system.urls["intake"])
        await report(teacher)
        consultant = await awakened(browser, system)
        await tap(consultant, "Jeg har ringet tilbage på hovednummeret")
        await expect(consultant.get_by_text("Det er gemt, at du har ringet tilbage.")).to_be_visible()
        await expect(teacher.get_by_text(re.compile("Set af en konsulent"))).to_be_visible(timeout=SOON)
        await teacher.get_by_role("heading", name="Det sker nu").evaluate("(heading) => heading.scrollIntoView()")
        await shot(teacher, "7-receipt-seen")

        taken = consultant.url
        await consultant.goto(f"{system.urls['escalation']}/work")
        await expect(consultant.get_by_role("heading", name="Din vagt nu")).to_be_visible()
        await shots(consultant, "11-brief")

        await consultant.goto(taken)
        await consultant.get_by_role("link", name="Risikovurdering").first.click()
        await consultant.get_by_label("1. Hvad er der sagt, ordret, og af hvem?").fill("Hun sagde det selv, ordret.")
        await expect(consultant.get_by_text(re.compile("Kladde gemt"))).to_be_visible()
        await shots(consultant, "8-assessment")
        await consultant.get_by_role("radio", name="Høj risiko").check()
        await tap(consultant, "Gem risikovurderingen")
        await expect(consultant.get_by_text("Risikovurderingen er gemt.")).to_be_visible()

        address = consultant.url.split("?")[0]
        authority = await opened(browser, address, viewport=WIDE)
        await sign_in(authority, "Carla")
        await expect(
            authority.get_by_role("heading", name=re.compile("Hvorfor ser du|Kender du nogen"))
        ).to_be_visible()
        if await authority.get_by_role("button", name="Tilsyn").is_visible():  # not where the desk was paged meanwhile
            await tap(authority, "Tilsyn")
        await tap(authority, "Nej, vis sagen")
        await authority.get_by_role("link", name="Vurdér fare").first.click()
        await authority.get_by_role("radio", name="Ja").first.check()
        await authority.get_by_role("radio", name="Ja").last.check()
        await authority.get_by_label("Begrundelse").fill("Hun frygter en rejse om få dage.")
        await shots(authority, "9-judgement")
        await tap(authority, "Gem vurderingen")
        await expect(authority.get_by_text("Din vurdering er gemt.")).to_be_visible()
        await expect(teacher.get_by_text("Kommunen har sat noget i gang.")).to_be_visible(timeout=SOON)
        await authority.goto(f"{system.urls['escalation']}/work")
        await shots(authority, "10-work")

        await consultant.goto(f"{system.urls['escalation']}/work")
        await tap(consultant, "Jeg har læst det")
        await expect(consultant.get_by_role("heading", name="Din vagt nu")).not_to_be_visible()
        leader = await opened(browser, f"{system.urls['escalation']}/ladders", viewport=WIDE)
        await sign_in(leader, "Ditte")
        await expect(leader.get_by_role("heading", name="Vagtens åbningstid")).to_be_visible()
        await shots(leader, "12-ladders")
        await others_look(browser, system, case_id=taken.split("/")[-1].split("?")[0], consultant=consultant)


async def others_look(browser: Browser, system: System, *, case_id: str, consultant: Page) -> None:
    """The case is found again by its code; supervision sees who has read it, operations that all is well."""
    await consultant.get_by_role("link", name="Find", exact=True).click()
    await consultant.get_by_label("Reference, kode eller CPR-nummer").fill(code_of(UUID(case_id)))
    await tap(consultant, "Find")
    await expect(consultant.get_by_text("En sag passer.")).to_be_visible()
    await shot(consultant, "13-find")
    auditor = await opened(browser, system.urls["escalation"], viewport=WIDE)
    await sign_in(auditor, "Erik")
    await auditor.locator(".work a").first.click()
    await expect(auditor.get_by_text("Sporet er helt: intet er ændret eller fjernet.")).to_be_visible()
    await expect(auditor.get_by_text("læste en underretning: teksten").first).to_be_visible()
    await shot(auditor, "14-supervision")
    operator = await opened(browser, system.urls["escalation"], viewport=WIDE)
    await sign_in(operator, "Frida")
    await expect(operator.get_by_role("heading", name="Drift")).to_be_visible()
    await expect(operator.get_by_text("● klar")).to_have_count(4)
    await shot(operator, "15-operations")


async def test_the_same_way_without_scripts(own_stack: OwnStack) -> None:
    system = await own_stack()
    async with open_browser() as browser:
        teacher = await opened(browser, system.urls["intake"], scripts=False)
        await teacher.get_by_role("radio", name="13–17 år").check()
        await teacher.get_by_label("Med dine egne ord").fill(TEXT)
        await teacher.get_by_role("radio", name="Fagperson").check()
        await tap(teacher, "Gå til tjek og send")
        await tap(teacher, "Send underretning")
        await expect(teacher.get_by_role("heading", name="Vi har din underretning")).to_be_visible()
        consultant = await opened(browser, await mailed(system), scripts=False)
        await sign_in(consultant, "Aase")
        await tap(consultant, "Nej, vis sagen")
        await tap(consultant, "Jeg tager den")
        await expect(consultant.get_by_text("Du har sagen.")).to_be_visible()
        await tap(consultant, "Jeg har ringet tilbage på hovednummeret")
        await expect(consultant.get_by_text("Det er gemt, at du har ringet tilbage.")).to_be_visible()

        async def seen() -> bool:
            await tap(teacher, "Opdater")
            return await teacher.get_by_text(re.compile("Set af en konsulent")).is_visible()

        await until(seen, within=30, every=0.5)
