"""Reading Danish free text as coded signs: said or denied, now or earlier, each with its place in the text.

Pure: the lexicon (`lexicon/*.toml`, `words.toml`, `scope.toml`) is loaded once, at import. Nothing here decides how
urgent a report is, and everything found is shown to a person as read by machine.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from services.intake.domain.plain import Plain, normalise
from services.intake.domain.reading import Found, Scored, TextReading
from services.intake.reading import languages, lexicon
from services.intake.reading.dates import dates_in
from services.intake.reading.scope import Judged, Read, Reader
from services.intake.reading.text import Sentence, Token, sentences
from shared.calendar import local
from shared.events.codes import Answer, Grade, When
from shared.signs import SignId

SOON = timedelta(days=10)
"""A journey this near is *soon*."""
MODEL = "patterns-3"
SCORE = 50
"""How sure a pattern is, in percent: of what patterns find in unseen reports about half is right."""
_WIDEST = 90
_IMMINENT = SignId("travel.soon")
_JOURNEYS = ("travel.planned", "travel.forced_departure")
_DATED = (*_JOURNEYS, _IMMINENT, "marriage.planned", "marriage.pressure", "body.fgm_risk", "return.forced")
"""Signs that a day belongs to, where their sentence names one."""

__all__ = ["LEXICON", "READER", "Found", "TextReading", "read_text"]

LEXICON = lexicon.load()
READER = Reader.of(LEXICON)


def read_text(text: str, *, received_at: datetime) -> TextReading:
    """Read a text; days that it names count from the day it was received. What is written twice is read once."""
    on = local(received_at).date()
    plain = normalise(text)
    placed = [(sentence, plain.text[sentence.start : sentence.end]) for sentence in sentences(plain.text)]
    distinct = {words: sentence for sentence, words in placed}
    foreign = {words for words, sentence in distinct.items() if languages.unread(sentence, LEXICON)}
    read = {words: READER.read(sentence) for words, sentence in distinct.items() if words not in foreign}
    given = frozenset[str]().union(*(each.given for each in read.values() if each))
    found = {
        words: list(_found(distinct[words], each, words, given=given, on=on)) for words, each in read.items() if each
    }
    everything = (_moved(one, sentence.start) for sentence, words in placed for one in found.get(words, ()))
    written = (_as_written(one, plain) for one in everything)
    result = tuple(sorted(set(written), key=_order))
    return TextReading(result, bool(foreign), MODEL, _scores(result))


def _scores(found: Iterable[Found]) -> tuple[Scored, ...]:
    """Each sign that was found, at its first place."""
    said = (each for each in found if each.answer is Answer.SAID)
    first = {each.sign: Scored(each.sign, each.score, each.start, each.end) for each in reversed([*said])}
    return tuple(sorted(first.values(), key=lambda each: each.start))


def _as_written(found: Found, plain: Plain) -> Found:
    """The finding with its place in the text as it was written."""
    start, end = plain.original(found.start, found.end)
    return replace(found, start=start, end=end)


def _moved(found: Found, by: int) -> Found:
    return replace(found, start=found.start + by, end=found.end + by)


def _order(found: Found) -> tuple[int, int, str, str, str, str]:
    return found.start, found.end, found.sign, found.answer, found.when or "", str(found.date)


def _found(sentence: Sentence, read: Read, words: str, *, given: frozenset[str], on: date) -> Iterator[Found]:
    """What a sentence says; the places count from its beginning."""
    judgements = [each for each in _once(read.signs(given)) if each.sign != _IMMINENT or not read.ordinary]
    dated = any(judged.sign in _DATED for judged in judgements)
    days = list(dates_in(words, on=on)) if dated else []
    for judged in judgements:
        first, last = read.clauses.around(judged.first, judged.last)
        start, end = (place - sentence.start for place in _place(sentence, judged, first, last))
        end_of_words = sentence.tokens[judged.last].end - sentence.start
        day = _nearest(days, end_of_words) if judged.sign in _DATED else None
        found = Found(judged.sign, judged.answer, judged.when, day, start, end, Grade.READ, SCORE)
        yield found
        if judged.sign in _JOURNEYS and _imminent(found, on=on) and not read.ordinary:
            yield replace(found, sign=_IMMINENT)


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


def _nearest(days: Sequence[tuple[date, int]], place: int) -> date | None:
    return min(days, key=lambda day: (abs(day[1] - place), day[0]), default=(None, 0))[0]
