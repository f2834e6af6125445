"""The contact hold as a pure rule: who lifts it, on what, until when; and what makes a lift void."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.escalation.domain.assessment import FORM
from services.escalation.domain.escalation import Refused
from services.escalation.domain.hold import Action, Asked, Ended, HeldFrom, Lift, decide, ended, holds, mediation
from shared.auth.people import Person, Role
from shared.ids import CaseId, PersonId

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
CASE, LINKED = CaseId(UUID(int=1)), CaseId(UUID(int=2))
CARLA = PersonId(UUID(int=3))
ASSESSMENT = UUID(int=4)
WEEK = NOW + timedelta(days=7)
COVERS = {CASE: 2, LINKED: 1}


def who(*roles: Role, ago: timedelta = timedelta(0)) -> Person:
    return Person(CARLA, frozenset(roles), frozenset({"*"}), NOW - ago)


def asked(action: Action = Action.LIFT, **changes: object) -> Asked:
    fields = {"recipient": HeldFrom.MOTHER, "action": action, "reason": "fordi", "until": WEEK}
    return Asked(**fields | {"assessment_id": ASSESSMENT} | changes)  # type: ignore[arg-type]


def decided(
    wanted: Asked, by: Person | None = None, *, assessed: Mapping[CaseId, int] | None = COVERS
) -> Lift | Refused:
    return decide(wanted, by or who(Role.AUTHORITY), n=1, assessed=assessed, newest=COVERS, now=NOW)


def lift(**changes: object) -> Lift:
    fields = {"recipient": HeldFrom.MOTHER, "n": 1, "action": Action.LIFT, "covers": COVERS, "until": WEEK}
    return Lift(**fields | {"person_id": CARLA, "at": NOW} | changes)  # type: ignore[arg-type]


def state(*lifts: Lift, newest: Mapping[CaseId, int] = COVERS, now: datetime = NOW) -> dict[str, str]:
    return {hold.recipient.value: hold.state for hold in holds(lifts, newest=newest, now=now)}


def test_a_case_is_born_held_for_everybody() -> None:
    assert set(state().values()) == {"held"}
    assert set(state()) == {"mother", "father", "custody_holder", "sibling", "relative", "network"}


def test_a_person_with_authority_lifts_it_for_one_recipient_on_an_assessment_of_everything_that_came() -> None:
    found = decided(asked())
    assert isinstance(found, Lift)
    assert state(found) == {**state(), "mother": "lifted"}


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.AUTHORITY])
@pytest.mark.parametrize("action", list(Action))
def test_nobody_without_authority_decides_on_it(role: Role, action: Action) -> None:
    assert decided(asked(action), who(role)) == Refused("authority_needed")


@pytest.mark.parametrize("action", [Action.LIFT, Action.NOT_APPLICABLE])
def test_lifting_takes_a_sign_in_of_the_last_ten_minutes(action: Action) -> None:
    late = who(Role.AUTHORITY, ago=timedelta(minutes=10, seconds=1))
    assert decided(asked(action), late) == Refused("step_up_needed")
    assert isinstance(decided(asked(action), who(Role.AUTHORITY, ago=timedelta(minutes=10))), Lift)


def test_holding_again_takes_no_fresh_sign_in_no_assessment_and_no_end() -> None:
    late = who(Role.AUTHORITY, ago=timedelta(hours=9))
    again = decided(asked(Action.REINSTATE, assessment_id=None, until=None), late, assessed=None)
    assert isinstance(again, Lift)
    assert state(lift(n=0), again)["mother"] == "held"


@pytest.mark.parametrize("action", list(Action))
def test_every_step_has_its_reason(action: Action) -> None:
    assert decided(asked(action, reason="  ")) == Refused("reason_missing")


@pytest.mark.parametrize("action", [Action.LIFT, Action.NOT_APPLICABLE])
@pytest.mark.parametrize("until", [None, NOW, NOW - timedelta(days=1), NOW + timedelta(days=121)])
def test_a_lift_ends(action: Action, until: datetime | None) -> None:
    assert decided(asked(action, until=until)) == Refused("end_missing")


def test_a_lift_rests_on_a_recorded_assessment() -> None:
    assert decided(asked(), assessed=None) == Refused("assessment_missing")


@pytest.mark.parametrize("known", [{CASE: 1, LINKED: 1}, {CASE: 2, LINKED: 0}, {CASE: 2}])
def test_an_assessment_that_does_not_know_the_newest_report_here_or_in_a_linked_case_lifts_nothing(
    known: dict[CaseId, int],
) -> None:
    assert decided(asked(), assessed=known) == Refused("assessment_outdated")


def test_that_section_18_does_not_apply_needs_a_reason_and_a_review_and_no_assessment() -> None:
    found = decided(asked(Action.NOT_APPLICABLE), assessed=None)
    assert isinstance(found, Lift)
    assert state(found)["mother"] == "not_applicable"


@pytest.mark.parametrize("newest", [{CASE: 3, LINKED: 1}, {CASE: 2, LINKED: 2}, {**COVERS, CaseId(UUID(int=9)): 1}])
def test_a_new_report_here_or_in_a_linked_case_voids_a_lift(newest: dict[CaseId, int]) -> None:
    assert state(lift(), newest=newest)["mother"] == "held"
    assert state(lift(action=Action.NOT_APPLICABLE), newest=newest)["mother"] == "held"


def test_a_lift_ends_at_its_end() -> None:
    assert state(lift(), now=WEEK - timedelta(seconds=1))["mother"] == "lifted"
    assert state(lift(), now=WEEK)["mother"] == "held"


@pytest.mark.parametrize(
    ("changes", "newest", "days", "why"),
    [
        ({}, {CASE: 3, LINKED: 1}, 0, [Ended.NEW_REPORT]),
        ({}, {CASE: 2, LINKED: 2}, 0, [Ended.LINKED]),
        ({}, {**COVERS, CaseId(UUID(int=9)): 1}, 0, [Ended.LINKED]),
        ({}, COVERS, 7, [Ended.EXPIRED]),
        ({}, {CASE: 3, LINKED: 2}, 7, [Ended.EXPIRED, Ended.NEW_REPORT, Ended.LINKED]),
        ({"void": True}, {CASE: 3, LINKED: 1}, 7, [Ended.VOID]),
        ({"action": Action.REINSTATE, "until": None}, {CASE: 3, LINKED: 1}, 7, [Ended.REINSTATED]),
    ],
)
def test_what_is_held_again_says_every_reason_why(
    changes: dict[str, object], newest: dict[CaseId, int], days: int, why: list[Ended]
) -> None:
    given, last = lift(n=1), lift(n=2, **changes)
    now = NOW + timedelta(days=days)
    mother, *others = holds([given, last], newest=newest, now=now)
    assert mother.former == last
    assert list(ended(last, CASE, newest=newest, now=now)) == why
    assert [each.former for each in others] == [None] * 5


def test_what_was_never_lifted_is_not_held_again() -> None:
    mother, *_ = holds([lift(action=Action.REINSTATE, until=None)], newest=COVERS, now=NOW)
    assert (mother.state, mother.former) == ("held", None)


STEPS = st.lists(
    st.builds(
        lift,
        n=st.integers(1, 6),
        action=st.sampled_from(Action),
        covers=st.fixed_dictionaries({CASE: st.integers(0, 3), LINKED: st.integers(0, 3)}),
        until=st.none() | st.integers(-2, 2).map(lambda days: NOW + timedelta(days=days)),
    ).filter(lambda step: (step.action is Action.REINSTATE) == (step.until is None)),
    unique_by=lambda step: step.n,
    max_size=6,
)


@given(STEPS, st.randoms())
def test_what_is_lifted_is_lifted_by_the_newest_step_that_has_an_end_to_come_and_knows_everything(
    steps: list[Lift], chance: object
) -> None:
    shuffled = sorted(steps, key=lambda step: chance.random())  # type: ignore[attr-defined]
    (mother,) = [hold for hold in holds(shuffled, newest=COVERS, now=NOW) if hold.recipient is HeldFrom.MOTHER]
    newest = max(steps, key=lambda step: step.n, default=None)
    if mother.lift is not None:
        assert mother.lift == newest
        assert newest.until is not None
        assert newest.until > NOW
        assert all(newest.covers[case] >= no for case, no in COVERS.items())
    if mother.former is not None:
        assert mother.former == newest
        assert ended(newest, CASE, newest=COVERS, now=NOW)
    assert (mother.lift is None) or not ended(mother.lift, CASE, newest=COVERS, now=NOW)
    assert state(*steps) == state(*shuffled)


@given(STEPS, st.integers(0, 5), st.integers(0, 5))
def test_nothing_that_comes_later_lifts_what_is_held(steps: list[Lift], more: int, days: int) -> None:
    """Time and reports only ever hold; lifting takes a step."""
    before = state(*steps)
    grown = {CASE: 2 + more, LINKED: 1}
    after = state(*steps, newest=grown, now=NOW + timedelta(days=days))
    assert all(after[who] == "held" for who in before if before[who] == "held")


def test_mediation_takes_a_lift_that_names_it_for_each_of_them() -> None:
    named, silent = lift(mediation=True), lift(recipient=HeldFrom.FATHER)
    standing = holds([named, silent], newest=COVERS, now=NOW)
    assert mediation(standing, [HeldFrom.MOTHER]) is None
    assert mediation(standing, [HeldFrom.MOTHER, HeldFrom.FATHER]) == Refused("mediation_not_named")
    assert mediation(standing, [HeldFrom.MOTHER, HeldFrom.SIBLING]) == Refused("held")


def test_that_section_18_does_not_apply_names_no_mediation() -> None:
    found = decided(asked(Action.NOT_APPLICABLE, mediation=True))
    assert isinstance(found, Lift)
    assert not found.mediation


def test_the_form_asks_twenty_questions_in_two_languages_and_every_answer_may_be_missing() -> None:
    assert len({question.id for question in FORM.questions}) == 20
    assert all(question.danish and question.english for question in FORM.questions)
    assert len(FORM.unanswered({})) == 20
    answers = {"threats": ["veiled"], "own_view": "bange", "older_question": "ja"}
    assert len(FORM.unanswered(answers)) == 18
    assert FORM.unread(answers) == ["older_question"]
