"""What the machine made of a text is said beside it: a no, a disagreement, a language it cannot read."""

import re

from services.intake import tick
from services.intake.reading import read_text
from services.intake.secrets import Secrets
from tests.integration.console.conftest import AASE, House
from tests.integration.console.test_console import BODY

TEXT = "Hun skal giftes på lørdag. Forældrene er ikke kontaktet."
TURKISH = "Ailesi onu yazın memlekete götürmek istiyor ve orada evlendirmekten söz ediyor."
CONTRARY = {"text": TEXT, "answers": [{"sign": "marriage.planned", "answer": "denied"}], "parents_know": "yes"}


async def read(house: House) -> None:
    secrets = Secrets.read(house.intake.keys, house.intake.keys_dir)
    while await tick.run_once(house.intake.transactions, secrets, read_text):
        pass


async def shown(house: House, lang: str = "", **body: object) -> str:
    """The case's screen in plain words, after the machine has read."""
    event = await house.report(**BODY | body)  # type: ignore[arg-type]
    await read(house)
    browser = await house.browser(AASE)
    await browser.into(event.case_id)
    screen = await browser.open(f"/cases/{event.case_id}{lang}")
    return " ".join(re.sub(r"<[^>]+>", " ", screen.text).split())


async def test_an_answer_that_the_text_denies_stands_before_the_reports_with_its_notes(house: House) -> None:
    screen = await shown(house, **CONTRARY)
    planned = "Forlovelse eller bryllup planlagt: svaret siger nej, teksten siger ja. Underretning 1, note 1."
    told = "svaret siger ja, teksten siger nej. Underretning 1, note 2."
    assert "Svar og tekst passer ikke sammen. Det alvorligste tæller." in screen
    assert screen.index(planned) < screen.index(told) < screen.index("Hun skal giftes")


async def test_a_disagreement_is_said_in_english_too(house: House) -> None:
    screen = await shown(house, "?lang=en", **CONTRARY)
    assert "Answer and text do not agree. The graver of the two counts." in screen
    assert "the answer says no, the text says yes. Report 1, note 1." in screen


async def test_answers_that_agree_with_the_text_are_no_disagreement(house: House) -> None:
    answers = [{"sign": "marriage.planned", "answer": "said"}, {"sign": "violence.now", "answer": "denied"}]
    assert "passer ikke sammen" not in await shown(house, text=TEXT, answers=answers)


async def test_what_the_machine_reads_has_a_number_in_the_text_and_a_note(house: House) -> None:
    screen = await shown(house, text=TEXT)
    assert "Hun skal giftes på lørdag 1" in screen
    assert "Forældrene er ikke kontaktet 2" in screen
    assert "Fundet i teksten – ikke bekræftet:" in screen


async def test_a_text_in_a_language_that_is_not_read_says_that_it_counts_as_unknown(house: House) -> None:
    note = "Noget af teksten er på et sprog, programmet ikke kan læse. Det tæller som »ved ikke«."
    assert note in await shown(house, text=TURKISH)
    assert note not in await shown(house, text=TEXT)
    assert "Some of the text is in a language that the program cannot read." in await shown(
        house, "?lang=en", text=TURKISH
    )


async def test_a_text_that_is_not_read_yet_says_so_until_it_is(house: House) -> None:
    event = await house.report(**BODY)
    browser = await house.browser(AASE)
    note = "Programmet har ikke læst teksten endnu."
    assert note in (await browser.into(event.case_id)).text
    await read(house)
    assert note not in (await browser.open(f"/cases/{event.case_id}")).text
