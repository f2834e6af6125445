"""The state table of the escalation, cell by cell: silence climbs, and only a person's act stops it.

Facts come in any order and any number of times; whatever the table does not name changes nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
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
    CanaryPassed,
    CloseAsked,
    Countersigned,
    Decided,
    Decision,
    Due,
    Escalation,
    Fact,
    Finished,
    HandoverOffered,
    LowerAsked,
    Lowered,
    NobodyReached,
    Offered,
    Opened,
    PageFailed,
    Raised,
    Rated,
    Refused,
    Reminded,
    ReportArrived,
    ReportsLeft,
    ShiftChanged,
    State,
    StoodDown,
    Taken,
    Took,
    UnitMoved,
)
from services.escalation.domain.page import LIVE
from shared.events.codes import Level, Outcome
from shared.ids import PersonId


def decide(state: Escalation | None, fact: Fact, around: Around) -> Decided:
    """What the fact does. `state` is the case's newest escalation, closed or not, or None."""
    if state is None:
        return _peaked(_open(fact, around, n=1)) if isinstance(fact, ReportArrived) else Decision(None)
    cell = _TABLE.get((state.state, type(fact)))
    return _peaked(cell(state, fact, around)) if cell else Decision(state)


def _peaked(decided: Decided) -> Decided:
    """What it was taken for once is never forgotten."""
    if isinstance(decided, Refused) or decided.after is None or decided.after.level is None:
        return decided
    level, peak = decided.after.level, decided.after.peak
    return Decision(replace(decided.after, peak=max(level, peak or level, key=_rank)), decided.effects)


def _rank(level: Level) -> int:
    return level.rank


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
        fresh_eyes=_wants_fresh_eyes(fact, around),
    )
    if fact.rated and fact.level is not None:
        return _opened(begin(replace(fresh, rate_by=None), around))
    if fact.level is not None and fresh.is_high:
        return _opened(next_rung(replace(fresh, rate_by=None), around))
    return _opened(Decision(fresh))


def _wants_fresh_eyes(fact: ReportArrived, around: Around) -> bool:
    """On a child that is supported, or was judged before, somebody else judges anew (§ 137 stk. 1)."""
    return fact.already_supported or bool(around.judges)


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
    """An acknowledgement covers only the reports that were shown. What the responsible person wrote, they have seen."""
    grown = _grown(state, fact, around)
    if fact.entered_by == state.responsible and fact.report_no == state.acknowledged_report_no + 1:
        return _renewed(replace(grown, acknowledged_report_no=fact.report_no, rate_by=state.rate_by), around)
    return responsible_first(grown, around)


def _renewed(state: Escalation, around: Around) -> Decision:
    """The responsible person has it in hand: they promise anew, and nobody is paged."""
    assert state.responsible is not None
    until = _promise(around.now + PROMISE, around)
    renewed = replace(state, state=State.ACKNOWLEDGED, due_at=until)
    return Decision(renewed, (Took(state.responsible, state.acknowledged_report_no, until),))


def _report_after_close(state: Escalation, fact: ReportArrived, around: Around) -> Decision:
    """What people raised stays raised in the next escalation."""
    levels = [level for level in (fact.level, state.level) if level is not None]
    return _open(replace(fact, level=max(levels, key=_rank, default=None)), around, n=state.n + 1)


def _grown(state: Escalation, fact: ReportArrived, around: Around) -> Escalation:
    unrated_until = None if fact.rated or (state.level and state.is_high) else around.now + RATE_WITHIN
    return replace(
        state,
        newest_report_no=max(state.newest_report_no, fact.report_no),
        received_at=min(state.received_at, fact.received_at),
        outside_first=state.outside_first or fact.conflict_declared,
        fresh_eyes=state.fresh_eyes or _wants_fresh_eyes(fact, around),
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
    if fact.level.rank <= state.ladder.rank:
        return Decision(rated)
    own = fact.newest_by is not None and fact.newest_by == state.responsible
    return _renewed(rated, around) if own else responsible_first(rated, around)


def _rating_after_close(state: Escalation, fact: Rated | Raised, around: Around) -> Decision:
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
        fresh_eyes=state.fresh_eyes or bool(around.judges),
    )
    return _opened(begin(again, replace(around, pages=())))


