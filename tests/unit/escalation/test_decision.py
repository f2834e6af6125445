"""The state table, cell by cell: what each fact does in each state, and that an empty cell changes nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.escalation.domain.decision import decide
from services.escalation.domain.escalation import (
    RATE_WITHIN,
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
from services.escalation.domain.page import PageState, person
from shared.events.codes import Level, Outcome
from tests.unit.escalation.world import (
    ANNE,
    ANNE_ASKED,
    BENT,
    CASE,
    DOEGNVAGT,
    LEADER,
    NOBODY,
    NOW,
    PLAN,
    REPORT,
    ROTA,
    after,
    around,
    asked,
    paged,
    standing,
    wait,
)

ANNE_HOME = replace(ROTA, on_call=(BENT,), off=frozenset({ANNE}))
NEXT_MORNING = PLAN.next_working_day(NOW)
PROMISE = timedelta(minutes=60)


@dataclass(frozen=True)
class Cell:
    """What a cell demands. `asks`: who is paged, in order; `next_at`: the one next moment."""

    state: State
    asks: tuple[UUID, ...] = ()
    next_at: datetime | None = None
    round: int | None = None
    told: tuple[type, ...] = ()


def report(no: int = 2, *, rated: bool = False, level: Level | None = None) -> ReportArrived:
    return ReportArrived(CASE, no, NOW, conflict_declared=False, rated=rated, level=level)


def paging(who: UUID, *, level: Level = Level.HIGH, round: int = 2) -> Cell:
    return Cell(State.PAGING, (who,), NOW + wait(level), round)


def taken(minutes: int = 60) -> Cell:
    return Cell(State.ACKNOWLEDGED, (), NOW + timedelta(minutes=minutes), told=(Took,))


SAME = "stored and shown, changes nothing"
FACTS: Mapping[str, tuple[Fact, Callable[[Escalation], Escalation], Any]] = {
    "a report": (report(), lambda e: e, around(NOW, ANNE_ASKED)),
    "a rating not above the level in force": (Rated(Level.LOW, covers_all=True), lambda e: e, around(NOW, ANNE_ASKED)),
    "a rating above the level in force": (Rated(Level.ACUTE, covers_all=True), lambda e: e, around(NOW, ANNE_ASKED)),
    "the next moment": (
        Due(),
        lambda e: replace(e, due_at=e.due_at and NOW, rate_by=e.rate_by and NOW),
        around(NOW, ANNE_ASKED),
    ),
    "all pages of the rung failed": (
        PageFailed(),
        lambda e: e,
        around(NOW, replace(ANNE_ASKED, state=PageState.FAILED)),
    ),
    "the one asked cannot": (
        StoodDown(ANNE),
        lambda e: replace(e, responsible=None if e.state is State.PAGING else e.responsible),
        around(NOW, replace(ANNE_ASKED, state=PageState.ANSWERED)),
    ),
    "taken, covering all": (Taken(BENT, covers=1), lambda e: e, around(NOW, ANNE_ASKED)),
    "taken, covering older ones": (
        Taken(BENT, covers=1),
        lambda e: replace(e, newest_report_no=2),
        around(NOW, ANNE_ASKED),
    ),
    "close, an unjudged report left": (
        CloseAsked(Outcome.ADVISED),
        lambda e: e,
        around(NOW, unjudged={REPORT: NOW + timedelta(hours=24)}),
    ),
    "close, all judged": (CloseAsked(Outcome.ADVISED), lambda e: e, around(NOW, unjudged={})),
    "close, all judged, never high": (
        CloseAsked(Outcome.ADVISED),
        lambda e: replace(e, level=Level.ELEVATED, peak=Level.ELEVATED),
        around(NOW, unjudged={}),
    ),
    "a person's raise": (Raised(BENT, Level.ACUTE), lambda e: e, around(NOW, ANNE_ASKED)),
    "the responsible person's raise": (Raised(ANNE, Level.ACUTE), lambda e: e, around(NOW, ANNE_ASKED)),
    "a raise that is none": (Raised(BENT, Level.HIGH), lambda e: replace(e, level=Level.HIGH), around(NOW, ANNE_ASKED)),
    "a report that the responsible person wrote": (
        replace(report(), entered_by=ANNE),
        lambda e: e,
        around(NOW, ANNE_ASKED),
    ),
    "a rise by a report that the responsible person wrote": (
        Rated(Level.ACUTE, covers_all=True, newest_by=ANNE),
        lambda e: e,
        around(NOW, ANNE_ASKED),
    ),
    "lowering asked": (LowerAsked(Level.LOW), lambda e: e, around(NOW, ANNE_ASKED)),
    "lowering agreed": (Lowered(Level.LOW), lambda e: e, around(NOW, ANNE_ASKED)),
    "offered to another by the responsible person": (HandoverOffered(ANNE, BENT), lambda e: e, around(NOW, ANNE_ASKED)),
    "offered to another by a third": (HandoverOffered(BENT, LEADER), lambda e: e, around(NOW, ANNE_ASKED)),
    "taken by phone, written down later": (
        Taken(BENT, covers=1, said_at=NOW - timedelta(minutes=20)),
        lambda e: e,
        around(NOW, ANNE_ASKED),
    ),
    "the one asked has gone home": (
        ShiftChanged(frozenset({ANNE})),
        lambda e: e,
        around(NOW, ANNE_ASKED, rota=ANNE_HOME),
    ),
    "another unit has it": (UnitMoved(), lambda e: e, around(NOW, ANNE_ASKED, rota=ANNE_HOME)),
    "reports left, the newest stays": (ReportsLeft(1), lambda e: e, around(NOW, ANNE_ASKED)),
    "a canary has passed": (CanaryPassed(), lambda e: e, around(NOW, ANNE_ASKED)),
    "countersigned": (Countersigned(True, Outcome.ADVISED), lambda e: e, around(NOW, unjudged={})),
    "countersign refused": (Countersigned(False, Outcome.ADVISED), lambda e: e, around(NOW, unjudged={})),
}
U, P, A, C, D = State.UNRATED, State.PAGING, State.ACKNOWLEDGED, State.CLOSING, State.CLOSED
TABLE: Mapping[str, Mapping[State, Any]] = {
    "a report": {
        U: Cell(U, (), NOW + RATE_WITHIN),
        P: Cell(P, (), NOW + wait(Level.HIGH), 1),
        A: paging(ANNE),
        C: paging(ANNE),
        D: paging(ANNE, round=1),
    },
    "a rating not above the level in force": {
        U: Cell(P, (), NOW + timedelta(hours=12)),
        P: SAME,
        A: SAME,
        C: SAME,
        D: SAME,
    },
    "a rating above the level in force": {
        U: paging(ANNE, level=Level.ACUTE, round=1),
        P: paging(ANNE, level=Level.ACUTE),
        A: paging(ANNE, level=Level.ACUTE),
        C: paging(ANNE, level=Level.ACUTE),
        D: paging(ANNE, level=Level.ACUTE, round=1),
    },
    "the next moment": {
        U: paging(ANNE, round=1),
        P: paging(BENT, round=1),
        A: paging(ANNE),
        C: Cell(C, (), NEXT_MORNING, told=(Reminded,)),
        D: SAME,
    },
    "all pages of the rung failed": {U: SAME, P: paging(BENT, round=1), A: SAME, C: SAME, D: SAME},
    "the one asked cannot": {
        U: Cell(U, (), NOW + RATE_WITHIN),
        P: paging(BENT, round=1),
        A: paging(BENT),
        C: paging(BENT),
        D: SAME,
    },
    "taken, covering all": {U: taken(), P: taken(), A: taken(), C: taken(), D: SAME},
    "taken, covering older ones": {U: paging(BENT), P: paging(BENT), A: SAME, C: SAME, D: SAME},
    "close, an unjudged report left": {
        U: "not_acknowledged",
        P: "not_acknowledged",
        A: "unjudged",
        C: "closing_already",
        D: "closed_already",
    },
    "close, all judged": {
        U: "not_acknowledged",
        P: "not_acknowledged",
        A: Cell(C, (), NEXT_MORNING),
        C: "closing_already",
        D: "closed_already",
    },
    "close, all judged, never high": {
        U: "not_acknowledged",
        P: "not_acknowledged",
        A: Cell(D, (), None, told=(Finished,)),
        C: "closing_already",
        D: "closed_already",
    },
    "a person's raise": {
        U: paging(ANNE, level=Level.ACUTE, round=1),
        P: paging(ANNE, level=Level.ACUTE),
        A: paging(ANNE, level=Level.ACUTE),
        C: paging(ANNE, level=Level.ACUTE),
        D: paging(ANNE, level=Level.ACUTE, round=1),
    },
    "the responsible person's raise": {
        U: paging(ANNE, level=Level.ACUTE, round=1),
        P: paging(ANNE, level=Level.ACUTE),
        A: taken(),
        C: taken(),
        D: paging(ANNE, level=Level.ACUTE, round=1),
    },
    "a raise that is none": dict.fromkeys(State, "not_higher"),
    "a report that the responsible person wrote": {
        U: Cell(U, (), NOW + RATE_WITHIN),
        P: Cell(P, (), NOW + wait(Level.HIGH), 1),
        A: taken(),
        C: taken(),
        D: paging(ANNE, round=1),
    },
    "a rise by a report that the responsible person wrote": {
        U: paging(ANNE, level=Level.ACUTE, round=1),
        P: paging(ANNE, level=Level.ACUTE),
        A: taken(),
        C: taken(),
        D: paging(ANNE, level=Level.ACUTE, round=1),
    },
    "lowering asked": {U: "not_lower", P: SAME, A: SAME, C: "closing_already", D: "closed_already"},
    "lowering agreed": {
        U: SAME,
        P: Cell(P, (), NOW + wait(Level.HIGH), 1),
        A: Cell(A, (), NOW + PROMISE),
        C: SAME,
        D: SAME,
    },
    "offered to another by the responsible person": {
        U: "not_acknowledged",
        P: "not_acknowledged",
        A: Cell(A, (), NOW + PROMISE, told=(Offered,)),
        C: "closing_already",
        D: "closed_already",
    },
    "offered to another by a third": {
        U: "not_acknowledged",
        P: "not_acknowledged",
        A: "not_responsible",
        C: "closing_already",
        D: "closed_already",
    },
    "taken by phone, written down later": {
        U: taken(40),
        P: taken(40),
        A: "answered_already",
        C: "answered_already",
        D: SAME,
    },
    "the one asked has gone home": {U: SAME, P: paging(BENT), A: SAME, C: SAME, D: SAME},
    "another unit has it": {U: SAME, P: paging(BENT), A: SAME, C: SAME, D: SAME},
    "reports left, the newest stays": dict.fromkeys(State, SAME),
    "a canary has passed": {**dict.fromkeys((U, P, A, C), Cell(D, (), None)), D: SAME},
    "countersigned": {U: SAME, P: SAME, A: SAME, C: Cell(D, (), None, told=(Finished,)), D: SAME},
    "countersign refused": {U: SAME, P: SAME, A: SAME, C: Cell(A, (), NOW + PROMISE), D: SAME},
}


@pytest.mark.parametrize(("fact", "state"), [(fact, state) for fact, row in TABLE.items() for state in row])
def test_the_table_says_what_a_fact_does_in_a_state(fact: str, state: State) -> None:
    what, prepared, where = FACTS[fact]
    before = prepared(standing(state))
    if state in (State.UNRATED, State.CLOSED):
        where = replace(where, pages=())
    decided, expected = decide(before, what, where), TABLE[fact][state]
    if expected == SAME:
        assert decided == Decision(before)
    elif isinstance(expected, str):
        assert isinstance(decided, Refused)
        assert decided.reason == expected
    else:
        _holds(decided, expected)


def _holds(decided: Decided, expected: Cell) -> None:
    stands = after(decided)
    assert isinstance(decided, Decision)
    assert (stands.state, stands.next_at) == (expected.state, expected.next_at)
    assert tuple(paged(decided)) == expected.asks
    assert expected.round in (None, stands.round)
    assert {type(effect) for effect in decided.effects} >= set(expected.told)


def test_every_fact_has_a_row_with_every_state() -> None:
    assert set(TABLE) == set(FACTS)
    assert all(set(row) == set(State) for row in TABLE.values())
    assert {type(fact) for fact, _, _ in FACTS.values()} == set(Fact.__args__)


@pytest.mark.parametrize("fact", [fact for fact in FACTS if not isinstance(FACTS[fact][0], ReportArrived)])
def test_without_a_report_there_is_nothing_to_escalate(fact: str) -> None:
    assert decide(None, FACTS[fact][0], around()) == Decision(None)


def test_a_report_opens_an_escalation_that_waits_twenty_seconds_for_its_rating() -> None:
    decided = decide(None, report(1), around())
    _holds(decided, Cell(State.UNRATED, (), NOW + RATE_WITHIN, 1, (Opened,)))


def test_a_report_whose_rating_came_first_is_paged_at_once() -> None:
    decided = decide(None, report(1, rated=True, level=Level.ACUTE), around())
    _holds(decided, Cell(State.PAGING, (ANNE,), NOW + wait(Level.ACUTE), 1, (Opened,)))


def test_an_old_low_rating_does_not_delay_a_new_report() -> None:
    decided = decide(standing(State.CLOSED, level=Level.LOW), report(2, level=Level.LOW), around())
    _holds(decided, Cell(State.UNRATED, (), NOW + RATE_WITHIN, 1, (Opened,)))


def test_the_low_rating_of_a_silent_judge_lowers_nothing() -> None:
    high = after(decide(standing(State.UNRATED, rate_by=NOW), Due(), around()))
    assert (high.level, high.state) == (Level.HIGH, State.PAGING)
    assert after(decide(high, Rated(Level.LOW, covers_all=True), around())).level is Level.HIGH


@pytest.mark.parametrize("fact", [report(2), Due(), StoodDown(ANNE)], ids=lambda fact: type(fact).__name__)
def test_what_was_taken_before_it_was_rated_is_asked_about_as_high(fact: Fact) -> None:
    decided = decide(standing(State.ACKNOWLEDGED, level=None, due_at=NOW), fact, around())
    assert (after(decided).state, after(decided).level, bool(paged(decided))) == (State.PAGING, Level.HIGH, True)


def test_a_report_never_puts_the_next_moment_off() -> None:
    before = standing(State.PAGING, due_at=NOW + timedelta(seconds=5))
    assert after(decide(before, report(), around(NOW, ANNE_ASKED))).next_at == before.next_at


def test_a_report_that_nobody_rates_ends_the_wait_of_a_low_case() -> None:
    waiting = after(decide(standing(State.UNRATED), Rated(Level.LOW, covers_all=True), around()))
    grown = after(decide(waiting, report(), around()))
    assert grown.next_at == NOW + RATE_WITHIN
    assert paged(decide(grown, Due(), around(NOW + RATE_WITHIN))) == [ANNE]


def test_a_tick_that_comes_early_does_nothing() -> None:
    for state in State:
        assert decide(standing(state), Due(), around()) == Decision(standing(state))


def test_the_last_rung_repeats_for_ever_each_time_as_a_new_round() -> None:
    stands, now = standing(State.PAGING, rung=5), NOW
    for n in range(2, 30):
        now += wait(Level.HIGH)
        decided = decide(stands, Due(), around(now))
        stands = after(decided)
        assert (paged(decided), stands.round, stands.rung) == ([DOEGNVAGT], n, 5)


def test_a_taken_case_whose_responsible_is_told_of_a_new_report_asks_them_before_the_ladder() -> None:
    first = decide(standing(State.ACKNOWLEDGED, responsible=BENT), report(), around())
    assert paged(first) == [BENT]
    second = decide(after(first), Due(), around(NOW + wait(Level.HIGH), asked(person(BENT), round=2, rung=0)))
    assert paged(second) == [ANNE]


def test_an_answer_covers_no_more_than_was_shown() -> None:
    grown = standing(State.PAGING, newest_report_no=3)
    assert after(decide(grown, Taken(BENT, covers=2), around(NOW, ANNE_ASKED))).acknowledged_report_no == 2
    assert after(decide(grown, Taken(BENT, covers=3), around(NOW, ANNE_ASKED))).acknowledged_report_no == 3


def test_the_same_partial_answer_again_pages_nobody_again() -> None:
    grown = standing(State.PAGING, newest_report_no=2)
    once = after(decide(grown, Taken(BENT, covers=1), around(NOW, ANNE_ASKED)))
    assert decide(once, Taken(BENT, covers=1), around(NOW)) == Decision(once)


def test_who_cannot_is_not_asked_again_in_any_round() -> None:
    gone = after(decide(standing(State.ACKNOWLEDGED), StoodDown(ANNE), around()))
    assert ANNE in gone.declined
    again = decide(replace(gone, rung=5), Due(), around(NOW + wait(Level.HIGH)))
    assert ANNE not in paged(again)


def test_who_said_they_cannot_may_take_it_after_all() -> None:
    taken_after_all = decide(standing(State.PAGING, declined=frozenset({ANNE})), Taken(ANNE, covers=1), around())
    assert after(taken_after_all).responsible == ANNE
    assert ANNE not in after(taken_after_all).declined


def test_someone_elses_refusal_does_not_touch_the_responsible() -> None:
    stands = after(decide(standing(State.ACKNOWLEDGED), StoodDown(BENT), around()))
    assert (stands.state, stands.responsible) == (State.ACKNOWLEDGED, ANNE)


def test_close_names_the_unjudged_reports() -> None:
    refused = decide(standing(State.ACKNOWLEDGED), CloseAsked(Outcome.ADVISED), around(unjudged={REPORT: NOW}))
    assert refused == Refused("unjudged", (REPORT,))


@given(wanted=st.integers(1, 1440), margin=st.integers(-60, 1440))
def test_a_promise_never_reaches_past_the_earliest_unjudged_limit(wanted: int, margin: int) -> None:
    limit, promise = NOW + timedelta(minutes=margin), timedelta(minutes=wanted)
    later = {REPORT: limit, CASE: limit + timedelta(days=9)}
    stands = after(decide(standing(State.PAGING), Taken(BENT, 1, promise), around(unjudged=later)))
    assert stands.next_at is not None
    assert NOW < stands.next_at <= NOW + promise
    assert margin <= 0 or stands.next_at <= limit


def test_nobody_at_all_is_told_and_tried_again_without_spinning() -> None:
    stands, now = standing(State.UNRATED, rate_by=NOW), NOW
    for _ in range(5):
        decided = decide(stands, Due(), around(now, rota=NOBODY))
        assert isinstance(decided, Decision)
        assert decided.effects == (NobodyReached(),)
        stands = after(decided)
        assert stands.next_at == now + wait(Level.HIGH)
        now = stands.next_at


def test_leaders_and_døgnvagt_are_asked_where_no_consultant_is_on_call() -> None:
    rota = replace(around().rota, on_call=())
    decided = decide(standing(State.UNRATED, rate_by=NOW), Due(), around(rota=rota))
    assert (paged(decided), after(decided).rung) == ([DOEGNVAGT], 3)
    assert paged(decide(after(decided), Due(), around(NOW + wait(Level.HIGH), rota=rota))) == [LEADER]


def test_what_was_lowered_is_still_closed_by_two() -> None:
    lowered = after(decide(standing(State.ACKNOWLEDGED), Lowered(Level.LOW), around()))
    assert (lowered.level, lowered.peak) == (Level.LOW, Level.HIGH)
    assert after(decide(lowered, CloseAsked(Outcome.ADVISED), around(unjudged={}))).state is State.CLOSING


def test_a_lowering_lowers_and_never_raises() -> None:
    low = standing(State.ACKNOWLEDGED, level=Level.LOW)
    assert decide(low, Lowered(Level.ACUTE), around()) == Decision(low)


def test_what_a_person_raised_stays_raised_in_the_next_escalation() -> None:
    again = decide(standing(State.CLOSED, level=Level.ACUTE), report(2, level=Level.LOW), around())
    assert after(again).level is Level.ACUTE


def test_whoever_has_it_stays_responsible_until_the_other_takes_it() -> None:
    offered = after(decide(standing(State.ACKNOWLEDGED), HandoverOffered(ANNE, BENT), around()))
    assert (offered.responsible, offered.offered_to) == (ANNE, BENT)
    refused = after(decide(offered, StoodDown(BENT), around()))
    assert (refused.responsible, refused.offered_to) == (ANNE, None)
    taken_over = after(decide(offered, Taken(BENT, covers=1), around()))
    assert (taken_over.responsible, taken_over.offered_to) == (BENT, None)


def test_a_leader_may_hand_over_for_another() -> None:
    offered = decide(standing(State.ACKNOWLEDGED), HandoverOffered(LEADER, BENT, by_leader=True), around())
    assert after(offered).offered_to == BENT


def test_an_older_report_that_comes_late_is_not_covered_by_who_wrote_the_newest() -> None:
    stands = standing(State.ACKNOWLEDGED, newest_report_no=3, acknowledged_report_no=3)
    late = decide(stands, replace(report(2), entered_by=ANNE), around())
    assert (after(late).state, after(late).acknowledged_report_no) == (State.PAGING, 3)


def test_somebody_who_has_not_judged_the_child_is_asked_before_somebody_who_has() -> None:
    where = replace(around(), judges=frozenset({ANNE}))
    again = decide(standing(State.CLOSED), report(2), where)
    assert paged(again) == [BENT]
    only_anne = replace(where, rota=replace(ROTA, on_call=(ANNE,)))
    assert paged(decide(standing(State.CLOSED), report(2), only_anne)) == [ANNE]


def test_a_child_that_is_supported_already_asks_for_fresh_eyes_from_its_first_report() -> None:
    first = decide(None, replace(report(1), already_supported=True), around())
    assert after(first).fresh_eyes


def test_a_responsible_person_who_judged_or_went_home_is_not_asked_first() -> None:
    judged = replace(around(), judges=frozenset({BENT}))
    assert paged(decide(standing(State.ACKNOWLEDGED, responsible=BENT), report(), judged)) == [ANNE]
    home = around(rota=replace(ROTA, on_call=(ANNE,), off=frozenset({BENT})))
    assert paged(decide(standing(State.ACKNOWLEDGED, responsible=BENT), report(), home)) == [ANNE]


def test_a_promise_by_phone_that_has_passed_meanwhile_is_due_at_once() -> None:
    said = Taken(BENT, covers=1, promise=timedelta(minutes=10), said_at=NOW - timedelta(minutes=20))
    stands = after(decide(standing(State.PAGING), said, around()))
    assert stands.next_at == NOW - timedelta(minutes=10)
    assert paged(decide(stands, Due(), around())) == [ANNE]


def test_reports_that_left_are_not_waited_for_and_stop_no_ladder() -> None:
    paged_for_three = replace(standing(State.PAGING), newest_report_no=3, acknowledged_report_no=2)
    decided = after(decide(paged_for_three, ReportsLeft(1), around(NOW, ANNE_ASKED)))
    assert (decided.state, decided.newest_report_no, decided.acknowledged_report_no) == (State.PAGING, 1, 1)
    taken_then = after(decide(decided, Taken(ANNE, covers=1), around(NOW, ANNE_ASKED)))
    assert taken_then.state is State.ACKNOWLEDGED
