"""CPR numbers: ten digits, the first six a date of birth, the seventh its century (CPR-kontoret, *Personnummeret*).

There is no mod-11 check: numbers without it have been given out since 2007. Replacement numbers carry the day plus 60.
"""

import re
from datetime import date
from typing import NewType

from stdnum.dk import cpr as danish
from stdnum.exceptions import ValidationError

from shared.events.codes import AgeBand

Cpr = NewType("Cpr", str)
"""Ten digits that name a possible date."""

_BANDS = ((6, AgeBand.DAY_CARE), (13, AgeBand.SCHOOL), (18, AgeBand.YOUTH))


def cpr_of(written: str) -> Cpr | None:
    """The number as ten digits; None where it is none."""
    digits = re.sub(r"[\s-]", "", written)
    if not re.fullmatch(r"[0-9]{10}", digits):
        return None
    try:
        danish.get_birth_date(_without_replacement(digits))
    except ValidationError:
        return None
    return Cpr(digits)


def age_band(cpr: Cpr, on: date) -> AgeBand:
    """The age band on a day."""
    born: date = danish.get_birth_date(_without_replacement(cpr))
    age = on.year - born.year - ((on.month, on.day) < (born.month, born.day))
    return next((band for below, band in _BANDS if age < below), AgeBand.ADULT)


def _without_replacement(digits: str) -> str:
    return f"{int(digits[0]) - 6}{digits[1:]}" if digits[0] in "6789" else digits
