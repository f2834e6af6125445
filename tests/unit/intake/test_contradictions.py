"""Where an answer and the text disagree, people see both; an answer to what was only suspected settles it."""

from services.intake.domain.reading import contradictions
from tests.support.facts import signs


def test_an_answer_contradicts_what_was_read() -> None:
    answers = signs("!violence.now fear.extreme")
    assert contradictions(answers, signs("*violence.now *!fear.extreme")) == ("violence.now", "fear.extreme")


def test_an_answer_contradicts_nothing_that_is_only_suspected() -> None:
    answers = signs("!violence.now fear.extreme")
    assert contradictions(answers, signs("~violence.now ~!fear.extreme")) == ()


def test_a_suspicion_beside_what_was_read_hides_no_contradiction() -> None:
    assert contradictions(signs("violence.now"), signs("*!violence.now ~violence.now")) == ("violence.now",)
