"""Shifts [vagter]: who is on call when. A shift is written in Copenhagen wall time; a wall time is one instant."""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

from pydantic import AwareDatetime

from shared.calendar import COPENHAGEN, local
from shared.ids import PersonId

_CLOCKS_CHANGE = time(1)
"""UTC, in spring and in autumn (directive 2000/84/EC, articles 2 and 3)."""
_WEEK = 7


def instant(day: date, at: time) -> datetime:
    """The one instant of a wall time: of an hour that comes twice the first, of one left out the moment it is skipped.

    So a later wall time is never an earlier instant, and where one shift ends the next begins.
    """
    moment = datetime.combine(day, at, COPENHAGEN).astimezone(UTC)
    left_out = moment.astimezone(COPENHAGEN).time() != at
    return datetime.combine(day, _CLOCKS_CHANGE, UTC) if left_out else moment


@dataclass(frozen=True, slots=True)
class Span:
    """From `starts_at` up to, and not including, `ends_at`."""

    starts_at: AwareDatetime
    ends_at: AwareDatetime

    def __post_init__(self) -> None:
        if self.starts_at >= self.ends_at:
            raise ValueError("a span ends after it starts")

    def holds(self, at: datetime) -> bool:
        """Whether the moment lies in it."""
        return self.starts_at <= at < self.ends_at


@dataclass(frozen=True, slots=True)
class Shift:
    """One person on call for one span."""

    person: PersonId
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Weekly:
    """The same shift on these ISO weekdays (Monday is 1) of every n-th week, from `first` on.

    `ends` at or before `starts` is on the next day.
    """

    person: PersonId
    days: frozenset[int]
    starts: time
    ends: time
    first: date
    last: date | None = None
    every: int = 1

    def __post_init__(self) -> None:
        if not self.days or not self.days <= set(range(1, _WEEK + 1)) or self.every < 1:
            raise ValueError("a weekly shift has days from 1 to 7, in every week or every n-th")

    def shift_on(self, day: date) -> Shift | None:
        """The shift that begins on the day. None too where the change to summer time swallows it whole."""
        if not self._falls_on(day):
            return None
        starts_at, ends_at = instant(day, self.starts), instant(self._last_day(day), self.ends)
        return Shift(self.person, Span(starts_at, ends_at)) if starts_at < ends_at else None

    def unroll(self, first: date, last: date) -> Iterator[Shift]:
        """The shifts that begin on these days."""
        days = (first + timedelta(days=n) for n in range((last - first).days + 1))
        return (shift for day in days if (shift := self.shift_on(day)))

    def _falls_on(self, day: date) -> bool:
        in_time = self.first <= day and (self.last is None or day <= self.last)
        weeks = (_monday(day) - _monday(self.first)).days // _WEEK
        return in_time and day.isoweekday() in self.days and weeks % self.every == 0

    def _last_day(self, day: date) -> date:
        return day if self.starts < self.ends else day + timedelta(days=1)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


@dataclass(frozen=True, slots=True)
class Swap:
    """One person's duty is taken by another for a span."""

    off: PersonId
    on: PersonId
    span: Span


@dataclass(frozen=True, slots=True)
class Absence:
    """A person is away: whatever they have or have taken over is not theirs then."""

    person: PersonId
    span: Span


@dataclass(frozen=True, slots=True)
class Duty:
    """Who is on call for a span, first asked first; nobody: a gap."""

    span: Span
    people: tuple[PersonId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shifts:
    """The whole rota. Who is listed first is asked first."""

    weekly: tuple[Weekly, ...] = ()
    shifts: tuple[Shift, ...] = ()
    swaps: tuple[Swap, ...] = ()
    absences: tuple[Absence, ...] = ()

    def on_call(self, at: datetime) -> tuple[PersonId, ...]:
        """Who is on call at the moment, each once: weekly and single shifts, then swaps, then absences."""
        duty = [shift.person for shift in self._around(at) if shift.span.holds(at)]
        for swap in self.swaps:
            if swap.span.holds(at):
                duty = [swap.on if person == swap.off else person for person in duty]
        away = {absence.person for absence in self.absences if absence.span.holds(at)}
        return tuple(dict.fromkeys(person for person in duty if person not in away))

    def began(self, person: PersonId, at: datetime) -> datetime | None:
        """When the duty began that the person has at the moment: a shift, a swap, or the end of an absence.

        A duty that goes on for days begins anew each day.
        """
        if person not in self.on_call(at):
            return None
        taken = [swap for swap in self.swaps if swap.on == person and swap.span.holds(at)]
        theirs = {person, *(swap.off for swap in taken)}
        spans = [shift.span for shift in self._around(at) if shift.person in theirs and shift.span.holds(at)]
        back = (each.span.ends_at for each in self.absences if each.person == person and each.span.ends_at <= at)
        began = max((*(span.starts_at for span in (*spans, *(swap.span for swap in taken))), *back))
        return began + timedelta(days=(at - began).days)

    def duty(self, starts_at: datetime, ends_at: datetime, among: Container[PersonId] | None = None) -> list[Duty]:
        """Who is on call when, of these or of all, from the first moment to the last without a break."""
        edges = sorted(
            {starts_at, ends_at, *(at for at in self._edges(starts_at, ends_at) if starts_at < at < ends_at)}
        )
        return _joined(Duty(Span(start, end), self._of(among, start)) for start, end in pairwise(edges))

    def gaps(self, starts_at: datetime, ends_at: datetime) -> list[Span]:
        """The spans of that time in which nobody is on call."""
        return [each.span for each in self.duty(starts_at, ends_at) if not each.people]

    def people(self) -> set[PersonId]:
        """Everybody it names."""
        on_duty = {weekly.person for weekly in self.weekly} | {shift.person for shift in self.shifts}
        swapped = {person for swap in self.swaps for person in (swap.off, swap.on)}
        return on_duty | swapped | {absence.person for absence in self.absences}

    def _of(self, among: Container[PersonId] | None, at: datetime) -> tuple[PersonId, ...]:
        return tuple(person for person in self.on_call(at) if among is None or person in among)

    def _around(self, at: datetime) -> Iterator[Shift]:
        today = local(at).date()
        for weekly in self.weekly:
            yield from weekly.unroll(today - timedelta(days=1), today)
        yield from self.shifts

    def _edges(self, starts_at: datetime, ends_at: datetime) -> Iterator[datetime]:
        first, last = local(starts_at).date() - timedelta(days=1), local(ends_at).date()
        shifts = (shift for weekly in self.weekly for shift in weekly.unroll(first, last))
        spans = (
            *(shift.span for shift in (*shifts, *self.shifts)),
            *(swap.span for swap in self.swaps),
            *(absence.span for absence in self.absences),
        )
        for span in spans:
            yield from (span.starts_at, span.ends_at)


def _joined(duties: Iterable[Duty]) -> list[Duty]:
    joined: list[Duty] = []
    for duty in duties:
        if joined and joined[-1].people == duty.people:
            duty = Duty(Span(joined.pop().span.starts_at, duty.span.ends_at), duty.people)
        joined.append(duty)
    return joined
