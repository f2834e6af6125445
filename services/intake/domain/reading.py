"""What was read of a text by machine, and how it stands to the answers. The reader is `services/intake/reading`."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from services.intake.domain.draft import in_order
from shared.events.codes import Answer, When
from shared.events.intake import SignFact
from shared.signs import SIGNS, SignId

_CONTRARY = {Answer.SAID: Answer.DENIED, Answer.DENIED: Answer.SAID}


@dataclass(frozen=True, slots=True)
class Found:
    """A sign read from a text; its quote is `text[start:end]`."""

    sign: SignId
    answer: Answer
    when: When | None
    date: date | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class TextReading:
    """What a text says, in the order of its places, and whether some of it is in a language that is not read."""

    found: tuple[Found, ...]
    language_unread: bool


UNREAD = TextReading((), language_unread=True)
"""What is told of a text that could not be read: it counts upward."""


def facts(reading: TextReading) -> tuple[SignFact, ...]:
    """What is told of a reading: each fact once, in the catalogue's order, without its place."""
    return in_order(
        SignFact(sign=each.sign, answer=each.answer, when=each.when, date=each.date) for each in reading.found
    )


def contradictions(answers: Iterable[SignFact], read: Iterable[SignFact]) -> tuple[SignId, ...]:
    """The signs that the answers say and the text denies, or the other way round. The higher of the two holds."""
    answered, said = _highest(answers), _highest(read)
    return tuple(SignId(sign) for sign in SIGNS if sign in said and answered.get(sign) is _CONTRARY.get(said[sign]))


def _highest(signs: Iterable[SignFact]) -> dict[str, Answer]:
    highest: dict[str, Answer] = {}
    for each in signs:
        highest[each.sign] = max(each.answer, highest.get(each.sign, each.answer), key=lambda answer: answer.rank)
    return highest
