"""A case is shown whatever was sent: bounded, a few reports at a time, and no report hides another."""

import json
import re

from httpx2 import Response

from shared.events.intake import ReportReceived
from shared.ids import ReportId, new_id
from tests.integration.console.conftest import AASE, Browser, House
from tests.integration.console.test_console import evidence

CHILD = {"children": [{"name": "Ida Planteret", "cpr": "010112-9999"}]}
SWOLLEN = {**CHILD, "x": [[[[[[[["a" * 100] * 100]]]]]]] * 20}


def numbers(screen: Response) -> list[int]:
    return [int(n) for n in re.findall(r"<h2>Underretning (\d+) ", screen.text)]


async def many(house: House, count: int) -> ReportReceived:
    """A case of so many reports, of which intake has the first alone."""
    first = await house.report(**CHILD, text="Den første.")
    for no in range(2, count + 1):
        await house.hear(first.model_copy(update={"report_id": ReportId(new_id()), "report_no": no}))
    return first


async def into(browser: Browser, event: ReportReceived) -> Response:
    """The case, however many screens of names come before it."""
    screen = await browser.into(event.case_id)
    while "Kender du nogen af dem?" in screen.text:
        screen = await browser.press(screen, "/known")
    return screen


async def test_a_report_that_is_too_big_or_missing_does_not_hide_the_others(house: House) -> None:
    event = await house.report(**CHILD, text="Lærerens ord.")
    await house.report(**SWOLLEN)
    await house.hear(event.model_copy(update={"report_id": ReportId(new_id()), "report_no": 3}))
    screen = await into(await house.browser(AASE), event)
    assert numbers(screen) == [3, 2, 1]
    assert "Lærerens ord." in screen.text
    assert screen.text.count("Teksten kan ikke vises her lige nu.") == 1
    assert screen.text.count("Her er kun begyndelsen") == 1
    assert len(screen.content) < 500_000


async def test_what_is_too_big_is_handed_over_as_it_was_sent_with_evidence(house: House) -> None:
    event = await house.report(**SWOLLEN)
    browser = await house.browser(AASE)
    path = f"/cases/{event.case_id}/reports/{event.report_id}"
    assert "Kender du nogen af dem?" in (await browser.open(path)).text
    await into(browser, event)
    whole = await browser.open(path)
    assert whole.headers["content-type"].startswith("text/plain")
    assert json.loads(whole.text) == SWOLLEN
    granted = [each for each in await evidence(house.escalation, "report_read") if each["part"] == "whole"]
    assert len(granted) == 1
    assert (await browser.open(f"/cases/{event.case_id}/reports/{new_id()}")).status_code == 404


async def test_a_case_of_many_reports_is_opened_a_few_at_a_time_newest_first(house: House) -> None:
    event = await many(house, 45)
    browser = await house.browser(AASE)
    screen = await browser.into(event.case_id)
    assert "Navnene i underretning 41–45 af 45." in screen.text
    screen = await browser.press(screen, "/known")
    assert numbers(screen) == list(range(45, 35, -1))
    assert "Du ser 10 af 45 underretninger." in screen.text
    seen = numbers(screen)
    while older := re.search(r'href="([^"]+)">Ældre', screen.text):
        screen = await browser.open(older[1])
        seen += numbers(screen)
    assert seen == list(range(45, 0, -1))
    assert "Den første." in screen.text
    newer = re.search(r'href="([^"]+)">Nyere', screen.text)
    assert newer
    assert numbers(await browser.open(newer[1])) == list(range(15, 5, -1))
    before = len(await evidence(house.escalation, "report_read"))
    await browser.open(f"/cases/{event.case_id}")
    assert len(await evidence(house.escalation, "report_read")) == before + 10


async def test_only_two_hundred_marks_are_shown_and_every_sign_is_among_them(house: House) -> None:
    event = await house.report(**CHILD, text="Han slår hende. " * 300)
    for n in range(300):
        sign = "travel.planned" if n == 299 else "violence.now"
        await house.intake.pool.execute(
            """INSERT INTO readings (
                   reading_id, report_id, sign, answer, grade, score, place_start, place_end, quote_sealed)
               VALUES ($1, $2, $3, 'said', 'read', 90, $4, $5, '')""",
            new_id(),
            event.report_id,
            sign,
            16 * n,
            16 * n + 8,
        )
    screen = await into(await house.browser(AASE), event)
    assert screen.text.count("<mark>") == 200
    assert "Programmet har markeret 100 steder mere" in screen.text
    assert "Rejse" in screen.text
