"""The receipt on a phone: it lives, takes additions, and is printed on one page."""

import pytest
from playwright.async_api import Page, expect

from services.intake.app import SUBSCRIPTIONS
from shared.delivery.inbox import Inbox
from shared.events.envelope import Envelope
from shared.events.escalation import Acknowledged
from shared.ids import EscalationId, EventId, PersonId, new_id
from tests.e2e.conftest import ONE_LOOP, Site
from tests.e2e.test_form import TEXT, kept, tap

pytestmark = ONE_LOOP


async def receipt(site: Site, **options: bool) -> Page:
    """The receipt of a new report of a signed-in employee, opened by its words."""
    page = await site.page("/receipt", **options)
    fields = {"kind": "work", "text": TEXT, "age": "13-17"}
    employee = site.ground.bearer(new_id(), "reporter")
    told = await page.request.post(f"{site.url}/send", form=fields, headers=employee)
    words = await told.json()
    await page.get_by_label("Reference").fill(words["reference"].lower())
    await page.get_by_label("Kode").fill(words["code"])
    await tap(page, "Vis kvittering")
    await expect(page.get_by_role("heading", name="Vi har din underretning")).to_be_visible()
    return page


async def see(site: Site) -> None:
    """A consultant was shown everything."""
    *_, newest = await site.reports()
    event = Acknowledged(
        case_id=newest.case_id,
        escalation_id=EscalationId(new_id()),
        person_id=PersonId(new_id()),
        covers_report_no=newest.report_no,
        promise_until=newest.received_at,
    )
    envelope = Envelope(EventId(new_id()), event.type, "escalation", site.ground.clock.now(), 1, None)
    await Inbox(site.ground.transactions, SUBSCRIPTIONS).take(envelope, event)


async def test_what_happens_appears_without_a_reload(site: Site) -> None:
    page = await receipt(site)
    loads = [address for address in site.pages[0].addresses if address.endswith("/receipt")]
    await see(site)
    await expect(page.get_by_text("Set af en konsulent tirsdag kl. 13.00.")).to_be_visible(timeout=10_000)
    assert [address for address in site.pages[0].addresses if address.endswith("/receipt")] == loads
    assert site.pages[0].errors == []


async def test_without_javascript_the_receipt_is_asked_again_by_hand(site: Site) -> None:
    page = await receipt(site, java_script_enabled=False)
    await see(site)
    await tap(page, "Opdater")
    await expect(page.get_by_text("Set af en konsulent tirsdag kl. 13.00.")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False])
async def test_there_is_more_to_tell(site: Site, scripts: bool) -> None:
    page = await receipt(site, java_script_enabled=scripts)
    site.ground.clock.pass_by(hours=2)
    await page.get_by_label("Skriv, hvad du har set eller hørt siden").fill(TEXT)
    await page.get_by_role("button", name="Send tilføjelse").dblclick()
    await expect(
        page.get_by_text("Din tilføjelse er modtaget tirsdag kl. 15.00. Den får sin egen frist.")
    ).to_be_visible()
    assert len(await site.reports()) == 2


async def test_an_addition_without_connection_waits_for_it(site: Site) -> None:
    page = await receipt(site)
    await page.get_by_label("Skriv, hvad du har set eller hørt siden").fill(TEXT)
    await page.context.set_offline(True)
    await tap(page, "Send tilføjelse")
    await expect(page.get_by_role("alert")).to_contain_text("Ingen forbindelse.")
    await expect(page.get_by_label("Skriv, hvad du har set eller hørt siden")).to_have_value(TEXT)
    await page.context.set_offline(False)
    await expect(page.get_by_text("Den får sin egen frist.")).to_be_visible()
    assert len(await site.reports()) == 2


async def test_wrong_words_are_told_kindly(site: Site) -> None:
    page = await site.page("/receipt")
    await page.get_by_label("Reference").fill("K7MX 4PQR")
    await page.get_by_label("Kode").fill("0000 0000")
    await tap(page, "Vis kvittering")
    await expect(page.get_by_role("alert")).to_contain_text("Reference og kode passer ikke sammen.")


async def test_the_words_stay_out_of_addresses_titles_and_stores(site: Site) -> None:
    page = await receipt(site)
    words = [(await page.locator(f"#{name}").inner_text()).replace(" ", "") for name in ("reference", "code")]
    told = "".join([await kept(page), *site.pages[0].addresses])
    assert not [word for word in words if word in told]


async def test_a_printed_receipt_is_one_page(site: Site) -> None:
    page = await receipt(site)
    assert (await page.pdf(format="A4")).count(b"/Type /Page\n") == 1
