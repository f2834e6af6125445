"""The state table of the escalation, cell by cell: silence climbs, and only a person's act stops it.

Facts come in any order and any number of times; whatever the table does not name changes nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from services.escalation.domain.climbing import (
    begin,
    next_rung,
    repeat_last,
    responsible_first,
    restart,
    rungs_of,
    spent,
)
from services.escalation.domain.escalation import (
    PROMISE,
    RATE_WITHIN,
    Around,
    CloseAsked,
    Countersigned,
    Decided,
    Decision,
    Due,
    Escalation,
    Fact,
    Finished,
    NobodyReached,
    Opened,
    PageFailed,
    Rated,
    Refused,
    Reminded,
    ReportArrived,
    State,
    StoodDown,
    Taken,
    Took,
)
from services.escalation.domain.page import LIVE
from shared.events.codes import Level, Outcome
from shared.ids import PersonId


def decide(state: Escalation | None, fact: Fact, around: Around) -> Decided:
    """What the fact does. `state` is the case's newest escalation, closed or not, or None."""
    if state is None:
        return _open(fact, around, n=1) if isinstance(fact, ReportArrived) else Decision(None)
    cell = _TABLE.get((state.state, type(fact)))
    return cell(state, fact, around) if cell else Decision(state)


def _open(fact: ReportArrived, around: Around, *, n: int) -> Decision:
    """A report opens an escalation, rated or not. Old ratings are no answer to it, unless they page at once."""
    fresh = Escalation(
        case_id=fact.case_id,
        n=n,
        state=State.UNRATED,
        level=fact.level,
        ladder_version=around.plan.version,
        outside_first=fact.conflict_declared,
        received_at=fact.received_at,
        newest_report_no=fact.report_no,
        rate_by=around.now + RATE_WITHIN,
    )
    if fact.rated and fact.level is not None:
        return _opened(begin(replace(fresh, rate_by=None), around))
    if fact.level is not None and fresh.ever_high:
        return _opened(next_rung(replace(fresh, rate_by=None), around))
    return _opened(Decision(fresh))


def _opened(decision: Decision) -> Decision:
    return Decision(decision.after, (Opened(), *decision.effects))


def _another_report(state: Escalation, fact: ReportArrived, around: Around) -> Decision:
    """Nobody has answered yet: it is the same demand. A conflict told only now turns to the outside unit at once."""
    grown = _grown(state, fact, around)
    if state.state is State.PAGING and grown.outside_first and not state.outside_first:
        return restart(grown, around)
    if state.state is State.PAGING and not around.pages and state.due_at is not None and state.rung == 0:
        due = around.plan.first_due(grown.ladder, received_at=grown.received_at, now=around.now)
        return Decision(replace(grown, due_at=min(state.due_at, due)))
    return Decision(grown)


def _report_to_responsible(state: Escalation, fact: ReportArrived, around: Around) -> Decision:
    """An acknowledgement covers only the reports that were shown."""
    return responsible_first(_grown(state, fact, around), around)


def _report_after_close(state: Escalation, fact: ReportArrived, around: Around) -> Decision:
    return _open(fact, around, n=state.n + 1)


def _grown(state: Escalation, fact: ReportArrived, around: Around) -> Escalation:
    unrated_until = None if fact.rated or (state.level and state.ever_high) else around.now + RATE_WITHIN
    return replace(
        state,
        newest_report_no=max(state.newest_report_no, fact.report_no),
        received_at=min(state.received_at, fact.received_at),
        outside_first=state.outside_first or fact.conflict_declared,
        rate_by=min((at for at in (state.rate_by, unrated_until) if at is not None), default=None),
    )


def _first_rating(state: Escalation, fact: Rated, around: Around) -> Decision:
    """Out of `unrated`: at once where it is above what was in force before, else when its ladder begins."""
    rises = state.level is not None and fact.level.rank > state.level.rank
    rated = _rated(state, fact)
    return next_rung(rated, around) if rises else begin(rated, around)


def _rating_while_paging(state: Escalation, fact: Rated, around: Around) -> Decision:
    """A rise begins its own ladder; a later lower rating is shown and lowers nothing."""
    rated = _rated(state, fact)
    return restart(rated, around) if fact.level.rank > state.ladder.rank else Decision(rated)


