"""Whatever fails, what somebody wrote in a form of the console stands on the page that says so, and in no log."""

import pytest

from shared.events.codes import Level
from tests.integration.console.conftest import AASE, CARLA, DITTE, House
from tests.integration.console.test_console import BODY
from tests.support import trouble

WORDS = "Hun er bange, og det må ikke gå tabt."
FORMS = {
    "raise": (AASE, {"level": "acute", "reason": WORDS}),
    "unit": (AASE, {"unit": "amager", "reason": WORDS}),
    "handover": (DITTE, {"to": str(CARLA), "note": WORDS}),
    "exclusion": (DITTE, {"person_id": str(CARLA), "reason": WORDS}),
    "phone": (AASE, {"text": WORDS, "received_at": "2026-03-10T12:00"}),
    "assessment": (AASE, {"exact_words": WORDS, "level": "high"}),
    "hold": (CARLA, {"recipient": "mother", "action": "reinstate", "reason": WORDS}),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("sqlstate", ["53100", "42703"])
async def test_what_could_not_be_stored_is_there_again(
    house: House, form: str, sqlstate: str, capfd: pytest.CaptureFixture[str]
) -> None:
    event = await house.report(Level.HIGH, **BODY)
    who, fields = FORMS[form]
    browser = await house.browser(who)
    await browser.into(event.case_id)
    await browser.client.post(f"/cases/{event.case_id}/acknowledge", data={"covers_report_no": "1"})
    screen = await browser.open(f"/cases/{event.case_id}/{form}")
    tables = ("evidence", "drafts", "assessments", "lifts", "steps", "exclusions", "handovers", "cases")
    async with trouble.failing(house.escalation.url, sqlstate, *tables):
        answer = await browser.press(screen, f"/{form}", **fields)
    assert answer.status_code in (500, 503)
    assert f"{WORDS}</textarea>" in answer.text
    again = await browser.press(answer, f"/{form}", **fields)
    assert again.status_code == 200
    assert WORDS not in "".join(capfd.readouterr())


async def test_when_nobody_can_be_recognised_the_words_stand_there_too(house: House) -> None:
    event = await house.report(Level.HIGH, **BODY)
    browser = await house.browser(AASE)
    await browser.into(event.case_id)
    screen = await browser.open(f"/cases/{event.case_id}/raise")
    async with trouble.failing(house.escalation.url, "57P03", "sessions"):
        answer = await browser.press(screen, "/raise", level="acute", reason=WORDS)
        assert (await browser.open("/work")).status_code == 503
    assert answer.status_code == 503
    assert f"{WORDS}</textarea>" in answer.text
    assert "Hastegraden er hævet." in (await browser.press(answer, "/raise", reason=WORDS)).text


@pytest.mark.parametrize(("site", "shown"), [(None, True), ("cross-site", False), ("same-site", False)])
async def test_what_is_refused_because_of_where_it_came_from_can_be_copied_unless_another_site_sent_it(
    house: House, site: str | None, shown: bool
) -> None:
    event = await house.report(Level.HIGH, **BODY)
    browser = await house.browser(AASE)
    await browser.into(event.case_id)
    del browser.client.headers["Sec-Fetch-Site"]
    headers = {"Sec-Fetch-Site": site} if site else {"Origin": "null"}
    answer = await browser.client.post(f"/cases/{event.case_id}/raise", data={"reason": WORDS}, headers=headers)
    assert (answer.status_code, WORDS in answer.text) == (403, shown)
    assert f'action="/cases/{event.case_id}' not in answer.text


async def test_a_draft_that_does_not_open_stops_no_form(house: House) -> None:
    event = await house.report(Level.HIGH, **BODY)
    browser = await house.browser(AASE)
    await browser.into(event.case_id)
    for form in ("raise", "unit"):
        await browser.client.post(f"/cases/{event.case_id}/drafts/{form}", data={"reason": f"{WORDS} {form}"})
    await house.escalation.pool.execute("UPDATE drafts SET answers = '\\x00' WHERE what = 'raise'")
    forms = [await browser.open(f"/cases/{event.case_id}/{form}") for form in ("raise", "unit", "handover")]
    assert [(each.status_code, WORDS in each.text) for each in forms] == [(200, False), (200, True), (200, False)]
