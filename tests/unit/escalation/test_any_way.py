"""Whatever comes, in whatever order: what must always hold does hold after every single step."""

from datetime import timedelta
from itertools import chain
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.escalation.domain.escalation import (
    RATE_WITHIN,
    Asked,
    CloseAsked,
    Countersigned,
    HandoverOffered,
    Raised,
    State,
)
from services.escalation.domain.hold import Action, HeldFrom, Lift, holds
from services.escalation.domain.page import LIVE
from shared.events.codes import Level, Outcome
from shared.ids import PersonId
from tests.support.races import REPETITIONS
from tests.unit.escalation.simulated import Case
from tests.unit.escalation.world import ANNE, BENT, CASE, LEADER, NOW, wait

pytestmark = pytest.mark.race
PEOPLE = st.sampled_from([ANNE, BENT, LEADER])
LEVELS = st.sampled_from(list(Level))
REPORTS = 4


class AnyWay(RuleBasedStateMachine):
    """One case, to which anything may happen at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.case = Case()
        self.before = self.case.escalation
        self.person_acted = self.lowered = False
        self.lifts: list[Lift] = []

    def _step(self, act: Any, *args: Any, person: bool = False, lowered: bool = False, **more: Any) -> None:
        self.before, self.person_acted, self.lowered = self.case.escalation, person, lowered
        act(*args, **more)

    @rule(skipped=st.sampled_from([0, 0, 0, 1, -1]), late=st.integers(0, 30))
    def a_report_comes(self, skipped: int, late: int) -> None:
        no = min(max(self.case.next_no + skipped, 1), REPORTS)
        self._step(self.case.report, no, received_at=self.case.now - timedelta(hours=late))

    @rule()
    def the_responsible_person_writes_one_down(self) -> None:
        if self.case.escalation is not None and self.case.next_no <= REPORTS:
            self._step(self.case.report, self.case.next_no, by=self.case.escalation.responsible, person=True)

    @rule(no=st.integers(1, 9), level=LEVELS, covers=st.frozensets(st.integers(1, REPORTS), min_size=2))
    def a_rating_comes(self, no: int, level: Level, covers: frozenset[int]) -> None:
        self._step(self.case.rate, no, level, covers)

    @rule(seconds=st.integers(1, 5000))
    def time_passes(self, seconds: int) -> None:
        until = self.case.now + timedelta(seconds=seconds)
        while self.case.escalation and self.case.escalation.next_at and self.case.escalation.next_at <= until:
            self._step(self.case.due)
            self._check()
        self.case.now = until

    @rule(data=st.data())
    @precondition(lambda self: self.case.pages)
    def something_is_heard_of_a_page(self, data: st.DataObject) -> None:
        page = data.draw(st.sampled_from(self.case.pages))
        self._step(data.draw(st.sampled_from([self.case.accept, self.case.fail])), page)

    @rule(who=PEOPLE, excluded=st.booleans())
    def somebody_cannot(self, who: PersonId, excluded: bool) -> None:
        self._step(self.case.stand_down, who, excluded=excluded, person=True)

    @rule(who=PEOPLE, unseen=st.sampled_from([0, 0, 0, 1]))
    def somebody_takes_it(self, who: PersonId, unseen: int) -> None:
        self._step(self.case.take, who, self.case.next_no - 1 - unseen, person=True)

    @rule(who=PEOPLE, level=LEVELS)
    def somebody_raises_it(self, who: PersonId, level: Level) -> None:
        self._step(self.case.settle, Raised(who, level), person=True)

    @rule(level=LEVELS)
    def two_lower_it(self, level: Level) -> None:
        self._step(self.case.lower, level, person=True, lowered=True)

    @rule(by=PEOPLE, to=PEOPLE)
    def somebody_offers_it(self, by: PersonId, to: PersonId) -> None:
        self._step(self.case.settle, HandoverOffered(by, to), person=True)

    @rule()
    def all_reports_are_judged(self) -> None:
        self._step(self.case.judged.update, self.case.reports, person=True)

    @rule()
    def somebody_asks_to_close(self) -> None:
        self._step(self.case.settle, CloseAsked(Outcome.ADVISED), person=True)

    @rule(agree=st.booleans())
    def a_second_person_answers(self, agree: bool) -> None:
        self._step(self.case.settle, Countersigned(agree, Outcome.ADVISED), person=True)

    @invariant()
    def _check(self) -> None:
        self._what_is_open_has_one_next_moment()
        self._silence_climbs()
        self._only_people_stop_a_ladder()
        self._rules_raise_and_people_lower()
        self._nobody_is_asked_who_must_not_know()
        self._what_nobody_saw_is_not_answered()

    def _what_is_open_has_one_next_moment(self) -> None:
        stands = self.case.escalation
        if stands is not None:
            assert (stands.next_at is None) == (stands.state is State.CLOSED)
            assert stands.level is not None or stands.state is not State.PAGING

    def _silence_climbs(self) -> None:
        """Whoever waits for an answer has somebody asked, or tries again within a rung's wait."""
        stands = self.case.escalation
        if stands is None or stands.state not in (State.UNRATED, State.PAGING):
            return
        if stands.state is State.UNRATED:
            assert stands.next_at is not None
            assert stands.next_at <= self.case.now + RATE_WITHIN
            return
        here = [page for page in self.case.pages if (page.round, page.rung) == (stands.round, stands.rung)]
        asked = any(page.state in LIVE for page in here)
        assert asked or not here or stands.nobody_at is not None
        if stands.level is not None and stands.is_high and not asked:
            assert stands.due_at is not None
            assert stands.due_at <= self.case.now + wait(stands.level)

    def _only_people_stop_a_ladder(self) -> None:
        before, after = self.before, self.case.escalation
        if before is None or after is None or self.person_acted:
            return
        quiet = (State.ACKNOWLEDGED, State.CLOSING, State.CLOSED)
        assert after.state not in quiet or (before.state is after.state and before.n == after.n)
        assert after.n > before.n or after.acknowledged_report_no == before.acknowledged_report_no

    def _rules_raise_and_people_lower(self) -> None:
        before, after = self.before, self.case.escalation
        if before is None or after is None or before.n != after.n:
            return
        closed = after.state is State.CLOSED and before.state is not State.CLOSED
        assert not (closed and after.ever_high) or before.state is State.CLOSING
        if before.level is None:
            return
        assert after.level is not None
        assert self.lowered or after.level.rank >= before.level.rank
        assert after.peak is not None
        assert before.peak is not None
        assert after.peak.rank >= max(before.peak.rank, after.level.rank)

    def _nobody_is_asked_who_must_not_know(self) -> None:
        asked = chain.from_iterable(effect.recipients for effect in self.case.effects if isinstance(effect, Asked))
        assert not {each.id for each in asked} & self.case.excluded
        live = {page.recipient.id for page in self.case.pages if page.state in LIVE}
        assert not live & self.case.excluded

    def _what_nobody_saw_is_not_answered(self) -> None:
        stands = self.case.escalation
        if stands is not None:
            assert stands.acknowledged_report_no <= self.case.shown
        if stands is not None and stands.state in (State.ACKNOWLEDGED, State.CLOSING):
            assert stands.acknowledged_report_no == stands.newest_report_no == max(self.case.reports)

    @rule(
        who=st.sampled_from(HeldFrom),
        action=st.sampled_from(Action),
        covers=st.integers(0, REPORTS),
        hours=st.integers(1, 99),
    )
    def a_step_of_the_hold_is_recorded(self, who: HeldFrom, action: Action, covers: int, hours: int) -> None:
        until = None if action is Action.REINSTATE else self.case.now + timedelta(hours=hours)
        step = Lift(
            recipient=who,
            n=len(self.lifts) + 1,
            action=action,
            covers={CASE: covers},
            until=until,
            person_id=LEADER,
            at=self.case.now,
        )
        self.lifts.append(step)

    @invariant()
    def held_is_the_absence_of_a_valid_lift(self) -> None:
        newest = max(self.case.reports, default=0)
        for hold in holds(self.lifts, newest={CASE: newest}, now=self.case.now):
            steps = [step for step in self.lifts if step.recipient is hold.recipient]
            assert hold.lift is None or hold.lift is steps[-1]
            if hold.lift is not None:
                assert hold.lift.covers[CASE] >= newest
                assert hold.lift.until is not None
                assert hold.lift.until > self.case.now
                assert hold.lift.action is not Action.REINSTATE


