"""The case's screens: the text first, the acts in one row, assessments to read, drafts, judgements, who is asked."""

import re
from html import unescape

from httpx2 import Response
from playwright.async_api import Page, expect

from shared.events.codes import Level, Purpose, Template
from shared.events.escalation import MessageRequested
from shared.events.intake import ReportReceived
from tests.integration.console.conftest import (
    AASE,
    BO,
    CARLA,
    CONSOLE,
    DITTE,
    Browser,
    House,
    answered_by,
)
from tests.integration.console.test_console import BODY, JUDGED, evidence
from tests.integration.console.test_hold import assessed
from tests.integration.console.test_keyboard import tab_to
from tests.support.browser import NARROW, WIDE, beyond_the_edge, open_browser

WORDS = "Hun vil helst ringes op i skolen <kl. 10>."


def plain(screen: Response) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", screen.text)).split())


async def taken(house: House, level: Level = Level.ACUTE) -> tuple[ReportReceived, Browser, Response]:
    """A case that Aase has taken, and its screen."""
    event = await house.report(level, **BODY)
    aase = await house.browser(AASE)
    return event, aase, await aase.press(await aase.into(event.case_id), "/acknowledge")


async def told(house: House, who: str) -> list[MessageRequested]:
    found = await house.escalation.published(MessageRequested)
    return [each for each in found if isinstance(each, MessageRequested) and str(each.recipient.id) == str(who)]


async def test_the_reasons_and_the_text_come_before_everything_that_is_folded(house: House) -> None:
    _, _, screen = await taken(house)
    order = [screen.text.index(each) for each in ("SPÆRRET", "Hvorfor ", "mit pas", "Mere om sagen", "Hvem fik besked")]
    assert order == sorted(order)


async def test_an_assessment_is_read_on_the_case_and_that_is_recorded(house: House) -> None:
    event, aase, _ = await taken(house)
    answers = {"exact_words": WORDS, "who_knows.parents": "yes", "level": "high", "acute": "yes"}
    case = await aase.press(await aase.open(f"/cases/{event.case_id}/assessment"), "/assessment", **answers)
    assert "Risikovurdering 1 · Aase Eksempel" in plain(case)
    assert await evidence(house.escalation, "assessment_read") == []
    bo = await house.browser(BO)
    await bo.into(event.case_id)
    address = re.search(r'href="(/cases/[^"]+/assessments/[^"]+)"', (await bo.open(f"/cases/{event.case_id}")).text)
    assert address
    screen = plain(await bo.open(address[1]))
    assert f"1. Hvad er der sagt, ordret, og af hvem? {WORDS}" in screen
    assert "3. Hvem ved allerede, at barnet eller den unge har fortalt noget? Forældre" in screen
    assert (
        "20. Hvem gør hvad det næste døgn, i nat og i weekenden, og hvornår vurderes der igen? Ikke besvaret." in screen
    )
    assert "Høj risiko. Der er akut fare." in screen
    assert len(await evidence(house.escalation, "assessment_read")) == 1
    assert "What was said, word for word" in (await bo.open(f"{address[1]}?lang=en")).text


async def test_an_assessment_whose_seal_is_broken_says_so_and_the_case_is_shown(house: House) -> None:
    case_id, carla = await assessed(house)
    address = re.search(r'href="(/cases/[^"]+/assessments/[^"]+)"', (await carla.open(f"/cases/{case_id}")).text)
    assert address
    await house.escalation.pool.execute(
        """ALTER TABLE assessments DISABLE TRIGGER ALL; UPDATE assessments SET answers = '\\x00';
           ALTER TABLE assessments ENABLE TRIGGER ALL"""
    )
    screen = await carla.open(address[1])
    assert screen.status_code == 200
    assert "Svarene kan ikke åbnes. Sig det til driften." in plain(screen)
    assert (await carla.open(f"/cases/{case_id}")).status_code == 200
    assert await evidence(house.escalation, "assessment_read") == []


async def test_an_assessment_is_closed_to_whoever_has_not_said_whom_they_know(house: House) -> None:
    case_id, carla = await assessed(house)
    address = re.search(r'href="(/cases/[^"]+/assessments/[^"]+)"', (await carla.open(f"/cases/{case_id}")).text)
    assert address
    ditte = await house.browser(DITTE)
    assert (await ditte.open(address[1])).url.path == f"/cases/{case_id}"
    assert await evidence(house.escalation, "assessment_read") == []


