"""Reading a text by the patterns of the lexicon: signs with their places, said or denied, now or earlier, and days.

What patterns say is one voice of the reader (`classifier.py`), and the only one where the encoder cannot run. Denials,
time and days are read by patterns alone.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from services.intake.domain.reading import Found
from services.intake.reading import languages, lexicon
from services.intake.reading.dates import dates_in
from services.intake.reading.scope import Judged, Read, Reader
from services.intake.reading.text import Sentence, Token
from shared.events.codes import Answer, Grade, When
from shared.signs import SignId

SOON = timedelta(days=10)
"""A journey this near is *soon*."""
SCORE = 50
"""How sure a pattern is, in percent: of what patterns find in unseen reports about half is right."""
_WIDEST = 90
IMMINENT = SignId("travel.soon")
JOURNEYS = ("travel.planned", "travel.forced_departure")
DATED = (*JOURNEYS, IMMINENT, "marriage.planned", "marriage.pressure", "body.fgm_risk", "return.forced")
"""Signs that a day belongs to, where their sentence names one."""

LEXICON = lexicon.load()
READER = Reader.of(LEXICON)


@dataclass(frozen=True, slots=True)
class Lexical:
    """What patterns find, by places of the plain text, and the sentences that are in a language they do not know."""

    found: tuple[Found, ...]
    foreign: frozenset[int]
    """By their places in the order of the sentences."""


def read_lexically(text: str, sentences: Sequence[Sentence], *, on: date) -> Lexical:
    """Read a plain text; days count from `on`. What is written twice is read once."""
    placed = [(sentence, text[sentence.start : sentence.end]) for sentence in sentences]
    distinct = {words: sentence for sentence, words in placed}
    foreign = {words for words, sentence in distinct.items() if languages.unread(sentence, LEXICON)}
    read = {words: READER.read(sentence) for words, sentence in distinct.items() if words not in foreign}
    given = frozenset[str]().union(*(each.given for each in read.values() if each))
    found = {
        words: list(_found(distinct[words], each, words, given=given, on=on)) for words, each in read.items() if each
    }
    everything = [_moved(one, sentence.start) for sentence, words in placed for one in found.get(words, ())]
    return Lexical(tuple(everything), frozenset(n for n, (_, words) in enumerate(placed) if words in foreign))


def _moved(found: Found, by: int) -> Found:
    return replace(found, start=found.start + by, end=found.end + by)


def _found(sentence: Sentence, read: Read, words: str, *, given: frozenset[str], on: date) -> Iterator[Found]:
    """What a sentence says; the places count from its beginning."""
    judgements = [each for each in _once(read.signs(given)) if each.sign != IMMINENT or not read.ordinary]
    dated = any(judged.sign in DATED for judged in judgements)
    days = list(dates_in(words, on=on)) if dated else []
    for judged in judgements:
        first, last = read.clauses.around(judged.first, judged.last)
        start, end = (place - sentence.start for place in _place(sentence, judged, first, last))
        end_of_words = sentence.tokens[judged.last].end - sentence.start
        day = nearest(days, end_of_words) if judged.sign in DATED else None
        grade = Grade.READ if judged.answer is Answer.DENIED else Grade.SUSPECTED  # a denial is shown, never counted
        found = Found(judged.sign, judged.answer, judged.when, day, start, end, grade, SCORE)
        yield found
        if judged.sign in JOURNEYS and _imminent(found, on=on) and not read.ordinary:
            yield replace(found, sign=IMMINENT)


def _imminent(found: Found, *, on: date) -> bool:
    near = found.date is not None and found.date - on <= SOON
    return near and found.answer is Answer.SAID and found.when is When.NOW


def _once(signs: Iterable[Judged]) -> Iterator[Judged]:
    """Each sign once where its places overlap: the widest; a denial that names itself goes before what it contains."""
    kept: list[Judged] = []
    for each in sorted(signs, key=_width, reverse=True):
        if not any(_same(each, other) for other in kept):
            kept.append(each)
    yield from kept


def _width(judged: Judged) -> tuple[int, bool, int]:
    return judged.last - judged.first, judged.answer is Answer.DENIED, -judged.first


def _same(one: Judged, other: Judged) -> bool:
    return one.sign == other.sign and one.first <= other.last and other.first <= one.last


def _place(sentence: Sentence, judged: Judged, first: int, last: int) -> tuple[int, int]:
    """The clause where it is short, else the words that say it."""
    tokens: Sequence[Token] = sentence.tokens
    while tokens[first].mark and first < judged.first:
        first += 1
    while tokens[last].mark and last > judged.last:
        last -= 1
    if tokens[last].end - tokens[first].start <= _WIDEST:
        return tokens[first].start, tokens[last].end
    return tokens[judged.first].start, tokens[judged.last].end


def nearest(days: Sequence[tuple[date, int]], place: int) -> date | None:
    """The day that is named nearest to a place."""
    return min(days, key=lambda day: (abs(day[1] - place), day[0]), default=(None, 0))[0]
