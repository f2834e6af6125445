"""What the reader found is shown by its grade: read is not confirmed, suspected is a question, and neither denies."""

import re
from collections.abc import Callable
from datetime import date, datetime
from html import unescape

import pytest

from services.intake import tick
from services.intake.domain.reading import Found, TextReading
from services.intake.secrets import Secrets
from shared.events.codes import Answer, Grade, Level
from shared.events.triage import Reason, WouldRaise
from shared.signs import SIGNS, SignId
from tests.integration.console.conftest import AASE, House

TEXT = "Hun er bange for sin fætter. Telefonen er taget. Hun siger, at ingen har slået hende."
FEAR, PHONE, VIOLENCE = SignId("fear.killed"), SignId("control.phone_or_money"), SignId("violence.now")
Reads = Callable[..., TextReading]


def found(sign: SignId, words: str, grade: Grade, answer: Answer = Answer.SAID) -> Found:
    start = TEXT.index(words)
    day: date | None = None
    return Found(sign, answer, None, day, start, start + len(words), grade, 61)


SUSPECTS = found(FEAR, "bange for sin fætter", Grade.SUSPECTED)
IS_SURE = found(PHONE, "Telefonen er taget", Grade.READ)
READS_A_NO = found(VIOLENCE, "ingen har slået hende", Grade.READ, Answer.DENIED)


def reader(*of_text: Found) -> Reads:
    """A reader that finds these."""

    def read(text: str, *, received_at: datetime) -> TextReading:
        return TextReading(of_text, language_unread=False, model="test-1")

    return read


async def shown(
    house: House,
    *of_text: Found,
    unknowns: tuple[SignId, ...] = (FEAR,),
    level: Level = Level.HIGH,
    lang: str = "",
    printing: bool = False,
    **body: object,
) -> str:
    """The screen of a case whose text was read so, rated by the rules over suspected signs."""
    event = await house.report(level, text=TEXT, **body)
    secrets = Secrets.read(house.intake.keys, house.intake.keys_dir)
    while await tick.run_once(house.intake.transactions, secrets, reader(*of_text)):
        pass
    rating = house.rating(level, event, no=2).model_copy(
        update={
            "rule_set": 3,
            "reasons": tuple(
                Reason(rule=rule, signs=(), report_ids=(event.report_id,))
                for rule in ("suspected_red_line", "suspected_any")
            ),
            "unknowns": unknowns,
            "would_raise": (
                WouldRaise(sign=FEAR, level=Level.ACUTE, suspected=True),
                WouldRaise(sign=SignId("wellbeing.decline"), level=Level.LOW, suspected=True),
                WouldRaise(sign=VIOLENCE, level=Level.ACUTE),
            ),
        }
    )
    await house.hear(rating)
    browser = await house.browser(AASE)
    screen = await browser.into(event.case_id)
    if printing:
        return (await browser.press(screen, "/print")).text
    return (await browser.open(f"/cases/{event.case_id}{lang}")).text


def plain(screen: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", screen)).split())


async def test_what_is_read_is_not_confirmed_and_what_is_suspected_is_a_question(house: House) -> None:
    screen = await shown(house, SUSPECTS, IS_SURE)
    assert f"Måske – spørg: {SIGNS[FEAR].danish}?" in plain(screen)
    assert f"Fundet i teksten – ikke bekræftet: {SIGNS[PHONE].danish}." in plain(screen)
    assert '<mark class="maybe">bange for sin fætter' in screen
    assert "<mark>Telefonen er taget" in screen


async def test_the_grades_are_told_in_english_too(house: House) -> None:
    screen = plain(await shown(house, SUSPECTS, IS_SURE, lang="?lang=en"))
    assert f"Maybe – ask: {SIGNS[FEAR].english}?" in screen
    assert f"Found in the text – not confirmed: {SIGNS[PHONE].english}." in screen


@pytest.mark.parametrize("printing", [False, True])
async def test_the_reason_names_no_suspected_sign_and_what_to_ask_begins_with_it(house: House, printing: bool) -> None:
    screen = await shown(house, SUSPECTS, printing=printing)
    why, asked = screen.split("Hvorfor ", 1)[1].split("Spørg om disse tre", 1)
    assert "Teksten kan handle om noget akut. Det er ikke bekræftet: spørg." in why
    assert "Teksten kan handle om mere" not in why
    assert SIGNS[FEAR].danish not in why
    first, second, third = re.findall(r"<li>(.*?)</li>", asked.partition("</ul>")[0], re.S)
    assert "Måske – spørg (underretning 1, note 1) · kan give: akut" in first
    assert "Måske – spørg" in second
    assert "kan give" not in second
    assert "Måske" not in third
    assert "kan give: akut" in third


async def test_what_a_person_has_answered_is_suspected_no_more(house: House) -> None:
    screen = await shown(house, SUSPECTS, IS_SURE, unknowns=(VIOLENCE,))
    assert "Måske – spørg: " not in plain(screen)
    assert "maybe" not in screen.partition('<div class="written">')[2]
    assert "Telefonen er taget<sup>1" in screen


async def test_a_no_that_was_read_is_no_denial(house: House) -> None:
    screen = await shown(house, READS_A_NO)
    note = f"Fundet i teksten – ikke bekræftet: et nej til »{SIGNS[VIOLENCE].danish}«. Kun et menneskes nej tæller."
    assert note in plain(screen)
    assert "ingen har slået hende<sup>1</sup>" in screen


async def test_an_answer_to_what_is_suspected_is_no_disagreement(house: House) -> None:
    answers = [{"sign": FEAR, "answer": "denied"}, {"sign": PHONE, "answer": "denied"}]
    screen = plain(await shown(house, SUSPECTS, IS_SURE, answers=answers))
    assert f"{SIGNS[PHONE].danish}: svaret siger nej, teksten siger ja. Underretning 1, note 2." in screen
    assert f"{SIGNS[FEAR].danish}: svaret" not in screen


async def test_the_form_for_a_call_asks_the_suspected_as_a_question(house: House) -> None:
    event = await house.report(Level.HIGH, text=TEXT)
    asks = (WouldRaise(sign=FEAR, level=Level.HIGH, suspected=True),)
    await house.hear(house.rating(Level.HIGH, event, no=2).model_copy(update={"rule_set": 3, "would_raise": asks}))
    browser = await house.browser(AASE)
    await browser.into(event.case_id)
    form = plain((await browser.open(f"/cases/{event.case_id}/phone")).text)
    assert "Måske – spørg" in form
    assert "kan give" not in form
