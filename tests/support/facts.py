"""Reports for triage in a short notation: `fear.extreme !violence.now ?threat.concrete travel.planned@now+9`.

`!` denies, `?` says that nobody knows, `@now` and `@earlier` give the time, `+9` a date nine days after `AS_OF`. What
the reader found begins with `*` where it is read and with `~` where it is suspected; `%70` is how sure it is.
"""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from services.triage.domain import Rating, ReportFacts, RuleSet, rate
from services.triage.rules import newest
from shared.events.codes import AgeBand, Answer, Grade, When
from shared.events.intake import SignFact
from shared.ids import ReportId, derived_id
from shared.signs import SignId

AS_OF = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
TODAY = date(2026, 3, 10)
RULES = newest()
NO_DANGER = "!threat.concrete !violence.now"
_NOTATION = re.compile(r"([~*]?)([!?]?)([a-z_.]+)(?:@(now|earlier))?([+-]\d+)?(?:%(\d+))?")
_GRADES = {"": Grade.SAID, "*": Grade.READ, "~": Grade.SUSPECTED}
_ANSWERS = {"": Answer.SAID, "?": Answer.UNKNOWN, "!": Answer.DENIED}


def signs(notation: str) -> tuple[SignFact, ...]:
    """The facts of the notation."""
    return tuple(_fact(word) for word in notation.split())


def _fact(word: str) -> SignFact:
    match = _NOTATION.fullmatch(word)
    assert match, word
    grade, answer, sign, when, days, score = match.groups()
    return SignFact(
        sign=SignId(sign),
        answer=_ANSWERS[answer],
        when=When(when) if when else None,
        date=TODAY + timedelta(days=int(days)) if days else None,
        grade=_GRADES[grade],
        score=int(score or 50) if grade else None,
    )


def report(notation: str = "", *, n: int = 1, bands: Sequence[AgeBand] = (AgeBand.YOUTH,), **more: Any) -> ReportFacts:
    """Report number `n`, received at `AS_OF`."""
    fields = {"report_id": ReportId(derived_id("report", n)), "received_at": AS_OF, "age_bands": tuple(bands)}
    return ReportFacts(**{**fields, "signs": signs(notation), **more})


def rated(*reports: ReportFacts | str, rules: RuleSet = RULES, as_of: datetime = AS_OF) -> Rating:
    """The rating of reports, each given whole or in the notation."""
    whole = [each if isinstance(each, ReportFacts) else report(each, n=n) for n, each in enumerate(reports, start=1)]
    return rate(whole, rules, as_of=as_of)
