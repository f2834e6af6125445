"""Din adresse: where somebody is reached, and the test mail that they answer."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest
from playwright.async_api import expect

from services.notify.channels.email import Email
from services.notify.proofs import Proofs
from services.notify.text import Way
from tests.integration.console.conftest import AASE, CONSOLE, DITTE, House, answered_by
from tests.integration.console.test_accessibility import findings
from tests.integration.console.test_keyboard import tab_to
from tests.integration.escalation.conftest import DOEGNVAGT
from tests.support.browser import NARROW, open_browser
from tests.support.services import Ground
from tests.support.smtp import MailSink, mail_sink

SEED_DAY = "10. marts 2026"


@pytest.fixture
async def sink() -> AsyncIterator[MailSink]:
    async with mail_sink() as running:
        yield running


def proofs(notify: Ground, sink: MailSink, *, every: int = 7) -> Proofs:
    email = Email("127.0.0.1", sink.port, "vagt@kommune.example")
    return Proofs(notify.pool, notify.clock, notify.keys, email, Way(CONSOLE, "70 20 00 00"), timedelta(days=every))


async def send(notify: Ground, sink: MailSink, *, every: int = 7) -> None:
    tests = proofs(notify, sink, every=every)
    while await tests.run_once():
        pass


async def proved_at(notify: Ground, named: UUID) -> bool:
    found: bool = await notify.pool.fetchval("SELECT proved_at IS NOT NULL FROM contacts WHERE person_id = $1", named)
    return found


async def test_a_test_is_asked_for_sent_and_answered_by_keyboard_alone(
    house: House, notify: Ground, sink: MailSink
) -> None:
    aase = await house.browser(AASE)
    async with open_browser() as chromium:
        page = await chromium.new_page(viewport=NARROW)
        await page.route("**/*", answered_by(aase))
        await page.goto(f"{CONSOLE}/me")
        await expect(page.get_by_text("a…@ekt.example")).to_be_visible()
        await expect(page.get_by_role("button", name="Jeg har fået prøven")).to_have_count(0)
        await tab_to(page, "Send en prøve nu")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("Prøven bliver sendt nu.")).to_be_visible()
        await expect(page.locator("#done")).to_be_focused()
        await send(notify, sink, every=0)
        (mail,) = sink.mails
        link = f"{CONSOLE}/me"
        assert link in mail.get_content()
        await page.goto(link)
        await tab_to(page, "Jeg har fået prøven")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("Tak. Nu ved vi, at mails når frem.")).to_be_visible()
        await expect(page.locator("#done")).to_be_focused()
        assert await page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    assert sink.recipients == ["aase.eksempel@ekt.example"]
    assert await proved_at(notify, AASE)


async def test_it_says_when_the_address_was_verified_and_when_a_test_last_arrived(
    house: House, notify: Ground, sink: MailSink
) -> None:
    aase = await house.browser(AASE)
    before = await aase.open("/me")
    assert SEED_DAY in before.text
    assert "aldrig" in before.text
    await send(notify, sink)
    waiting = await aase.open("/me")
    assert "Vi sendte en prøve kl. 13.00." in waiting.text
    after = await aase.press(waiting, "/me/confirm")
    assert "aldrig" not in after.text
    assert "kl. 13.00" in after.text
    assert "aase.eksempel" not in before.text + waiting.text + after.text


async def test_a_leader_answers_for_a_desk_whose_mail_was_tested(house: House, notify: Ground, sink: MailSink) -> None:
    await send(notify, sink)
    ditte = await house.browser(DITTE)
    me = await ditte.open("/me")
    assert "Døgnvagt" in me.text
    done = await ditte.client.post("/me/confirm", data={"desk_id": str(DOEGNVAGT)})
    assert "Tak. Nu ved vi, at mails når frem." in done.text
    assert await proved_at(notify, DOEGNVAGT)
    assert not await proved_at(notify, DITTE)
    aase = await house.browser(AASE)
    assert "Døgnvagt" not in (await aase.open("/me")).text.split("<main")[1].split("</main")[0]
    assert (await aase.client.post("/me/confirm", data={"desk_id": str(DOEGNVAGT)})).status_code == 403


async def test_what_cannot_be_done_is_said_on_the_same_screen(house: House, notify: Ground) -> None:
    aase = await house.browser(AASE)
    nothing = await aase.client.post("/me/confirm")
    assert (nothing.status_code, "Der er ingen prøve, der venter på svar." in nothing.text) == (404, True)
    await aase.client.post("/me/proof")
    soon = await aase.client.post("/me/proof")
    assert (soon.status_code, "Vent ti minutter" in soon.text) == (429, True)
    await notify.pool.execute("DELETE FROM contacts")
    assert "Der er ingen adresse." in (await aase.open("/me")).text
    assert (await aase.client.post("/me/proof")).status_code == 404


async def test_while_notify_is_away_the_address_is_said_to_be_unknown(house: House) -> None:
    aase = await house.browser(AASE)
    me = await aase.open("/me")
    assert (me.status_code, "Vi kan ikke se din adresse lige nu." in me.text) == (200, True)
    refused = await aase.press(me, "/me", address="ny@ekt.example")
    assert (refused.status_code, "Prøv igen om lidt." in refused.text) == (503, True)


async def test_who_answers_no_test_stands_at_reach(house: House, notify: Ground, sink: MailSink) -> None:
    await send(notify, sink)
    aase, ditte = await house.browser(AASE), await house.browser(DITTE)
    assert "Svarer ikke på prøver" not in (await ditte.open("/reach")).text
    for ground in (notify, house.escalation):
        ground.clock.pass_by(days=3, seconds=1)
    aase, ditte = await house.browser(AASE), await house.browser(DITTE)
    shown = (await ditte.open("/reach")).text
    assert "Svarer ikke på prøver: " in shown
    assert "Aase Eksempel: ja, men prøven er ikke besvaret" in shown
    assert "men prøven er ikke besvaret" in (await ditte.open("/people")).text
    told = await aase.open("/me")
    assert "Ingen har svaret på prøven i mere end tre dage." in told.text
    await aase.press(told, "/me/confirm")
    assert "Aase Eksempel: ja</li>" in (await ditte.open("/reach")).text


@pytest.mark.parametrize("lang", ["", "?lang=en"])
async def test_axe_finds_nothing_on_the_screens_with_tests(
    house: House, notify: Ground, sink: MailSink, lang: str
) -> None:
    await send(notify, sink)
    for ground in (notify, house.escalation):
        ground.clock.pass_by(days=4)
    ditte = await house.browser(DITTE)
    assert await findings(ditte, [f"/me{lang}", f"/reach{lang}", f"/people{lang}"], viewport=NARROW) == {}