def _rating_for_responsible(state: Escalation, fact: Rated, around: Around) -> Decision:
    rated = _rated(state, fact)
    return responsible_first(rated, around) if fact.level.rank > state.ladder.rank else Decision(rated)


def _rating_after_close(state: Escalation, fact: Rated, around: Around) -> Decision:
    """What was closed turns out to be graver than was known."""
    if fact.level.rank <= state.ladder.rank:
        return Decision(state)
    again = Escalation(
        case_id=state.case_id,
        n=state.n + 1,
        state=State.PAGING,
        level=fact.level,
        ladder_version=around.plan.version,
        outside_first=state.outside_first,
        received_at=around.now,
        newest_report_no=state.newest_report_no,
    )
    return _opened(begin(again, replace(around, pages=())))


def _rated(state: Escalation, fact: Rated) -> Escalation:
    level = max(state.level or fact.level, fact.level, key=lambda each: each.rank)
    settled = fact.covers_all or level.rank >= Level.HIGH.rank
    return replace(state, level=level, rate_by=None if settled else state.rate_by)


def _unrated_in_time(state: Escalation, _fact: Due, around: Around) -> Decision:
    """A silent judge never silences a report."""
    if not _reached(state.next_at, around):
        return Decision(state)
    return next_rung(replace(state, level=_at_least_high(state), rate_by=None), around)


def _unanswered(state: Escalation, _fact: Due, around: Around) -> Decision:
    """Silence climbs. The last rung repeats for ever, each repeat a new round."""
    if not _reached(state.next_at, around):
        return Decision(state)
    if _reached(state.rate_by, around):
        return restart(replace(state, level=_at_least_high(state), rate_by=None), around)
    if state.rung < len(rungs_of(state, around)):
        return next_rung(state, around)
    in_vain = any(page.state in LIVE for page in around.pages) and not around.reached
    again = repeat_last(state, around)
    return Decision(again.after, tuple(dict.fromkeys([*([NobodyReached()] if in_vain else []), *again.effects])))


def _promise_passed(state: Escalation, _fact: Due, around: Around) -> Decision:
    """Acknowledged, then forgotten."""
    return restart(state, around) if _reached(state.next_at, around) else Decision(state)


def _countersign_overdue(state: Escalation, _fact: Due, around: Around) -> Decision:
    if not _reached(state.next_at, around):
        return Decision(state)
    return Decision(replace(state, due_at=around.plan.next_working_day(around.now)), (Reminded(),))


def _page_failed(state: Escalation, _fact: PageFailed, around: Around) -> Decision:
    return next_rung(state, around) if spent(state, around) else Decision(state)


def _stood_down(state: Escalation, fact: StoodDown, around: Around) -> Decision:
    """Nobody is asked again who cannot. If they were the last one the rung asked, the next rung is asked at once."""
    without = _without(state, fact.person_id)
    current = {page.recipient.id for page in around.pages if page.rung == state.rung}
    if state.state is State.PAGING and fact.person_id in current and spent(state, around):
        return next_rung(without, around)
    return Decision(without)


def _responsible_stood_down(state: Escalation, fact: StoodDown, around: Around) -> Decision:
    without = _without(state, fact.person_id)
    return restart(without, around) if state.responsible == fact.person_id else Decision(without)


def _without(state: Escalation, person_id: PersonId) -> Escalation:
    responsible = None if state.responsible == person_id else state.responsible
    return replace(state, responsible=responsible, declined=state.declined | {person_id})


def _taken(state: Escalation, fact: Taken, around: Around) -> Decision:
    """Only this stops a ladder. What the person has not been shown keeps paging, that person first."""
    if fact.covers < state.newest_report_no:
        return _taken_in_part(state, fact, around)
    until = _promise(fact.promise, around)
    taken = replace(
        state,
        state=State.ACKNOWLEDGED,
        responsible=fact.person_id,
        declined=state.declined - {fact.person_id},
        acknowledged_report_no=state.newest_report_no,
        due_at=until,
        rate_by=None,
    )
    return Decision(taken, (Took(fact.person_id, state.newest_report_no, until),))


