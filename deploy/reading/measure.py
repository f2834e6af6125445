"""What the reader is worth on texts of an author it has not learnt from, and the thresholds that follow from it.

Everything is counted over whole reports: sentences of one report are not independent of each other. A model that learnt
from the bank and one author's reports scores the other author's, and the other way round.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from deploy.reading.bank import Example
from deploy.reading.fit import Seen, fitted
from services.intake.domain.draft import Draft, read_draft
from services.intake.domain.questions import MOST, chosen
from services.intake.domain.reading import Scored
from services.intake.reading import FAINTEST
from services.intake.reading.classifier import RED_LINES, Model
from services.triage import rules
from services.triage.domain import ReportFacts, rate
from shared.calendar import local
from shared.events.codes import Answer, Grade, Level, When
from shared.events.intake import SignFact
from shared.ids import ReportId
from shared.signs import PLACE, SIGNS, SignId

READ_AT = {True: 93, False: 87}
"""Percent from which a sign is read, for red lines (tier acute) and the others: right nine times in ten or nearly."""
SUSPECTED_AT = 6
"""Percent from which a sign that is no red line is suspected."""
RED_LINE_AT = 27
"""Percent from which a red line is suspected, alone or all of them together."""
DOES_NOT_KNOW = 0.1
MORE = 2
"""Questions that are asked after the form's six."""
_NOBODYS = ReportId(UUID(int=0))
_SIGNS = tuple(SignId(sign) for sign in SIGNS)


@dataclass(frozen=True, slots=True)
class Scores:
    """What a report scored for each sign, by a model that had not seen its author."""

    seen: Seen
    logits: NDArray[np.float32]

    @property
    def example(self) -> Example:
        return self.seen.example


def across(reports: Sequence[Seen], sentences: Sequence[Seen]) -> list[Scores]:
    """Every report scored by a model that learnt from the bank and the other authors' reports."""
    authors = sorted({each.example.author for each in reports})
    return [
        scores
        for author in authors
        for scores in scored(
            fitted([*sentences, *(each for each in reports if each.example.author != author)]),
            [each for each in reports if each.example.author == author],
        )
    ]


def in_folds(reports: Sequence[Seen], sentences: Sequence[Seen], *, folds: int = 5) -> list[Scores]:
    """Every report scored by a model that learnt from the bank and four fifths of the reports."""
    return [
        scores
        for fold in range(folds)
        for scores in scored(
            fitted([*sentences, *(each for n, each in enumerate(reports) if n % folds != fold)]),
            [each for n, each in enumerate(reports) if n % folds == fold],
        )
    ]


def scored(model: Model, reports: Sequence[Seen]) -> Iterator[Scores]:
    """What each report scores: the best of its units for each sign."""
    for each in reports:
        logits = model.logits(each.features)
        yield Scores(each, logits.max(axis=0) if len(logits) else np.full(len(PLACE), -30, np.float32))


def calibrated(model: Model, scores: Sequence[Scores]) -> Model:
    """The model with what its scores are worth (Platt 1999), and its thresholds."""
    counted = np.array([_counts(each.example) for each in scores])
    logits = np.array([each.logits for each in scores], np.float64)[counted]
    said = np.array([_said(each.example) for each in scores])[counted]

    def loss(numbers: NDArray[np.float64]) -> float:
        sure = 1 / (1 + np.exp(-(numbers[0] * logits + numbers[1])))
        return float(-np.where(said, np.log(sure + 1e-9), np.log(1 - sure + 1e-9)).sum())

    slope, shift = minimize(loss, [1.0, 0.0], method="Nelder-Mead").x
    read_at = np.array([READ_AT[bool(red)] for red in RED_LINES], np.float32)
    suspected_at = np.where(RED_LINES, RED_LINE_AT, SUSPECTED_AT).astype(np.float32)
    return replace(
        model,
        slope=round(float(slope), 4),
        shift=round(float(shift), 4),
        read_at=read_at,
        suspected_at=suspected_at,
        red_line_at=float(RED_LINE_AT),
    )


def _said(example: Example) -> NDArray[np.bool_]:
    return np.array([sign in example.signs for sign in _SIGNS])


def _counts(example: Example) -> NDArray[np.bool_]:
    return np.array([sign not in example.open for sign in _SIGNS])


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one report: how many signs were read and suspected, rightly or not, and how it was rated."""

    example: Example
    read: int
    read_right: int
    suspected: int
    found_right: int
    said: int
    text_alone: Level
    asked: Level

    @property
    def acute(self) -> bool:
        """Whether nothing but acute is right."""
        return Level(_expected(self.example, "level_min")) is Level.ACUTE

    @property
    def innocent(self) -> bool:
        """Whether it must not be high."""
        return Level(_expected(self.example, "level_max")).rank <= Level.ELEVATED.rank

    @property
    def in_range(self) -> bool:
        """Whether it is rated rightly once the questions were answered."""
        lowest, highest = (Level(_expected(self.example, end)).rank for end in ("level_min", "level_max"))
        return lowest <= self.asked.rank <= highest


def _expected(example: Example, name: str) -> str:
    assert example.expect is not None
    return str(example.expect[name])


def outcomes(scores: Sequence[Scores], model: Model, *, seed: int = 1) -> list[Outcome]:
    """What becomes of each report with the model's calibration and thresholds; reporters answer from the labels."""
    chance = random.Random(seed)
    return [_outcome(each, model, chance) for each in scores]


