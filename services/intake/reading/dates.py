"""Dates as people write them ("på fredag", "d. 18.", "om 14 dage"), counted from the day the report came in."""

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta

from services.intake.domain.draft import LIFE
from services.intake.domain.plain import normalise

_DAYS = ("mandag", "tirsdag", "onsdag", "torsdag", "fredag", "lørdag", "søndag")
_MONTHS = ("jan", "feb", "mar", "apr", "maj", "jun", "jul", "aug", "sep", "okt", "nov", "dec")
_NUMBERS = {"en": 1, "et": 1, "to": 2, "tre": 3, "fire": 4, "fem": 5, "seks": 6, "syv": 7, "otte": 8, "ni": 9, "ti": 10}
_NUMBERS |= {"par": 2, "få": 3, "nogle": 3, "fjorten": 14, "tyve": 20, "tredive": 30}
_SPANS = {"time": 0, "dag": 1, "døgn": 1, "uge": 7, "måned": 30}
_FEASTS = {
    "nytår": (1, 1), "juleferien": (12, 20), "juleferie": (12, 20), "jul": (12, 24), "sommerferien": (6, 27),
    "sommerferie": (6, 27), "sommer": (6, 27), "sommeren": (6, 27),
}  # fmt: skip
_TYPED = (("paa ", "på "), ("naeste", "næste"), ("maaned", "måned"), ("loerdag", "lørdag"), ("soendag", "søndag"))
_WEEKS = {"efterårsferie": 42, "vinterferie": 7}
_MONTH = (
    r"(jan(?:uar)?|feb(?:ruar)?|marts?|apr(?:il)?|maj|juni?|juli?|aug(?:ust)?|sep(?:t|tember)?|okt(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)"
)

Reading = Callable[[re.Match[str], date], date | None]


def dates_in(text: str, *, on: date) -> Iterator[tuple[date, int]]:
    """The coming days that a sentence names, each with its place. `on` is the day of receipt, in Copenhagen."""
    plain = normalise(text)
    low = plain.text.lower()
    for typed, meant in _TYPED:
        low = low.replace(typed, meant)
    for pattern, read in _READERS:
        for match in pattern.finditer(low):
            day = read(match, on)
            if day is not None and abs(day - on) <= LIFE:
                yield day, plain.original(min(match.start(), len(plain.text)), len(plain.text))[0]
        if pattern is _YEAR_FIRST:
            low = pattern.sub(lambda match: " " * len(match[0]), low)


def _in_span(match: re.Match[str], on: date) -> date | None:
    count = int(match[1]) if match[1].isdigit() else _NUMBERS.get(match[1], 1)
    days = next(days for word, days in _SPANS.items() if match[2].startswith(word))
    return on + timedelta(days=min(count, 999) * days)


def _year_first(match: re.Match[str], on: date) -> date | None:
    return _in_year(int(match[1]), int(match[2]), int(match[3]), on)


def _weekday(match: re.Match[str], on: date) -> date:
    ahead = (_DAYS.index(match[1]) - on.weekday()) % 7
    return on + timedelta(days=ahead or 7)


def _near(match: re.Match[str], on: date) -> date:
    word = match[0]
    if "overmorgen" in word:
        return on + timedelta(days=2)
    if "morgen" in word:
        return on + timedelta(days=1)
    return on


def _next_week(_match: re.Match[str], on: date) -> date:
    return on + timedelta(days=7 - on.weekday())


def _weekend(_match: re.Match[str], on: date) -> date:
    return on + timedelta(days=(5 - on.weekday()) % 7)


def _day_of_month(match: re.Match[str], on: date) -> date | None:
    """The next such day of a month."""
    first = on.replace(day=1)
    for _ in range(2):
        day = _dated(first.year, first.month, int(match[1]))
        if day and day >= on:
            return day
        first = (first + timedelta(days=32)).replace(day=1)
    return None


def _numeric(match: re.Match[str], on: date) -> date | None:
    return _of(match[3], int(match[2]), int(match[1]), on)