def _taken_in_part(state: Escalation, fact: Taken, around: Around) -> Decision:
    if state.state not in (State.UNRATED, State.PAGING):
        return Decision(state)
    if state.responsible == fact.person_id and fact.covers <= state.acknowledged_report_no:
        return Decision(state)  # the same tap again
    seen = replace(
        state,
        level=state.ladder,
        responsible=fact.person_id,
        declined=state.declined - {fact.person_id},
        acknowledged_report_no=max(state.acknowledged_report_no, fact.covers),
        rate_by=None if state.ever_high else state.rate_by,
    )
    took = Took(fact.person_id, fact.covers, _promise(fact.promise, around))
    asked = responsible_first(seen, around)
    return Decision(asked.after, (took, *asked.effects))


def _promise(wanted: timedelta, around: Around) -> datetime:
    """Never past the earliest judgement that is still to be made in time (Barnets lov § 136)."""
    limits = (limit for limit in (around.unjudged or {}).values() if limit > around.now)
    return min((around.now + wanted, *limits))


def _close_too_early(_state: Escalation, _fact: CloseAsked, _around: Around) -> Refused:
    return Refused("not_acknowledged")


def _close(state: Escalation, fact: CloseAsked, around: Around) -> Decided:
    """Every report is judged first; what was ever acute or high takes a second person."""
    if around.unjudged:
        return Refused("unjudged", tuple(around.unjudged))
    if state.ever_high:
        return Decision(replace(state, state=State.CLOSING, due_at=around.plan.next_working_day(around.now)))
    return _closed(state, fact.outcome)


def _close_again(state: Escalation, _fact: CloseAsked, _around: Around) -> Refused:
    return Refused("closing_already" if state.state is State.CLOSING else "closed_already")


def _countersigned(state: Escalation, fact: Countersigned, around: Around) -> Decision:
    if fact.agree:
        return _closed(state, fact.outcome)
    return Decision(replace(state, state=State.ACKNOWLEDGED, due_at=_promise(PROMISE, around)))


def _closed(state: Escalation, outcome: Outcome) -> Decision:
    return Decision(replace(state, state=State.CLOSED, due_at=None, rate_by=None), (Finished(outcome),))


def _reached(at: datetime | None, around: Around) -> bool:
    return at is not None and at <= around.now


def _at_least_high(state: Escalation) -> Level:
    return max(state.ladder, Level.HIGH, key=lambda level: level.rank)


_Cell: TypeAlias = Callable[[Escalation, Any, Around], Decided]
_TABLE: Mapping[tuple[State, type[Fact]], _Cell] = {
    (State.UNRATED, ReportArrived): _another_report,
    (State.PAGING, ReportArrived): _another_report,
    (State.ACKNOWLEDGED, ReportArrived): _report_to_responsible,
    (State.CLOSING, ReportArrived): _report_to_responsible,
    (State.CLOSED, ReportArrived): _report_after_close,
    (State.UNRATED, Rated): _first_rating,
    (State.PAGING, Rated): _rating_while_paging,
    (State.ACKNOWLEDGED, Rated): _rating_for_responsible,
    (State.CLOSING, Rated): _rating_for_responsible,
    (State.CLOSED, Rated): _rating_after_close,
    (State.UNRATED, Due): _unrated_in_time,
    (State.PAGING, Due): _unanswered,
    (State.ACKNOWLEDGED, Due): _promise_passed,
    (State.CLOSING, Due): _countersign_overdue,
    (State.PAGING, PageFailed): _page_failed,
    (State.UNRATED, StoodDown): _stood_down,
    (State.PAGING, StoodDown): _stood_down,
    (State.ACKNOWLEDGED, StoodDown): _responsible_stood_down,
    (State.CLOSING, StoodDown): _responsible_stood_down,
    (State.UNRATED, Taken): _taken,
    (State.PAGING, Taken): _taken,
    (State.ACKNOWLEDGED, Taken): _taken,
    (State.CLOSING, Taken): _taken,
    (State.UNRATED, CloseAsked): _close_too_early,
    (State.PAGING, CloseAsked): _close_too_early,
    (State.ACKNOWLEDGED, CloseAsked): _close,
    (State.CLOSING, CloseAsked): _close_again,
    (State.CLOSED, CloseAsked): _close_again,
    (State.CLOSING, Countersigned): _countersigned,
}