async def test_the_hold_is_decided_with_the_assessment_in_sight_above_the_fields(house: House) -> None:
    case_id, carla = await assessed(house)
    form = (await carla.open(f"/cases/{case_id}/hold")).text
    assert form.index("1. Hvad er der sagt, ordret, og af hvem?") < form.index('name="recipient" value="mother"')
    assert "Tal gerne med barnet (§ 137, stk. 2)." in form
    assert len(await evidence(house.escalation, "assessment_read")) == 1


async def test_paper_has_the_number_the_date_the_assessment_and_never_json(house: House) -> None:
    odd = BODY | {"text": {"what": "Hun er bange.", "since": ["i går", "i dag"]}, "reporter": {"kind": 7, "name": "Lo"}}
    event = await house.report(**odd)
    carla = await house.browser(CARLA)
    await carla.into(event.case_id)
    form = await carla.open(f"/cases/{event.case_id}/assessment")
    case = await carla.press(form, "/assessment", exact_words=WORDS, level="low")
    sheet = await carla.press(case, "/print")
    paper = plain(sheet)
    assert str(event.case_id) in paper
    assert "Printet tirsdag 10. marts 2026 kl. 13.00" in paper
    assert WORDS in paper
    assert "»underretter, slags: 7" in paper
    assert "»tekst, since 2: i dag" in paper
    assert not re.search(r'[{}]|"\w+":', paper)
    assert len(await evidence(house.escalation, "assessment_read")) == 1


async def test_a_judgement_shows_its_reason_who_gave_it_and_when_and_is_sealed(house: House) -> None:
    event, _, _ = await taken(house)
    carla = await house.browser(CARLA)
    await carla.into(event.case_id)
    form = await carla.open(f"/cases/{event.case_id}/judgement")
    assert "om barnets sundhed eller udvikling er i fare, og om der er behov for akutte indsatser" in form.text
    missing = await carla.press(form, "/judgement", acute="true", started="true", reason=" ")
    assert (missing.status_code, "Der mangler noget." in missing.text) == (409, True)
    case = plain(await carla.press(form, "/judgement", **JUDGED))
    assert "Vurderet: akut fare. Der er sat noget i gang. Carla Eksempel, kl. 13.00." in case
    assert f"Begrundelse: {JUDGED['reason']}" in case
    sealed = await house.escalation.pool.fetchval("SELECT reason FROM judgements")
    assert sealed
    assert JUDGED["reason"].encode() not in sealed


async def test_the_one_who_is_asked_to_take_it_sees_that_at_the_urgency_of_the_case(house: House) -> None:
    event, aase, _ = await taken(house)
    before = len(await told(house, str(BO)))
    form = await aase.open(f"/cases/{event.case_id}/handover")
    assert "med hastegraden: akut" in form.text
    await aase.press(form, "/handover", to=str(BO), note=WORDS)
    asked = (await told(house, str(BO)))[before:]
    assert [(each.template, each.purpose) for each in asked] == [(Template.PAGE, Purpose.NOTICE)]
    assert "hun" not in asked[0].model_dump_json().lower().replace(str(event.case_id), "")
    bo = await house.browser(BO)
    assert "Venter på dig" in (await bo.open("/work")).text
    assert (await bo.open("/")).url.path == f"/cases/{event.case_id}"
    case = plain(await bo.into(event.case_id))
    assert "Venter på dig Aase Eksempel beder dig tage sagen kl. 13.00 · hastegrad: akut" in case
    assert case.index(WORDS) < case.index("mit pas")
    assert "Venter på dig" not in (await aase.open("/work")).text


async def test_whoever_has_it_promises_anew_and_the_offer_stands(house: House) -> None:
    event, aase, _ = await taken(house)
    await aase.press(await aase.open(f"/cases/{event.case_id}/handover"), "/handover", to=str(BO), note="Tag den.")
    house.escalation.clock.pass_by(minutes=30)
    case = await aase.open(f"/cases/{event.case_id}")
    assert "Jeg har den stadig" in case.text
    assert "Meld tilbage senest kl. 14.30." in plain(await aase.press(case, "/acknowledge"))
    assert "Tilbudt videre til Bo Eksempel" in plain(await aase.open(f"/cases/{event.case_id}"))