AnyWay.TestCase.settings = settings(
    max_examples=10 * REPETITIONS, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
test_any_way = AnyWay.TestCase


FACTS = [
    *((no, None) for no in (1, 2, 3)),
    (1, (Level.LOW, frozenset({1}))),
    (2, (Level.HIGH, frozenset({1, 2}))),
    (3, (Level.ELEVATED, frozenset({2, 3}))),
    (4, (Level.ACUTE, frozenset({3}))),
]


def _delivered(order: list[int]) -> tuple[Any, ...]:
    case = Case()
    for place in order:
        no, rating = FACTS[place]
        case.report(no, received_at=NOW - timedelta(minutes=no)) if rating is None else case.rate(no, *rating)
    stands = case.escalation
    assert stands is not None
    live = sorted(str(page.recipient.id) for page in case.pages if page.state in LIVE)
    held = (stands.state, stands.level, stands.peak, stands.newest_report_no, stands.received_at, stands.n)
    return (*held, stands.acknowledged_report_no, stands.rate_by, live)


@given(order=st.permutations(range(len(FACTS))), again=st.lists(st.sampled_from(range(len(FACTS)))))
def test_reports_and_ratings_in_any_order_and_any_number_of_times_end_the_same(
    order: list[int], again: list[int]
) -> None:
    assert _delivered([*order, *again]) == _delivered(list(range(len(FACTS))))
