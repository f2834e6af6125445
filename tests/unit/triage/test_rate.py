"""What the rating looks at, what it never looks at, and what it tells."""

from datetime import UTC, datetime, timedelta

import pytest

from services.triage.domain import decoded, encoded, facts_in, may_be_told, newest, rate, snapshot
from services.triage.rules import parse, rule_set
from shared.events.codes import AgeBand, Level
from shared.events.triage import WouldRaise
from shared.signs import SIGNS, SignId
from tests.support.facts import AS_OF, NO_DANGER, RULES, rated, report

LOW, ELEVATED, HIGH, ACUTE = Level


def test_low_needs_the_gates_denied() -> None:
    assert rated(NO_DANGER).level is LOW
    assert rated("!threat.concrete").level is ELEVATED
    assert rated("!threat.concrete ?violence.now").level is ELEVATED


def test_unknown_gates_never_rate_higher_than_elevated() -> None:
    everything_unknown = " ".join(f"?{sign}" for sign in SIGNS)
    assert rated(everything_unknown).level is ELEVATED


def test_a_denial_by_one_report_holds_until_another_does_not_know() -> None:
    assert rated(NO_DANGER, "").level is LOW
    assert rated(NO_DANGER, "?violence.now").level is ELEVATED
    assert rated(NO_DANGER, "violence.now").level is ACUTE


def test_that_there_was_none_earlier_does_not_deny_that_there_is_now() -> None:
    assert rated("!threat.concrete !violence.now@earlier").level is ELEVATED


@pytest.mark.parametrize("why", [{"language_unread": True}, {"pending": True}])
def test_a_denial_beside_text_that_nobody_has_read_does_not_lower(why: dict[str, bool]) -> None:
    rating = rated(report(NO_DANGER, **why))
    assert rating.level is ELEVATED
    assert rating.reasons[0].signs == ("threat.concrete", "violence.now")
    assert rating.reasons[0].report_ids == (report().report_id,)


def test_violence_earlier_is_strong_and_leaves_open_whether_there_is_violence_now() -> None:
    rating = rated("!threat.concrete violence.now@earlier")
    assert [reason.rule for reason in rating.reasons] == ["elevated_strong", "elevated_unanswered"]
    assert "violence.now" in rating.unknowns


def test_an_earlier_danger_is_high_and_asks_whether_it_is_there_now() -> None:
    rating = rated("!violence.now threat.concrete@earlier")
    assert rating.level is HIGH
    assert rating.would_raise[0] == WouldRaise(sign=SignId("threat.concrete"), level=ACUTE)


def test_a_sign_without_a_time_is_of_now() -> None:
    assert rated("sexual.abuse").level is rated("sexual.abuse@now").level is ACUTE


@pytest.mark.parametrize(
    ("bands", "level"),
    [
        ((AgeBand.YOUTH,), ACUTE),
        ((AgeBand.SCHOOL,), ACUTE),
        ((AgeBand.DAY_CARE,), ACUTE),
        ((AgeBand.UNBORN,), ACUTE),
        ((AgeBand.UNKNOWN,), ACUTE),
        ((), ACUTE),
        ((AgeBand.ADULT, AgeBand.YOUTH), ACUTE),
        ((AgeBand.ADULT,), HIGH),
    ],
)
def test_a_wedding_that_is_near_is_acute_for_everybody_not_known_to_be_18(
    bands: tuple[AgeBand, ...], level: Level
) -> None:
    assert rated(report("marriage.planned+5", bands=bands)).level is level


def test_one_child_under_18_in_any_report_is_enough() -> None:
    adult, minor = report("marriage.planned+5", bands=(AgeBand.ADULT,)), report("", n=2)
    assert rated(adult, minor).level is ACUTE


def test_a_journey_alone_is_elevated_however_near() -> None:
    for days in (0, 1, 30):
        assert rated(f"{NO_DANGER} travel.planned+{days}").level is ELEVATED
    assert rated(f"{NO_DANGER} travel.planned absence.leave_requested").level is ELEVATED