async def test_those_who_may_countersign_are_told_at_once_and_see_that_it_waits(house: House) -> None:
    event, aase, _ = await taken(house)
    carla, ditte = await house.browser(CARLA), await house.browser(DITTE)
    await carla.into(event.case_id)
    await carla.press(await carla.open(f"/cases/{event.case_id}/judgement"), "/judgement", **JUDGED)
    before = [each.message_id for each in await told(house, str(DITTE))]
    form = await aase.open(f"/cases/{event.case_id}/close")
    await aase.press(form, "/close", outcome="unfounded", reason="Der var ikke mere.")
    asked = [each for each in await told(house, str(DITTE)) if each.message_id not in before]
    assert [(each.template, each.purpose) for each in asked] == [(Template.REMINDER, Purpose.NOTICE)]
    assert "Venter på dig" in (await ditte.open("/work")).text
    assert "Venter på dig" not in (await aase.open("/work")).text
    assert "Venter på dig Medunderskrift" in plain(await ditte.into(event.case_id))


async def test_an_addition_and_a_call_say_whose_they_are_and_how_old_the_child_is(house: House) -> None:
    first = await house.door.post("/v1/reports", json=BODY)
    words = {name: first.json()[name] for name in ("reference", "code")}
    (event,) = await house.intake.published(ReportReceived)
    assert isinstance(event, ReportReceived)
    await house.hear(event)
    added = await house.door.post("/v1/receipt/additions", json={**words, "report": {"text": "Nu er hun hjemme."}})
    assert added.status_code == 201, added.text
    aase = await house.browser(AASE)
    await aase.into(event.case_id)
    form = await aase.open(f"/cases/{event.case_id}/phone")
    call = {"received_at": "2026-03-10T12:55", "text": "Hun græd.", "reporter": "Karin Rektor"}
    await aase.press(form, "/phone-report", **call)
    for each in (await house.intake.published(ReportReceived))[1:]:
        await house.hear(each)
    screen = plain(await aase.into(event.case_id))
    assert "tilføjelse fra samme underretter som underretning 1" in screen
    assert "Samme som i underretning 1: Gorm Planteret" in screen
    assert "opkald skrevet ned af Aase Eksempel" in screen
    assert "Karin Rektor" in screen
    assert screen.count("Som i underretning 1: Ida Planteret · 13–17 år") == 2


FORMS = {
    "close": ("reason", {"outcome": "advised"}),
    "raise": ("reason", {"level": "acute"}),
    "handover": ("note", {"to": str(BO)}),
    "phone": ("text", {"reporter": "Karin"}),
    "judgement-1": ("reason", {"acute": "true"}),
    "hold": ("reason", {"recipient": "mother"}),
    "hold-again": ("reason", {"recipient": "mother"}),
}


async def test_every_form_keeps_a_draft_sealed_and_for_its_writer_alone(house: House) -> None:
    event, _, _ = await taken(house, Level.HIGH)
    browser, other = await house.browser(CARLA), await house.browser(BO)
    for each in (browser, other):
        await each.into(event.case_id)
    for what, (field, more) in FORMS.items():
        sent = {"version": "1", "draft": what, field: f"{WORDS} {what}", **more}
        saved = await browser.client.post(f"/cases/{event.case_id}/drafts/{what}", data=sent)
        assert "Kladde gemt kl. 13.00" in saved.text, what
    for what in FORMS.keys() - {"hold-again"}:
        path = f"/cases/{event.case_id}/{what.removesuffix('-1')}"
        form = unescape((await browser.open(path)).text)
        assert f"{WORDS} {what}</textarea>" in form
        assert "Kladde gemt kl. 13.00" in form
        if "judgement" not in what:
            assert f"{WORDS} {what}" not in unescape((await other.open(path)).text)
    rows = await house.escalation.pool.fetch("SELECT answers FROM drafts")
    assert len(rows) == len(FORMS)
    assert not [row for row in rows if b"ringes op" in row["answers"]]
    for what in ("evidence", "close-hest", "judgement-2", "judgement-0"):
        sent = await browser.client.post(f"/cases/{event.case_id}/drafts/{what}", data={"reason": "x"})
        assert sent.status_code == 404, what


async def test_a_draft_goes_when_its_form_is_sent_and_not_when_it_is_refused(house: House) -> None:
    event, aase, _ = await taken(house)
    sent = {"reason": WORDS, "outcome": "advised"}
    await aase.client.post(f"/cases/{event.case_id}/drafts/close", data=sent)
    form = await aase.open(f"/cases/{event.case_id}/close")
    assert (await aase.press(form, "/close", **sent)).status_code == 409
    assert await house.escalation.pool.fetchval("SELECT count(*) FROM drafts") == 1
    carla = await house.browser(CARLA)
    await carla.into(event.case_id)
    await carla.press(await carla.open(f"/cases/{event.case_id}/judgement"), "/judgement", **JUDGED)
    await aase.press(await aase.open(f"/cases/{event.case_id}/close"), "/close", **sent)
    assert await house.escalation.pool.fetchval("SELECT count(*) FROM drafts") == 0


