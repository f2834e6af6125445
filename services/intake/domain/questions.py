"""Choosing what a reporter is asked about a report: at most six questions, the most telling first.

What the text may say comes first, by how surely and by how much it would weigh; then gates that nobody answered, and
the red lines that would raise most. Measured in docs/reading.md: with truthful answers to these more reports are rated
rightly than with gates first.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.intake.domain.draft import Draft
from services.intake.domain.reading import Scored
from shared.events.codes import AgeBand
from shared.signs import PLACE, QUESTION_OF, QUESTIONS, SIGNS, SignId

MOST = 6
WEIGHT = {"acute": 1.0, "high": 1.0, "strong": 0.7, "concern": 0.6}
"""What a sign's score weighs, by its tier."""
_TIERS = tuple(WEIGHT)
_YOUNG = frozenset((AgeBand.DAY_CARE, AgeBand.UNBORN))


class Why(StrEnum):
    """Why a question is asked: the text may say it, it is a gate, or it would raise most."""

    SUSPECTED = "suspected"
    GATE = "gate"
    WOULD_RAISE = "would_raise"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that is asked. `place`: where the text may say it, first and last; None where it may not."""

    sign: SignId
    why: Why
    place: tuple[int, int] | None = None


def chosen(draft: Draft, scores: Iterable[Scored]) -> list[Asked]:
    """The questions for a report that was answered so far, with what its text may say. Nothing is asked twice."""
    answered = {fact.sign for fact in draft.signs}
    ages = {child.age_band for child in draft.children}
    young = bool(ages) and ages <= _YOUNG
    asked: dict[SignId, Asked] = {}
    for each in _in_turn(sorted(scores, key=_weight, reverse=True)):
        if each.sign not in answered and (QUESTION_OF[each.sign].day_care or not young):
            asked.setdefault(each.sign, each)
        if len(asked) == MOST:
            break
    return list(asked.values())


def _in_turn(scores: Sequence[Scored]) -> Iterator[Asked]:
    yield from (Asked(each.sign, Why.SUSPECTED, (each.start, each.end)) for each in scores)
    yield from (Asked(SignId(sign.id), Why.GATE) for sign in SIGNS.values() if sign.gate)
    rest = sorted(QUESTIONS, key=lambda question: _TIERS.index(SIGNS[question.sign].tier))
    yield from (Asked(SignId(question.sign), Why.WOULD_RAISE) for question in rest)


def _weight(scored: Scored) -> tuple[float, int]:
    return scored.score * WEIGHT[SIGNS[scored.sign].tier], -PLACE[scored.sign]
