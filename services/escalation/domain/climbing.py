"""Climbing the ladder [trinene]: a rung asks somebody or is skipped at once, and there is always a next moment."""

from dataclasses import replace
from datetime import timedelta

from services.escalation.domain.escalation import (
    RATE_WITHIN,
    Around,
    Asked,
    Decision,
    Escalation,
    NobodyReached,
    State,
)
from services.escalation.domain.page import LIVE, person
from services.escalation.domain.rota import Ask, Asking, Ladder
from shared.events.codes import RecipientKind
from shared.events.escalation import Recipient


def begin(state: Escalation, around: Around) -> Decision:
    """Rung 1 at once, or later where the level's ladder begins later."""
    due = around.plan.first_due(state.ladder, received_at=state.received_at, now=around.now)
    if due <= around.now:
        return next_rung(state, around)
    return Decision(replace(state, state=State.PAGING, due_at=due))


def restart(state: Escalation, around: Around) -> Decision:
    """A new round, from rung 1, now. What was taken before anybody had rated it is asked about as *high*."""
    again = replace(state, level=state.ladder, round=state.round + 1, rung=0)
    return next_rung(again, replace(around, pages=()))


def responsible_first(state: Escalation, around: Around) -> Decision:
    """A new round that asks the responsible person before rung 1: unless their shift is over, or they must not judge.

    On a child that is supported already, somebody who was not involved judges anew (Barnets lov § 137 stk. 1).
    """
    off = around.rota.off | (around.judges if state.fresh_eyes else frozenset())
    if state.responsible is None or state.responsible in off:
        return restart(state, around)
    again = replace(state, level=state.ladder, round=state.round + 1)
    return _asking(again, 0, (person(state.responsible),), around)


def next_rung(state: Escalation, around: Around) -> Decision:
    """The next rung of this round that has somebody; an empty one is skipped at once."""
    rungs = rungs_of(state, around)
    for rung in range(state.rung + 1, len(rungs) + 1):
        recipients = _recipients(rungs[rung - 1], state, around)
        if recipients:
            return _asking(state, rung, recipients, around)
    at_end = replace(state, state=State.PAGING, rung=len(rungs))
    return repeat_last(at_end, around) if around.reached else _nobody(at_end, around)


def repeat_last(state: Escalation, around: Around) -> Decision:
    """The last rung again, as a round of its own: its pages have new ids."""
    rungs, fresh = rungs_of(state, around), replace(around, pages=())
    repeated = replace(state, round=state.round + 1, rung=len(rungs))
    recipients = _recipients(rungs[-1], repeated, fresh)
    return _asking(repeated, len(rungs), recipients, fresh) if recipients else _nobody(repeated, fresh)


def _nobody(state: Escalation, around: Around) -> Decision:
    """Told, and tried again after the rung's wait: no spinning."""
    due = around.now + wait_of(state, around)
    return Decision(replace(state, due_at=due, nobody_at=around.now), (NobodyReached(),))


def _asking(state: Escalation, rung: int, recipients: tuple[Recipient, ...], around: Around) -> Decision:
    due = around.now + wait_of(state, around)
    return Decision(replace(state, state=State.PAGING, rung=rung, due_at=due), (Asked(recipients),))


def _recipients(ask: Ask, state: Escalation, around: Around) -> tuple[Recipient, ...]:
    consultants = (page for page in around.pages if page.rung > 0 and page.recipient.kind is RecipientKind.PERSON)
    asking = Asking(
        staffed=around.plan.open_at(around.now),
        asked={page.recipient.id for page in around.pages if page.recipient.id is not None},
        declined=state.declined,
        involved=around.judges if state.fresh_eyes else frozenset(),
        consultant_asked=any(consultants),
    )
    return around.rota.asked(ask, asking)


def wait_of(state: Escalation, around: Around) -> timedelta:
    """How long each rung of its ladder waits for an answer."""
    return _ladder(state, around).wait


def _ladder(state: Escalation, around: Around) -> Ladder:
    return around.plan.ladders[state.ladder]


def rungs_of(state: Escalation, around: Around) -> tuple[Ask, ...]:
    """The ladder's rungs; before them the outside unit, where a conflict of interest was declared."""
    rungs = _ladder(state, around).rungs
    return (Ask.OUTSIDE, *rungs) if state.outside_first else rungs


def pulled_in(state: Escalation, around: Around, *, ahead: timedelta) -> Escalation:
    """The escalation without a wait beyond what it would wait from now: such a one was written by a clock ahead.

    A promise is as long as it was. `ahead`: how far the clock ran ahead by which it was given; zero where none did.
    """
    latest = state.due_at or around.now
    match state.state:
        case State.PAGING:
            received_at = min(state.received_at, around.now)
            begins = around.plan.first_due(state.ladder, received_at=received_at, now=around.now)
            latest = around.now + wait_of(state, around) if state.rung or around.pages else begins
        case State.ACKNOWLEDGED:
            latest -= ahead
        case State.CLOSING:
            latest = around.plan.next_working_day(around.now)
    rate_by = state.rate_by and min(state.rate_by, around.now + RATE_WITHIN)
    return replace(state, due_at=state.due_at and min(state.due_at, latest), rate_by=rate_by)


def spent(state: Escalation, around: Around) -> bool:
    """Whether everybody whom the current rung asked is out: failed, cannot, excluded."""
    current = [page for page in around.pages if page.rung == state.rung]
    return bool(current) and not any(page.state in LIVE for page in current)