def _rated(state: Escalation, fact: Rated) -> Escalation:
    level = max(state.level or fact.level, fact.level, key=_rank)
    settled = fact.covers_all or level.rank >= Level.HIGH.rank
    return replace(state, level=level, rate_by=None if settled else state.rate_by)


def _raised(state: Escalation, fact: Raised, around: Around) -> Decided:
    """A person raises at once, by themselves. It does not stop the wait for a rating, unless it is high."""
    if state.level is not None and fact.level.rank <= state.level.rank:
        return Refused("not_higher")
    raised = replace(state, level=fact.level)
    raised = replace(raised, rate_by=None if raised.is_high else state.rate_by)
    if state.state is State.UNRATED:
        return next_rung(raised, around)
    if state.state is State.PAGING:
        return restart(raised, around)
    own = fact.person_id == state.responsible
    return _renewed(raised, around) if own else responsible_first(raised, around)


def _raised_after_close(state: Escalation, fact: Raised, around: Around) -> Decided:
    """A new demand for an answer: the old one has had its."""
    raised = _rating_after_close(state, fact, around)
    return raised if raised.effects else Refused("not_higher")


def _lower_asked(state: Escalation, fact: LowerAsked, _around: Around) -> Decided:
    """Nothing changes until a second person agrees."""
    return Decision(state) if state.level and fact.level.rank < state.level.rank else Refused("not_lower")


def _lowered(state: Escalation, fact: Lowered, _around: Around) -> Decision:
    """The ladder that runs goes on, with the waits of the lower level. Silence climbs all the same."""
    lower = state.level is not None and fact.level.rank < state.level.rank
    return Decision(replace(state, level=fact.level) if lower else state)


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
    if around.reached or not any(page.state in LIVE for page in around.pages):
        return repeat_last(state, around)
    again = repeat_last(replace(state, nobody_at=around.now), around)
    return Decision(again.after, tuple(dict.fromkeys([NobodyReached(), *again.effects])))


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
    offered_to = None if state.offered_to == person_id else state.offered_to
    return replace(state, responsible=responsible, offered_to=offered_to, declined=state.declined | {person_id})


def _shift_changed(state: Escalation, fact: ShiftChanged, around: Around) -> Decision:
    """Who went home is not waited for: those on call now are asked at once."""
    waited_for = {page.recipient.id for page in around.pages if page.rung == state.rung and page.state in LIVE}
    return restart(state, around) if waited_for and waited_for <= fact.off else Decision(state)


def _unit_moved_while_paging(state: Escalation, _fact: UnitMoved, around: Around) -> Decision:
    """The people of the other unit are asked from rung 1 of its ladder; where none has begun, when that one begins."""
    moved = replace(state, offered_to=None)
    return restart(moved, around) if state.rung or around.pages else begin(moved, around)


def _unit_moved(state: Escalation, _fact: UnitMoved, _around: Around) -> Decision:
    """Whoever is responsible stays so until somebody takes it; an offer to one of the former unit is no use."""
    return Decision(replace(state, offered_to=None))


def _reports_left(state: Escalation, fact: ReportsLeft, _around: Around) -> Decision:
    """What is gone is not waited for. That fewer are left stops no ladder: a person does."""
    seen = min(state.acknowledged_report_no, fact.newest_report_no)
    return Decision(replace(state, newest_report_no=fact.newest_report_no, acknowledged_report_no=seen))


def _taken(state: Escalation, fact: Taken, around: Around) -> Decided:
    """Only this stops a ladder. What the person has not been shown keeps paging, that person first.

    Who has it already promises anew, and an offer to somebody else stands.
    """
    if fact.said_at is not None and state.state not in (State.UNRATED, State.PAGING):
        return Refused("answered_already")
    if fact.covers < state.newest_report_no:
        return _taken_in_part(state, fact, around)
    until = _promised(fact, around)
    taken = replace(
        state,
        state=State.ACKNOWLEDGED,
        responsible=fact.person_id,
        declined=state.declined - {fact.person_id},
        acknowledged_report_no=state.newest_report_no,
        due_at=until,
        rate_by=None,
        offered_to=state.offered_to if fact.person_id == state.responsible else None,
        nobody_at=None,
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
        rate_by=None if state.is_high else state.rate_by,
        nobody_at=None,
    )
    took = Took(fact.person_id, fact.covers, _promised(fact, around))
    asked = responsible_first(seen, around)
    return Decision(asked.after, (took, *asked.effects))


