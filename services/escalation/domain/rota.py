"""The rota [vagtplan]: who is asked, and when a ladder begins. Duty hours are Copenhagen wall time, the rest is UTC."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID

from services.escalation.domain.page import desk, person
from services.escalation.domain.shift import instant
from shared.calendar import is_hverdag, local
from shared.events.codes import Level
from shared.events.escalation import Recipient
from shared.ids import PersonId


class Ask(StrEnum):
    """Whom a rung asks. `outside`: another municipality's unit, asked first where a conflict is declared."""

    ON_CALL = "on_call"
    LEADER = "leader"
    DESK = "desk"
    DOEGNVAGT = "doegnvagt"
    OUTSIDE = "outside"


class First(StrEnum):
    """When rung 1 is asked: at once, at the desk's opening, or when the time on the work list is up."""

    NOW = "now"
    OPENING = "opening"
    LATEST = "latest"


@dataclass(frozen=True, slots=True)
class Ladder:
    """The rungs of one level, the wait on each, and when the first is asked (`at_most` after receipt)."""

    rungs: tuple[Ask, ...]
    wait: timedelta
    first: First = First.NOW
    at_most: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class DutyHours:
    """When the desk is staffed, on these ISO weekdays (Monday is 1)."""

    days: frozenset[int]
    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class Plan:
    """One version of the ladders and the duty hours. `investigation_months`: 0 keeps no such clock."""

    version: int
    ladders: Mapping[Level, Ladder]
    hours: tuple[DutyHours, ...]
    investigation_months: int = 0

    def open_at(self, now: datetime) -> bool:
        """Whether the desk is staffed."""
        return any(opens <= now < closes for opens, closes in self._spans(local(now).date()))

    def next_opening(self, now: datetime) -> datetime | None:
        """The next moment the desk opens; None when it does not open within two weeks."""
        today = local(now).date()
        days = (today + timedelta(days=n) for n in range(15))
        return min((opens for day in days for opens, _ in self._spans(day) if opens > now), default=None)

    def first_due(self, level: Level, *, received_at: datetime, now: datetime) -> datetime:
        """When rung 1 of the level's ladder is asked about what was received then; never before `now`."""
        ladder = self.ladders[level]
        latest = received_at + ladder.at_most
        if ladder.first is First.NOW or (ladder.first is First.OPENING and self.open_at(now)):
            return now
        opening = self.next_opening(now) if ladder.first is First.OPENING else None
        return max(now, min(latest, opening or latest))

    def next_working_day(self, now: datetime) -> datetime:
        """The first opening on a later day; the same hour tomorrow where no duty hours are known."""
        midnight = instant(local(now).date() + timedelta(days=1), time())
        return self.next_opening(midnight) or now + timedelta(days=1)

    def _spans(self, day: date) -> list[tuple[datetime, datetime]]:
        closing = _closes_early(day)
        return [
            (instant(day, hours.opens), instant(day, min(hours.closes, closing)))
            for hours in self.hours
            if day.isoweekday() in hours.days and hours.opens < closing
        ]


def last_resort(version: int) -> Plan:
    """The ladders where those that are stored cannot be read: day and night, who is on call and then Døgnvagt."""
    rungs = (Ask.ON_CALL, Ask.DOEGNVAGT)
    waits = {level: timedelta(minutes=3 if level is Level.ACUTE else 10) for level in Level}
    return Plan(version, {level: Ladder(rungs, wait) for level, wait in waits.items()}, ())


def _closes_early(day: date) -> time:
    """Copenhagen's rota calendar: 1 May is off, 5 June from 12.00; 24 and 31 December are working days."""
    if not is_hverdag(day, saturday_counts=True) or (day.month, day.day) == (5, 1):
        return time.min
    return time(12) if (day.month, day.day) == (6, 5) else time.max


@dataclass(frozen=True, slots=True)
class Rota:
    """Who could be asked at one moment about one case: those excluded from it, or of other units, are not here.

    `off`: those who have shifts, but none now.
    """

    on_call: tuple[PersonId, ...]
    leaders: tuple[PersonId, ...]
    countersigners: tuple[PersonId, ...]
    desks: Mapping[Ask, tuple[UUID, ...]]
    operators: tuple[PersonId, ...] = ()
    off: frozenset[PersonId] = frozenset()

    def asked(self, ask: Ask, around: "Asking") -> tuple[Recipient, ...]:
        """Whom a rung asks now; empty is a gap, and the next rung is asked at once.

        `on_call` asks one person a rung, in rota order, nobody twice a round, whoever was involved before last. Out of
        duty hours only one: the rung after the on-call consultant is Døgnvagt.
        """
        match ask:
            case Ask.ON_CALL:
                free = [each for each in self.on_call if each not in around.asked | around.declined]
                first = sorted(free, key=lambda each: each in around.involved)[:1]
                return tuple(map(person, first)) if around.staffed or not around.consultant_asked else ()
            case Ask.LEADER:
                return tuple(person(each) for each in self.leaders if each not in around.declined)
            case Ask.DESK if not around.staffed:
                return ()
            case _:
                return tuple(desk(each) for each in self.desks.get(ask, ()))


@dataclass(frozen=True, slots=True)
class Asking:
    """What has been asked already: ids asked in this round, persons who cannot, whether a rung asked a consultant.

    `involved`: persons who are asked only where nobody else is left.
    """

    staffed: bool
    asked: Set[UUID] = frozenset()
    declined: Set[UUID] = frozenset()
    involved: Set[UUID] = frozenset()
    consultant_asked: bool = False
