"""The alarm that nobody can be reached: one ladder of its own, however many cases it concerns."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from services.escalation.domain.page import desk, person
from services.escalation.domain.rota import Ask, Rota
from shared.events.escalation import Recipient
from shared.ids import CaseId

WAIT = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class Alarm:
    """The alarm as it runs; `rung` is the last one told in this `round`, 0 nobody yet."""

    alarm_id: UUID
    case_id: CaseId
    round: int
    rung: int
    next_at: datetime


def climb(alarm: Alarm, rota: Rota, now: datetime) -> tuple[Alarm, tuple[Recipient, ...]]:
    """Leaders, then operators, then the duty desk, then again from the start, until somebody can be reached."""
    rungs = _rungs(rota)
    for rung in range(alarm.rung + 1, len(rungs) + 1):
        if rungs[rung - 1]:
            return replace(alarm, rung=rung, next_at=now + WAIT), rungs[rung - 1]
    again = replace(alarm, round=alarm.round + 1, rung=0, next_at=now + WAIT)
    return climb(again, rota, now) if any(rungs) else (again, ())


def _rungs(rota: Rota) -> tuple[tuple[Recipient, ...], ...]:
    duty_desk = tuple(desk(each) for each in rota.desks.get(Ask.DOEGNVAGT, ()))
    return tuple(map(person, rota.leaders)), tuple(map(person, rota.operators)), duty_desk