def test_what_the_family_knows_and_a_near_journey_are_acute_only_beside_a_danger() -> None:
    for sign in ("disclosure.family_knows", "travel.soon"):
        assert rated(f"{NO_DANGER} {sign}").level is ELEVATED
        assert rated(f"{NO_DANGER} {sign} wellbeing.decline absence.leave_requested").level is not ACUTE
        for danger in ("control.isolation", "relation.known_or_rumoured", "violence.earlier", "marriage.pressure"):
            assert rated(f"{NO_DANGER} {sign} {danger}").level is ACUTE
        assert rated(f"{NO_DANGER} {sign} travel.forced_departure").level is ACUTE
    assert rated(f"{NO_DANGER} travel.soon travel.planned").level is ELEVATED


def test_what_nobody_answered_is_a_reason_of_its_own_kind() -> None:
    (said, unanswered) = rated("fear.extreme !violence.now").reasons
    assert not said.unanswered
    assert unanswered.unanswered
    assert unanswered.signs == ("threat.concrete",)


def test_a_sign_that_came_later_changes_nothing_that_an_earlier_rule_set_made() -> None:
    before, now = rated("fear.extreme", rules=rule_set(1)), rated("fear.extreme")
    assert set(now.unknowns) - set(before.unknowns) == {sign.id for sign in SIGNS.values() if sign.since > 1}
    assert not any(reason.unanswered for reason in before.reasons)


def test_a_date_that_has_passed_is_still_near() -> None:
    assert rated("marriage.planned-400").level is ACUTE


def test_a_wedding_far_off_is_high_until_it_is_near() -> None:
    assert rated("marriage.planned+31").level is HIGH
    assert rated("marriage.planned+31", as_of=AS_OF + timedelta(days=1)).level is ACUTE


def test_virginity_control_makes_a_wedding_without_a_date_acute_and_one_far_off_not() -> None:
    assert rated("body.virginity_control marriage.planned").level is ACUTE
    assert rated("body.virginity_control marriage.planned+60").level is HIGH


def test_time_changes_the_rating_at_midnight_in_copenhagen() -> None:
    due = rated("marriage.planned+40").rerate_at
    assert due == datetime(2026, 3, 19, 23, 0, tzinfo=UTC)
    assert rated("marriage.planned+40", as_of=due - timedelta(microseconds=1)).level is HIGH
    assert rated("marriage.planned+40", as_of=due).level is ACUTE


def test_midnight_follows_summer_time() -> None:
    assert rated("marriage.planned+60").rerate_at == datetime(2026, 4, 8, 22, 0, tzinfo=UTC)


def test_of_several_dates_the_first_that_changes_something_is_waited_for() -> None:
    rating = rated("travel.forced_departure marriage.pressure travel.planned+20 marriage.planned+50")
    assert rating.rerate_at == datetime(2026, 3, 15, 23, 0, tzinfo=UTC)


def test_a_date_that_changes_nothing_is_not_waited_for() -> None:
    assert rated("travel.planned+40").rerate_at is None
    assert rated("marriage.planned+3").rerate_at is None
    assert rated("fear.extreme+40").rerate_at is None


@pytest.mark.parametrize("days", ["-739000", "+2900000"])
def test_the_first_and_the_last_days_of_the_calendar_are_days(days: str) -> None:
    assert rated(f"marriage.planned{days}").level in (HIGH, ACUTE)


def test_one_sign_of_concern_says_nothing_and_two_different_ones_are_elevated() -> None:
    assert rated(f"{NO_DANGER} wellbeing.decline").level is LOW
    assert rated(f"{NO_DANGER} wellbeing.decline wellbeing.decline@earlier").level is LOW
    assert rated(f"{NO_DANGER} wellbeing.decline", f"{NO_DANGER} role.interpreter").level is ELEVATED


def test_however_many_strong_signs_of_one_kind_are_no_pattern() -> None:
    assert (
        rated(f"{NO_DANGER} travel.planned absence.leave_requested absence.leave_requested@earlier").level is ELEVATED
    )


