"""Three kinds of time: elapsed (UTC instants), local (Copenhagen wall time) and hverdage (the legal calendar)."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from holidays.countries.denmark import Denmark

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
ACUTE_JUDGEMENT = timedelta(hours=24)
RECEIPT_HVERDAGE = 6
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
"""Moments that come from outside lie between these two: far enough from `datetime`'s own ends that no sum overflows.

The databases refuse what lies a century beyond (`shared/postgres/bounds.sql`).
"""


def in_bounds(when: date) -> bool:
    """Whether a day, or an aware moment, is one that any act of ours can be about."""
    if isinstance(when, datetime):
        return EARLIEST <= when <= LATEST
    return EARLIEST.date() <= when <= LATEST.date()


def saturated(at: datetime) -> datetime:
    """The moment; the nearest one in bounds where it lies outside."""
    return min(max(at, EARLIEST), LATEST)


def wall_time(written: str) -> datetime:
    """Copenhagen wall time as a form sends it (`2026-12-01T16:00`). Raises `ValueError` where it is none in bounds."""
    wall = datetime.fromisoformat(written).replace(tzinfo=None)
    if not in_bounds(wall.replace(tzinfo=UTC)):
        raise ValueError("outside the years that anything here can be about")
    return wall


def wall_instant(written: str) -> datetime | None:
    """The instant of a wall time as a form sends it; None where it is none in bounds."""
    try:
        return wall_time(written).replace(tzinfo=COPENHAGEN).astimezone(UTC)
    except ValueError:
        return None


def judge_by(received_at: datetime) -> datetime:
    """The last moment to judge acute danger: 24 elapsed hours after receipt, DST nights too (Barnets lov § 136)."""
    return saturated(received_at).astimezone(UTC) + ACUTE_JUDGEMENT


def local(instant: datetime) -> datetime:
    """The instant as Copenhagen wall time."""
    try:
        return instant.astimezone(COPENHAGEN)
    except OverflowError:
        return saturated(instant).astimezone(COPENHAGEN)


def instants(wall: datetime) -> tuple[datetime, ...]:
    """When Copenhagen's clocks show this, earliest first.

    Of the hour that spring leaves out never, of the one that autumn repeats twice.
    """
    found = (wall.replace(tzinfo=COPENHAGEN, fold=fold).astimezone(UTC) for fold in (0, 1))
    shown = wall.replace(tzinfo=None, fold=0)
    return tuple(dict.fromkeys(at for at in found if local(at).replace(tzinfo=None, fold=0) == shown))


@dataclass(frozen=True, slots=True)
class ReceiptDue:
    """The day a receipt is due in both readings of the law: our target (Saturday counts) and the legal limit."""

    target: date
    limit: date


def receipt_due(received_at: datetime) -> ReceiptDue:
    """Six hverdage after receipt (Barnets lov § 138), the day of receipt not counted."""
    start = local(received_at).date()
    return ReceiptDue(
        target=add_hverdage(start, RECEIPT_HVERDAGE, saturday_counts=True),
        limit=add_hverdage(start, RECEIPT_HVERDAGE, saturday_counts=False),
    )


def add_hverdage(start: date, days: int, *, saturday_counts: bool) -> date:
    """The date that lies `days` hverdage after `start`: no Sundays, no public holidays, Saturdays by the reading."""
    day = start
    while days:
        day += timedelta(days=1)
        days -= is_hverdag(day, saturday_counts=saturday_counts)
    return day


def is_hverdag(day: date, *, saturday_counts: bool) -> bool:
    """Whether the day counts. 5 June and 24 and 31 December count here: the later, safer limit is never shortened."""
    return day.isoweekday() <= (6 if saturday_counts else 5) and day not in _public_holidays(day.year)


@lru_cache(maxsize=64)
def _public_holidays(year: int) -> frozenset[date]:
    return frozenset(Denmark(years=year))  # type: ignore[no-untyped-call]


def rounded_up(instant: datetime, minutes: int = 5) -> datetime:
    """The next full `minutes` of the clock: what a message may tell of a time (need to know)."""
    step = timedelta(minutes=minutes)
    past = timedelta(minutes=instant.minute % minutes, seconds=instant.second, microseconds=instant.microsecond)
    return instant if not past else instant - past + step