async def on_phone(browser: Browser, page: Page, path: str) -> None:
    await page.route("**/*", answered_by(browser))
    await page.goto(f"{CONSOLE}{path}")
    assert await beyond_the_edge(page) == []


async def test_on_a_phone_the_acts_stand_in_one_row_that_stays_in_sight(house: House) -> None:
    event, aase, _ = await taken(house)
    bo = await house.browser(BO)
    await bo.into(event.case_id)
    tops = "[...document.querySelectorAll('.acts > *')].map((e) => Math.round(e.getBoundingClientRect().top))"
    async with open_browser() as chromium:
        for browser in (aase, bo):
            page = await chromium.new_page(viewport=NARROW, has_touch=True)
            await on_phone(browser, page, f"/cases/{event.case_id}")
            found = await page.evaluate(tops)
            assert len(found) == 3
            assert max(found) - min(found) <= 1
            bar = await page.locator(".acts").bounding_box()
            assert bar
            assert bar["y"] + bar["height"] <= NARROW["height"] + 1
            assert bar["height"] <= 90
        await page.close()
        page = await chromium.new_page(viewport=NARROW, has_touch=True)
        await on_phone(aase, page, f"/cases/{event.case_id}")
        await page.locator(".acts summary").tap()
        await page.get_by_role("link", name="Giv videre").tap()
        await expect(page.get_by_role("heading", name="Giv sagen videre")).to_be_visible()


async def test_news_stay_in_sight_on_a_form_however_far_one_has_read(house: House) -> None:
    event, aase, _ = await taken(house)
    async with open_browser() as chromium:
        page = await chromium.new_page(viewport=NARROW)
        await page.clock.install()
        await on_phone(aase, page, f"/cases/{event.case_id}/assessment")
        await page.evaluate("scrollTo(0, document.body.scrollHeight / 2)")
        await house.hear(house.rating(Level.ACUTE, event, no=2))
        await page.clock.run_for(6_000)
        news = page.locator("#news p")
        await expect(news).to_contain_text("Sagen er ændret.")
        await expect(news).to_be_in_viewport()
        box = await news.bounding_box()
        assert box
        assert 0 <= box["y"] < 40


async def test_a_draft_is_kept_by_keyboard_and_said_beside_the_field(house: House) -> None:
    event, aase, _ = await taken(house)
    async with open_browser() as chromium:
        page = await chromium.new_page(viewport=NARROW)
        await on_phone(aase, page, f"/cases/{event.case_id}/handover")
        await tab_to(page, "Hvad skal de vide?")
        await page.keyboard.type("Ring til skolen.")
        await page.keyboard.press("Tab")
        await expect(page.locator("#draft-handover")).to_contain_text("Kladde gemt kl. 13.00")
        await page.goto(f"{CONSOLE}/cases/{event.case_id}/handover")
        await expect(page.get_by_label("Hvad skal de vide?")).to_have_value("Ring til skolen.")
        await on_phone(aase, page, f"/cases/{event.case_id}/assessment")
        await page.get_by_label("7. Er der vold nu eller tidligere").fill("Ja.")
        await page.keyboard.press("Tab")
        await expect(page.locator("#draft")).to_contain_text("Kladde gemt kl. 13.00")
        await expect(page.locator("#draft")).to_be_in_viewport()


async def test_the_text_stands_beside_the_assessment_on_a_desk(house: House) -> None:
    event, aase, form = await taken(house)
    form = await aase.open(f"/cases/{event.case_id}/assessment")
    numbers = [int(n) for n in re.findall(r'<label class="form-label" for="[^"]+">(\d+)\. ', form.text)]
    assert numbers == list(range(1, 21))
    async with open_browser() as chromium:
        page = await chromium.new_page(viewport=WIDE)
        await on_phone(aase, page, f"/cases/{event.case_id}/assessment")
        left = await page.get_by_label("1. Hvad er der sagt").bounding_box()
        right = await page.get_by_text("mit pas").first.bounding_box()
        assert left
        assert right
        assert left["x"] + left["width"] <= right["x"]
        assert right["y"] < WIDE["height"]
