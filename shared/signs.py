"""The catalogue of signs [tegn]: the coded observations that a report can say or deny (`signs.csv`).

`questions.csv` holds the words in which form and console ask for the red lines among them, in their order.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, NewType

from pydantic import AfterValidator, WithJsonSchema


@dataclass(frozen=True, slots=True)
class Sign:
    """One sign: its tier (acute, high, strong, concern), whether it is a gate, its words, the rule set it came with.

    A rule set knows the signs of its own version and before, so that a later sign changes no earlier rating.
    """

    id: str
    tier: str
    gate: bool
    danish: str
    english: str
    note: str
    since: int


@dataclass(frozen=True, slots=True)
class Question:
    """How a person is asked for a sign; `{b}` stands for whom it is about. `dated` asks *when* as well.

    Without `day_care` it is not asked about the youngest; unasked is *unknown*, never *denied*. `own_danish` and
    `own_english` ask a reporter whom it is about, where the other words do not fit.
    """

    section: str
    sign: str
    day_care: bool
    dated: bool
    danish: str
    english: str
    own_danish: str
    own_english: str


def _rows(name: str, *flags: str) -> Iterator[dict[str, Any]]:
    with Path(__file__).with_name(name).open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter=";"):
            yield {**row, **{flag: row[flag] == "yes" for flag in flags}}


def _sign(row: dict[str, Any]) -> Sign:
    return Sign(**{**row, "since": int(row["since"])})


SIGNS: Mapping[str, Sign] = MappingProxyType({row["id"]: _sign(row) for row in _rows("signs.csv", "gate")})
_ALL = tuple(Question(**row) for row in _rows("questions.csv", "day_care", "dated"))
QUESTIONS: tuple[Question, ...] = tuple(each for each in _ALL if each.section != "suspected")
"""What the form asks about everybody. The others are asked only where a text is suspected to say it."""
QUESTION_OF: Mapping[str, Question] = MappingProxyType({each.sign: each for each in _ALL})
"""How a sign is asked for, by its id: every sign has a question."""


def _known(value: str) -> str:
    if value not in SIGNS:
        raise ValueError("not a sign of the catalogue")
    return value


SignId = NewType("SignId", str)
KnownSign = Annotated[SignId, AfterValidator(_known), WithJsonSchema({"type": "string", "enum": list(SIGNS)})]
"""A sign id in an event: one of the catalogue's, so that no event can carry free text in its place."""
PLACE: Mapping[SignId, int] = MappingProxyType({SignId(sign): place for place, sign in enumerate(SIGNS)})
"""Where each sign stands in the catalogue."""
