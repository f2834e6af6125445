"""What was read of a text by machine, and how it stands to the answers. The reader is `services/intake/reading`."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from services.intake.domain.draft import in_order
from shared.events.codes import Answer, Grade, When
from shared.events.intake import SignFact
from shared.signs import SIGNS, SignId

_CONTRARY = {Answer.SAID: Answer.DENIED, Answer.DENIED: Answer.SAID}


@dataclass(frozen=True, slots=True)
class Found:
    """A sign read from or suspected in a text; its quote is `text[start:end]`. `score`: how sure, in percent."""

    sign: SignId
    answer: Answer
    when: When | None
    date: date | None
    start: int
    end: int
    grade: Grade
    score: int


@dataclass(frozen=True, slots=True)
class Scored:
    """How well a text fits a sign, in percent, and the place that fits best. Worth a question, never a finding."""

    sign: SignId
    score: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class TextReading:
    """What a text says, in the order of its places, and whether some of it is in a language that is not read.

    `model`: the name and version of what read it; None where nothing could read it. `scores`: each sign that the text
    may be about at all, once, the best first; those that are too weak to be suspected are among them.
    """

    found: tuple[Found, ...]
    language_unread: bool
    model: str | None = None
    scores: tuple[Scored, ...] = ()


UNREAD = TextReading((), language_unread=True)
"""What is told of a text that could not be read: it counts upward."""


def facts(reading: TextReading) -> tuple[SignFact, ...]:
    """What is told of a reading: each fact once, at its surest, in the catalogue's order, without its place."""
    surest: dict[tuple[SignId, Answer, When | None, date | None], Found] = {}
    for each in sorted(reading.found, key=_sureness):
        surest[each.sign, each.answer, each.when, each.date] = each
    return in_order(
        SignFact(sign=each.sign, answer=each.answer, when=each.when, date=each.date, grade=each.grade, score=each.score)
        for each in surest.values()
    )


def _sureness(found: Found) -> tuple[bool, int]:
    return found.grade is Grade.READ, found.score


def contradictions(answers: Iterable[SignFact], read: Iterable[SignFact]) -> tuple[SignId, ...]:
    """The signs that the answers say and the text denies, or the other way round. The higher of the two holds.

    An answer contradicts nothing that is only suspected: it clears it.
    """
    answered, said = _highest(answers), _highest(each for each in read if each.grade is not Grade.SUSPECTED)
    return tuple(SignId(sign) for sign in SIGNS if sign in said and answered.get(sign) is _CONTRARY.get(said[sign]))


def _highest(signs: Iterable[SignFact]) -> dict[str, Answer]:
    highest: dict[str, Answer] = {}
    for each in signs:
        highest[each.sign] = max(each.answer, highest.get(each.sign, each.answer), key=lambda answer: answer.rank)
    return highest