def test_a_withdrawn_story_is_a_sign_and_no_relief() -> None:
    assert rated(f"{NO_DANGER} violence.now@earlier story.withdrawn").level is HIGH


def test_a_reason_names_the_signs_and_the_reports_that_said_them() -> None:
    first, second, third = report("watched.by_relatives"), report("fear.extreme", n=2), report("!fear.extreme", n=3)
    reason = rated(third, second, first).reasons[0]
    assert reason.rule == "high_control_and_reaction"
    assert reason.signs == ("watched.by_relatives", "fear.extreme")
    assert set(reason.report_ids) == {first.report_id, second.report_id}


def test_reasons_come_highest_first_and_name_every_rule_that_holds() -> None:
    rating = rated("travel.soon marriage.pressure fear.extreme")
    assert [reason.rule for reason in rating.reasons] == [
        "acute_travel_soon",
        "high_marriage",
        "elevated_strong",
        "elevated_unanswered",
    ]


def test_what_was_neither_said_nor_denied_is_unknown_gates_first() -> None:
    rating = rated("!fear.killed fear.extreme ?travel.soon")
    assert rating.unknowns[:2] == ("threat.concrete", "violence.now")
    assert set(rating.unknowns) == set(SIGNS) - {"fear.killed", "fear.extreme"}


def test_the_questions_are_the_three_that_raise_most_gates_first_then_what_belongs_to_what_was_said() -> None:
    asked = rated("travel.planned").would_raise
    assert [(each.sign, each.level) for each in asked] == [
        ("threat.concrete", ACUTE),
        ("violence.now", ACUTE),
        ("travel.passport_taken", ACUTE),
    ]
    assert [each.sign for each in rated(f"travel.planned {NO_DANGER}").would_raise] == [
        "travel.passport_taken",
        "travel.abroad_now",
        "fear.killed",
    ]


def test_a_question_that_would_not_raise_is_not_asked() -> None:
    assert rated("travel.passport_taken").would_raise == ()
    every_red_line = " ".join(f"!{sign.id}" for sign in SIGNS.values() if sign.tier in ("acute", "high"))
    raised = rated(f"fear.extreme {every_red_line}").would_raise
    assert {each.level for each in raised} == {HIGH}


@pytest.mark.parametrize(
    ("facts", "pending", "told"),
    [
        (NO_DANGER, True, False),
        ("fear.extreme", True, False),
        ("fear.extreme", False, True),
        ("life.self_harm", True, True),
        ("travel.passport_taken", True, True),
    ],
)
def test_a_rating_below_high_is_told_when_every_text_has_been_read(facts: str, pending: bool, told: bool) -> None:
    reports = [report(facts, pending=pending), report("", n=2)]
    assert may_be_told(rated(*reports), reports) is told


def test_the_newest_report_gives_the_moment() -> None:
    later = report(n=2, received_at=AS_OF + timedelta(hours=1))
    assert newest([later, report()]) == later.received_at


def test_a_rating_and_its_facts_survive_their_bytes() -> None:
    reports = [
        report("marriage.planned@now+40 ?fear.extreme", contradictions=(SignId("violence.now"),)),
        report("fear.extreme@earlier", n=2, language_unread=True),
    ]
    rating = rated(*reports)
    assert decoded(encoded(rating)) == rating
    assert encoded(rate(facts_in(snapshot(reports)), RULES, as_of=AS_OF)) == encoded(rating)


def test_a_snapshot_is_the_same_in_whatever_order_and_zone_the_facts_came() -> None:
    first, second = report("fear.extreme travel.soon travel.soon"), report("!fear.killed", n=2)
    again = report("travel.soon fear.extreme", received_at=AS_OF.astimezone(tz=None))
    assert snapshot([first, second]) == snapshot([second, again])


def test_a_rule_set_without_rules_rates_low() -> None:
    empty = parse('version = 1\npublished = 2026-11-25\nrules = []\nchanges = { danish = "", english = "" }')
    assert rated("travel.soon", rules=empty).level is LOW