def _named_month(match: re.Match[str], on: date) -> date | None:
    return _of(match[3], 1 + _MONTHS.index(match[2][:3]), int(match[1]), on)


def _of(year: str | None, month: int, day: int, on: date) -> date | None:
    """The day of the year that is written; where none is, the next such day."""
    return _in_year(2000 + int(year) % 100, month, day, on) if year else _coming(month, day, on)


def _in_year(year: int, month: int, day: int, on: date) -> date | None:
    """A coming day of that year; one that has passed is none that anything is planned for."""
    found = _dated(year, month, day)
    return found if found and found >= on else None


def _month_alone(match: re.Match[str], on: date) -> date | None:
    month = 1 + _MONTHS.index(match[1][:3])
    return on if month == on.month else _coming(month, 1, on)


def _feast(match: re.Match[str], on: date) -> date | None:
    return _coming(*_FEASTS[match[1]], on)


def _school_week(match: re.Match[str], on: date) -> date:
    return _in_week(_WEEKS[match[1]], on)


def _week_number(match: re.Match[str], on: date) -> date | None:
    number = int(match[1])
    return _in_week(number, on) if 1 <= number <= 53 else None


def _in_week(number: int, on: date) -> date:
    """The Monday of the next such week that is not over; not every year has a week 53 (ISO 8601)."""
    year = on.isocalendar().year
    mondays = (date.fromisocalendar(each, 1, 1) + timedelta(weeks=number - 1) for each in range(year, year + 8))
    return next(day for day in mondays if day.isocalendar().week == number and day + timedelta(days=6) >= on)


def _coming(month: int, day: int, on: date) -> date | None:
    this = _dated(on.year, month, day)
    return this if this and this >= on else _dated(on.year + 1, month, day)


def _dated(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


_YEAR_FIRST = re.compile(r"\b(20\d\d) ?[-/.] ?(\d{1,2}) ?[-/.] ?(\d{1,2})\b")
"""Read first, and its digits are nothing else then: `2026-03-07` is no 3 July."""
_READERS: tuple[tuple[re.Pattern[str], Reading], ...] = (
    (_YEAR_FIRST, _year_first),
    (re.compile(r"\bom (?:ca\.? )?(?:et |en )?(\d{1,3}|\w+) (timer?|dage?|døgn|uger?|måned(?:er)?)\b"), _in_span),
    (re.compile(r"\b(?:på|nu|kommende|førstkommende|næste) (" + "|".join(_DAYS) + r")\b"), _weekday),
    (re.compile(r"(?<!hver )(?<!sidste )(?<!forrige )(?<!hveranden )(?<!om )\b(" + "|".join(_DAYS) + r")\b"), _weekday),
    (re.compile(r"\b(?:i ?overmorgen|i ?morgen(?!tid)|i ?dag|i ?aften|i ?nat|i ?eftermiddag)\b"), _near),
    (re.compile(r"\b(?:i )?næste uge\b"), _next_week),
    (re.compile(r"\b(?:i|på|til|nu) weekenden\b|\bkommende weekend\b"), _weekend),
    (re.compile(r"\b(?:d\.?|den) (\d{1,2})\b(?!\.? ?(?:" + _MONTH + r"|/|\d))"), _day_of_month),
    (re.compile(r"\b(\d{1,2}) ?[/.-] ?(\d{1,2})(?:[-/. ]+((?:20)?\d\d))?\b(?![.:]?\d)"), _numeric),
    (re.compile(r"\b(\d{1,2})\.? " + _MONTH + r"\b(?:,? (20\d\d)\b)?"), _named_month),
    (re.compile(r"\b(?:i|til) " + _MONTH + r"\b"), _month_alone),
    (re.compile(r"\b(?:til|i|inden|før|over) (" + "|".join(_FEASTS) + r")\b"), _feast),
    (re.compile(r"\b(?:til|i|inden|før) (" + "|".join(_WEEKS) + r")n?\b"), _school_week),
    (re.compile(r"(?<!hver )(?<!per )(?<!om )\buge ?(\d{1,2})\b(?! gange)"), _week_number),
)  # fmt: skip
