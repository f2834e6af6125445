"""CPR numbers: ten digits, the first six a date of birth, the seventh its century (CPR-kontoret, *Personnummeret*).

There is no mod-11 check: numbers without it have been given out since 2007. Replacement numbers carry the day plus 60.
"""

import re
from datetime import date
from enum import StrEnum
from typing import NewType

from stdnum.dk import cpr as danish
from stdnum.exceptions import ValidationError

from services.intake.domain.plain import normalise
from shared.events.codes import AgeBand

Cpr = NewType("Cpr", str)
"""Ten digits that name a possible date."""


class NoCpr(StrEnum):
    """Why what was written is no CPR number."""

    NOT_TEN_DIGITS = "not_ten_digits"
    NO_SUCH_DAY = "no_such_day"


_BANDS = ((6, AgeBand.DAY_CARE), (13, AgeBand.SCHOOL), (18, AgeBand.YOUTH))
_LABEL = re.compile(r"(?:cpr|personnummer|person)[- .]*(?:nummer|nr|no|number)?[ .:#]*", re.IGNORECASE)
_BETWEEN = re.compile(r"[\s.,/·_()\[\]\-\u2012-\u2015\u2212]+")
_WITH_CENTURY = re.compile(r"([0-9]{4})((?:18|19|20)[0-9]{2})([0-9]{4})")


def cpr_of(written: str) -> Cpr | None:
    """The number as ten digits; None where it is none."""
    read = read_cpr(written)
    return None if isinstance(read, NoCpr) else read


def read_cpr(written: str) -> Cpr | NoCpr:
    """The number as ten digits, however it was pasted; with its year in four digits where the seventh agrees."""
    digits = _BETWEEN.sub("", _LABEL.sub("", normalise(written).text, count=1))
    with_century = _WITH_CENTURY.fullmatch(digits)
    if with_century:
        digits = with_century[1] + with_century[2][2:] + with_century[3]
    if not re.fullmatch(r"[0-9]{10}", digits):
        return NoCpr.NOT_TEN_DIGITS
    born = _born(digits)
    if born is None or (with_century and born.year != int(with_century[2])):
        return NoCpr.NO_SUCH_DAY
    return Cpr(digits)


def age_band(cpr: Cpr, on: date) -> AgeBand:
    """The age band on a day."""
    born = _born(cpr)
    assert born is not None
    age = on.year - born.year - ((on.month, on.day) < (born.month, born.day))
    return next((band for below, band in _BANDS if age < below), AgeBand.ADULT)


def _born(digits: str) -> date | None:
    try:
        born: date = danish.get_birth_date(_without_replacement(digits))
    except ValidationError:
        return None
    return born


def _without_replacement(digits: str) -> str:
    return f"{int(digits[0]) - 6}{digits[1:]}" if digits[0] in "6789" else digits
