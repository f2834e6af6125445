"""Reading free text as coded signs: said or denied, now or earlier, each with its place and how sure the reader is.

Pure. Patterns (`lexical.py`) and a classifier over sentence vectors (`classifier.py`) read together. What is sure is
*read*, what is likely is *suspected*, and everything is shown to a person as found by machine. Nothing here decides how
urgent a report is. Where the encoder cannot run, patterns read alone, and all that they find is suspected.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from typing import TypeVar

from services.intake.domain.plain import Plain, normalise
from services.intake.domain.reading import Found, Scored, TextReading
from services.intake.reading.classifier import Model, NotTrained
from services.intake.reading.dates import dates_in
from services.intake.reading.encoder import Encoder, ModelUnusable, load_encoder
from services.intake.reading.features import Features, features
from services.intake.reading.lexical import DATED, IMMINENT, JOURNEYS, nearest, read_lexically
from services.intake.reading.text import sentences
from services.intake.reading.units import Unit
from shared.calendar import local
from shared.events.codes import Answer, Grade, When
from shared.signs import PLACE, SIGNS, SignId

T = TypeVar("T", Found, Scored)

PATTERNS_ALONE = "patterns-3"
_MARKS = re.compile(r"[\s,;:.–—)-]+")
FAINTEST = 3
"""Percent: what scores less is not worth a question."""
_SIGNS = tuple(SignId(sign) for sign in SIGNS)

__all__ = ["PATTERNS_ALONE", "Found", "TextReading", "read_by_patterns", "read_text", "reader_model"]


@dataclass(frozen=True, slots=True)
class Reader:
    """What reads: the encoder and the trained numbers that belong to it."""

    encoder: Encoder
    model: Model


@cache
def reader() -> Reader | None:
    """The reader of this process, loaded once; None where the encoder cannot run and patterns read alone."""
    try:
        return Reader(load_encoder(), Model.load())
    except (ModelUnusable, NotTrained):
        return None


def reader_model() -> str:
    """The name and version of what reads texts in this process."""
    found = reader()
    return PATTERNS_ALONE if found is None else found.model.version


def read_text(text: str, *, received_at: datetime) -> TextReading:
    """Read a text; days that it names count from the day it was received."""
    found_reader = reader()
    if found_reader is None:
        return read_by_patterns(text, received_at=received_at)
    plain, on = normalise(text), local(received_at).date()
    lexical = read_lexically(plain.text, list(sentences(plain.text)), on=on)
    seen = features(plain.text, lexical.found, found_reader.encoder)
    found, scores = judged(plain.text, seen, lexical.found, found_reader.model, on=on)
    return _told(plain, found, scores, bool(lexical.foreign), found_reader.model.version)


def read_by_patterns(text: str, *, received_at: datetime) -> TextReading:
    """Read a text by patterns alone: all that they find is suspected."""
    plain = normalise(text)
    lexical = read_lexically(plain.text, list(sentences(plain.text)), on=local(received_at).date())
    return _told(plain, lexical.found, _of_patterns(lexical.found), bool(lexical.foreign), PATTERNS_ALONE)


def _told(plain: Plain, found: Iterable[Found], scores: Iterable[Scored], unread: bool, model: str) -> TextReading:
    """The reading with its places in the text as it was written."""
    written = {_as_written(each, plain) for each in found}
    return TextReading(
        tuple(sorted(written, key=_order)), unread, model, tuple(_as_written(each, plain) for each in scores)
    )


def judged(
    text: str, seen: Features, read: Sequence[Found], model: Model, *, on: date
) -> tuple[list[Found], list[Scored]]:
    """What the classifier makes of a plain text in which patterns have found what `read` says.

    A sign is found where it scores best. Denials are those of the patterns: only people deny, they are only shown.
    """
    denied = [each for each in read if each.answer is Answer.DENIED]
    if not seen.units:
        return denied, []
    percent = model.percent(model.logits(seen))
    places, earlier = percent.argmax(axis=0), model.of_earlier(seen)
    best = percent.max(axis=0)
    scored = [
        Scored(sign, int(best[n]), *_words(text, seen.units[places[n]]))
        for n, sign in enumerate(_SIGNS)
        if best[n] >= FAINTEST
    ]
    graded = model.grades(best)
    found = []
    for each in scored:
        n = PLACE[each.sign]
        if (grade := graded[n]) is not None:
            when = When.EARLIER if earlier[places[n]] else When.NOW
            found.append(_placed(text, each, grade, when, read, on=on))
    scores = sorted(scored, key=lambda each: (-each.score, PLACE[each.sign]))
    return [*found, *_imminent(found, read), *denied], scores


def _words(text: str, unit: Unit) -> Unit:
    """The unit without the marks that it begins with."""
    begun = _MARKS.match(text, unit.start, unit.end)
    return Unit(begun.end(), unit.end) if begun and begun.end() < unit.end else unit


def _placed(text: str, scored: Scored, grade: Grade, when: When, read: Sequence[Found], *, on: date) -> Found:
    """The finding where patterns place it more closely, with the day that its unit names."""
    sign, start, end = scored.sign, scored.start, scored.end
    for each in read:
        if each.sign == sign and each.answer is Answer.SAID and each.start < end and each.end > start:
            return replace(each, grade=grade, score=scored.score)
    day = nearest(list(dates_in(text[start:end], on=on)), (end - start) // 2) if sign in DATED else None
    return Found(sign, Answer.SAID, when, day, start, end, grade, scored.score)


def _imminent(found: Sequence[Found], read: Sequence[Found]) -> Iterator[Found]:
    """A near day makes a journey *soon* by the calendar, as surely as the journey itself was found."""
    if any(each.sign == IMMINENT for each in found):
        return
    journeys = [each for each in found if each.sign in JOURNEYS]
    for each in read:
        if each.sign == IMMINENT and each.answer is Answer.SAID and each.date and journeys:
            surest = max(journeys, key=lambda journey: (journey.grade is Grade.READ, journey.score))
            yield replace(each, grade=surest.grade, score=surest.score)
            return


def _of_patterns(found: Iterable[Found]) -> Iterator[Scored]:
    """Each sign that patterns found, at its first place."""
    first: dict[SignId, Scored] = {}
    for each in found:
        if each.answer is Answer.SAID and each.sign not in first:
            first[each.sign] = Scored(each.sign, each.score, each.start, each.end)
    return iter(first.values())


def _as_written(found: T, plain: Plain) -> T:
    start, end = plain.original(found.start, found.end)
    return replace(found, start=start, end=end)


def _order(found: Found) -> tuple[int, int, str, str, str, str]:
    return found.start, found.end, found.sign, found.answer, found.when or "", str(found.date)