def _promised(fact: Taken, around: Around) -> datetime:
    """A promise given by phone runs from the moment it was given."""
    return _promise((fact.said_at or around.now) + fact.promise, around)


def _promise(until: datetime, around: Around) -> datetime:
    """Never past the earliest judgement that is still to be made in time (Barnets lov § 136)."""
    limits = (limit for limit in (around.unjudged or {}).values() if limit > around.now)
    return min((until, *limits))


def _offered(state: Escalation, fact: HandoverOffered, _around: Around) -> Decided:
    """Until the other person takes it, whoever has it stays responsible."""
    if fact.by != state.responsible and not fact.by_leader:
        return Refused("not_responsible")
    if fact.to == state.responsible:
        return Refused("has_it_already")
    return Decision(replace(state, offered_to=fact.to), (Offered(fact.to),))


def _too_early(_state: Escalation, _fact: Fact, _around: Around) -> Refused:
    return Refused("not_acknowledged")


def _close(state: Escalation, fact: CloseAsked, around: Around) -> Decided:
    """Every report is judged first; what was ever acute or high takes a second person."""
    if around.unjudged:
        return Refused("unjudged", tuple(around.unjudged))
    if state.ever_high:
        due = around.plan.next_working_day(around.now)
        return Decision(replace(state, state=State.CLOSING, due_at=due, offered_to=None))
    return _closed(state, fact.outcome)


def _too_late(state: Escalation, _fact: Fact, _around: Around) -> Refused:
    return Refused("closing_already" if state.state is State.CLOSING else "closed_already")


def _countersigned(state: Escalation, fact: Countersigned, around: Around) -> Decision:
    if fact.agree:
        return _closed(state, fact.outcome)
    return Decision(replace(state, state=State.ACKNOWLEDGED, due_at=_promise(around.now + PROMISE, around)))


def _closed(state: Escalation, outcome: Outcome) -> Decision:
    return Decision(_ended(state), (Finished(outcome),))


def _canary_passed(state: Escalation, _fact: CanaryPassed, _around: Around) -> Decision:
    """The only thing that closes without a person: no child is in it."""
    return Decision(_ended(state))


def _ended(state: Escalation) -> Escalation:
    return replace(state, state=State.CLOSED, due_at=None, rate_by=None, offered_to=None, nobody_at=None)


def _reached(at: datetime | None, around: Around) -> bool:
    return at is not None and at <= around.now


def _at_least_high(state: Escalation) -> Level:
    return max(state.ladder, Level.HIGH, key=_rank)


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
    (State.UNRATED, Raised): _raised,
    (State.PAGING, Raised): _raised,
    (State.ACKNOWLEDGED, Raised): _raised,
    (State.CLOSING, Raised): _raised,
    (State.CLOSED, Raised): _raised_after_close,
    (State.UNRATED, LowerAsked): _lower_asked,
    (State.PAGING, LowerAsked): _lower_asked,
    (State.ACKNOWLEDGED, LowerAsked): _lower_asked,
    (State.CLOSING, LowerAsked): _too_late,
    (State.CLOSED, LowerAsked): _too_late,
    (State.PAGING, Lowered): _lowered,
    (State.ACKNOWLEDGED, Lowered): _lowered,
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
    (State.UNRATED, HandoverOffered): _too_early,
    (State.PAGING, HandoverOffered): _too_early,
    (State.ACKNOWLEDGED, HandoverOffered): _offered,
    (State.CLOSING, HandoverOffered): _too_late,
    (State.CLOSED, HandoverOffered): _too_late,
    (State.PAGING, ShiftChanged): _shift_changed,
    (State.PAGING, UnitMoved): _unit_moved_while_paging,
    (State.ACKNOWLEDGED, UnitMoved): _unit_moved,
    (State.UNRATED, CloseAsked): _too_early,
    (State.PAGING, CloseAsked): _too_early,
    (State.ACKNOWLEDGED, CloseAsked): _close,
    (State.CLOSING, CloseAsked): _too_late,
    (State.CLOSED, CloseAsked): _too_late,
    (State.CLOSING, Countersigned): _countersigned,
    **{(state, ReportsLeft): _reports_left for state in State},
    **{(state, CanaryPassed): _canary_passed for state in State if state is not State.CLOSED},
}
