"""Reach [rækkevidde]: whom would each level page, every quarter of an hour, and could they be reached?

Asked about no case in particular: nobody's exclusion shows in it.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from itertools import groupby
from uuid import UUID

from services.escalation.domain.rota import Ask, Asking, Plan, Rota
from services.escalation.domain.shift import Shifts
from shared.events.codes import Level, RecipientKind
from shared.events.escalation import Recipient
from shared.ids import PersonId

QUARTER = timedelta(minutes=15)
RotaAt = Callable[[datetime], Rota]


def rota_at(shifts: Shifts, *, free: Collection[PersonId], rota: Rota) -> RotaAt:
    """The rota at any moment, from the shifts and those who may be asked; leaders and desks as they are now."""

    @cache
    def at(moment: datetime) -> Rota:
        on_call = tuple(person for person in shifts.on_call(moment) if person in free)
        return Rota(on_call, rota.leaders, rota.countersigners, rota.desks)

    return at


@dataclass(frozen=True, slots=True)
class Step:
    """Who is asked, on which rung, when, if nobody has answered by then."""

    rung: Ask
    at: datetime
    recipients: tuple[Recipient, ...]


def climb(level: Level, *, plan: Plan, rota: RotaAt, received_at: datetime) -> tuple[Step, ...]:
    """Whom the level's ladder pages about a report of that moment, up to its last rung; empty rungs are skipped."""
    ladder, steps, asked = plan.ladders[level], list[Step](), set[UUID]()
    moment = plan.first_due(level, received_at=received_at, now=received_at)
    for rung in ladder.rungs:
        consultant = any(each.kind is RecipientKind.PERSON for step in steps for each in step.recipients)
        asking = Asking(staffed=plan.open_at(moment), asked=asked, consultant_asked=consultant)
        recipients = rota(moment).asked(rung, asking)
        if recipients:
            steps.append(Step(rung, moment, recipients))
            asked |= {each.id for each in recipients if each.id}
            moment += ladder.wait
    return tuple(steps)


@dataclass(frozen=True, slots=True)
class Quarter:
    """One quarter of an hour: who is on call, and the way up of every level."""

    at: datetime
    on_call: tuple[PersonId, ...]
    levels: Mapping[Level, tuple[Step, ...]]

    @property
    def ids(self) -> set[UUID]:
        """Everybody it names."""
        steps = (step for way in self.levels.values() for step in way)
        return {*self.on_call, *(each.id for step in steps for each in step.recipients if each.id)}


def quarters(starts_at: datetime, hours: int, *, plan: Plan, rota: RotaAt) -> list[Quarter]:
    """Every quarter-hour from the one that runs."""
    first = starts_at - (starts_at - datetime.min.replace(tzinfo=starts_at.tzinfo)) % QUARTER
    moments = (first + n * QUARTER for n in range(hours * 4))
    return [
        Quarter(
            at,
            rota(at).on_call,
            {level: climb(level, plan=plan, rota=rota, received_at=at) for level in reversed(Level)},
        )
        for at in moments
    ]


class Lack(StrEnum):
    """What a quarter-hour lacks, worst first: somebody at all, a contact point on a first rung, anybody on call."""

    NOBODY = "nobody"
    FIRST_UNREACHABLE = "first_unreachable"
    NOBODY_ON_CALL = "nobody_on_call"


def lack(quarter: Quarter, reachable: Mapping[UUID, bool | None]) -> Lack | None:
    """What it lacks. Of whom nobody can say whether they are reached counts as reached."""

    def reaches(step: Step) -> bool:
        return any(reachable.get(each.id) is not False for each in step.recipients if each.id)

    ways = list(quarter.levels.values())
    if not all(any(reaches(step) for step in way) for way in ways):
        return Lack.NOBODY
    if not all(reaches(way[0]) for way in ways):
        return Lack.FIRST_UNREACHABLE
    return None if quarter.on_call else Lack.NOBODY_ON_CALL


@dataclass(frozen=True, slots=True)
class Gap:
    """A time that lacks something: nobody on call falls to Døgnvagt, the others are to be mended now."""

    lack: Lack
    starts_at: datetime
    ends_at: datetime


def gaps(of: Iterable[Quarter], reachable: Mapping[UUID, bool | None]) -> list[Gap]:
    """The gaps, worst first, then by time."""
    found = []
    for what, group in groupby(of, key=lambda quarter: lack(quarter, reachable)):
        together = list(group)
        if what is not None:
            found.append(Gap(what, together[0].at, together[-1].at + QUARTER))
    return sorted(found, key=lambda gap: (list(Lack).index(gap.lack), gap.starts_at))