def _outcome(scores: Scores, model: Model, chance: random.Random) -> Outcome:
    example = scores.example
    percent = model.percent(scores.logits)
    found = {
        sign: (grade, int(score))
        for sign, score, grade in zip(_SIGNS, percent, model.grades(percent), strict=True)
        if grade is not None
    }
    counted = {sign: grade for sign, (grade, _) in found.items() if sign not in example.open}
    read = [sign for sign, grade in counted.items() if grade is Grade.READ]
    assert example.body is not None
    draft = read_draft(example.body, on=local(example.received_at).date())
    facts = [
        SignFact(sign=sign, answer=Answer.SAID, when=When.NOW, grade=grade, score=score)
        for sign, (grade, score) in found.items()
    ]
    answers = _answers(example, percent, draft, chance)
    return Outcome(
        example,
        read=len(read),
        read_right=len(example.signs.intersection(read)),
        suspected=len(counted) - len(read),
        found_right=len(example.signs.intersection(counted)),
        said=len(example.signs),
        text_alone=_level(example, draft, facts),
        asked=_level(example, draft, [*facts, *answers]),
    )


def _answers(example: Example, percent: NDArray[np.int64], draft: Draft, chance: random.Random) -> list[SignFact]:
    """The answers to the form's six questions, and to the first two of those that are asked then."""
    places = [Scored(sign, int(score), 0, 1) for sign, score in zip(_SIGNS, percent, strict=True) if score >= FAINTEST]
    answers: list[SignFact] = []
    for most in (MOST, MORE):
        then = replace(draft, signs=(*draft.signs, *answers))
        answers += [_answer(example, question.sign, chance) for question in chosen(then, places)[:most]]
    return answers


def _answer(example: Example, sign: SignId, chance: random.Random) -> SignFact:
    """A truthful answer, by the labels; now and then somebody does not know."""
    if chance.random() < DOES_NOT_KNOW:
        return SignFact(sign=sign, answer=Answer.UNKNOWN)
    for each in example.said:
        if each.sign == sign:
            when = When.EARLIER if each.earlier else When.NOW
            return SignFact(sign=sign, answer=Answer.SAID, when=when)
    return SignFact(sign=sign, answer=Answer.DENIED, when=When.NOW)


def _level(example: Example, draft: Draft, facts: Sequence[SignFact]) -> Level:
    bands = tuple(child.age_band for child in draft.children)
    report = ReportFacts(_NOBODYS, example.received_at, (*draft.signs, *facts), bands)
    return rate([report], rules.newest(), as_of=example.received_at).level


@dataclass(frozen=True, slots=True)
class Figure:
    """A share with its 95 % interval, by drawing the reports anew a thousand times (bootstrap)."""

    name: str
    value: float
    low: float
    high: float
    wanted: str


def figures(results: Sequence[Outcome]) -> Iterator[Figure]:
    """What the design wants to be measured, over these reports."""
    for name, wanted, share in (
        ("*read* is right", "≥ 85 %", _ratio(lambda one: one.read_right, lambda one: one.read)),
        ("of what is said, *read*", "", _ratio(lambda one: one.read_right, lambda one: one.said)),
        ("of what is said, *read* or *suspected*", "≥ 70 %", _ratio(lambda one: one.found_right, lambda one: one.said)),
        ("*suspected* a report", "≤ 7", _ratio(lambda one: one.suspected, lambda one: 1)),
        ("text alone: acute rated below high", "≤ 2 of 26", _among("acute", lambda one: _below_high(one.text_alone))),
        ("text alone: innocent rated high", "≤ 40 %", _among("innocent", lambda one: not _below_high(one.text_alone))),
        ("text alone: innocent rated acute", "≤ 5 %", _among("innocent", lambda one: one.text_alone is Level.ACUTE)),
        ("after 8 answers: in range", "≥ 88 %", _ratio(lambda one: one.in_range, lambda one: 1)),
        ("after 8 answers: acute rated below high", "≤ 2 of 26", _among("acute", lambda one: _below_high(one.asked))),
    ):
        value = share(results)
        draws = random.Random(7)
        drawn = sorted(share(draws.choices(results, k=len(results))) for _ in range(1000))
        yield Figure(name, value, drawn[25], drawn[974], wanted)


def _below_high(level: Level) -> bool:
    return level.rank < Level.HIGH.rank


Share = Callable[[Sequence[Outcome]], float]


def _ratio(counted: Callable[[Outcome], float], of: Callable[[Outcome], float]) -> Share:
    return lambda results: sum(map(counted, results)) / max(sum(map(of, results)), 1)


def _among(kind: str, counted: Callable[[Outcome], bool]) -> Share:
    return lambda results: (
        sum(counted(one) for one in results if getattr(one, kind)) / max(sum(getattr(one, kind) for one in results), 1)
    )
