"""Bars across a week or the next hours, as places in thousandths of the width: for inline SVG."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from services.escalation.domain.shift import Duty
from shared.calendar import COPENHAGEN, local


@dataclass(frozen=True, slots=True)
class Bar:
    """From where and how wide; `kind`, its class: duty, one (less than there should be), gap."""

    x: int
    width: int
    kind: str


def of_week(days: Sequence[Sequence[Duty]]) -> list[Bar]:
    """A unit's week: where somebody is on call, and where nobody is."""
    spans = [duty for day in days for duty in day]
    start, end = spans[0].span.starts_at, spans[-1].span.ends_at
    return [
        _bar(each.span.starts_at, each.span.ends_at, start, end, "duty" if each.people else "gap") for each in spans
    ]


def of_reach(reach: Mapping[str, Any]) -> list[Bar]:
    """The next hours: covered but for the gaps, in which less or nobody can be reached."""
    start, end = _ends(reach)
    lacking = [
        _bar(_at(gap["starts_at"]), _at(gap["ends_at"]), start, end, "gap" if gap["lack"] == "nobody" else "one")
        for gap in reach["gaps"]
    ]
    covered, x = [], 0
    for bar in sorted(lacking, key=lambda bar: bar.x):
        covered.append(Bar(x, bar.x - x, "duty"))
        x = bar.x + bar.width
    return [bar for bar in (*covered, Bar(x, 1000 - x, "duty")) if bar.width > 1] + lacking


def days_of(reach: Mapping[str, Any]) -> list[tuple[int, datetime]]:
    """Where each new day begins in the next hours."""
    start, end = _ends(reach)
    first = local(start).date() + timedelta(days=1)
    midnights = (datetime.combine(first + timedelta(days=n), time(), COPENHAGEN) for n in range(15))
    return [(_bar(each, end, start, end, "").x, each) for each in midnights if each < end]


def _ends(reach: Mapping[str, Any]) -> tuple[datetime, datetime]:
    start = _at(reach["quarters"][0]["at"])
    return start, start + timedelta(hours=reach["hours"])


def _at(written: str) -> datetime:
    return datetime.fromisoformat(written)


def _bar(starts_at: datetime, ends_at: datetime, start: datetime, end: datetime, kind: str) -> Bar:
    x, last = (round(1000 * ((each - start) / (end - start))) for each in (starts_at, min(ends_at, end)))
    return Bar(x, max(1, last - x), kind)
