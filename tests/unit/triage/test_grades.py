"""Said, read and suspected: what a person says counts, what the reader is sure of counts as said, the rest is asked."""

from dataclasses import replace

import pytest

from services.triage.domain import RuleSet, encoded, facts_in, snapshot
from services.triage.rules import rule_set
from shared.events.codes import Level
from shared.events.triage import WouldRaise
from shared.signs import SIGNS, SignId
from tests.support.facts import NO_DANGER, rated, report

LOW, ELEVATED, HIGH, ACUTE = Level


def rules_of(notation: str) -> list[str]:
    return [reason.rule for reason in rated(notation).reasons]


@pytest.mark.parametrize("sign", [sign.id for sign in SIGNS.values() if sign.tier == "acute"])
def test_a_suspected_red_line_is_high_and_never_acute(sign: str) -> None:
    others = " ".join(word for word in NO_DANGER.split() if word != f"!{sign}")
    assert rated(f"~{sign} {others}").level is HIGH
    assert rated(f"~{sign}%100 ~control.isolation%100 ~marriage.pressure%100 {others}").level is HIGH


@pytest.mark.parametrize("sign", [sign.id for sign in SIGNS.values() if sign.tier != "acute"])
def test_any_other_suspicion_keeps_a_report_from_low_and_no_more(sign: str) -> None:
    assert rated(f"~{sign} {NO_DANGER}").level is ELEVATED
    assert rated(f"~{sign} ~{sign}@earlier ~fear.extreme ~watched.by_relatives {NO_DANGER}").level is ELEVATED


def test_what_is_suspected_is_no_reason_that_names_it() -> None:
    first, second = report(f"~threat.concrete fear.extreme {NO_DANGER[17:]}"), report("~travel.planned", n=2)
    by_rule = {reason.rule: reason for reason in rated(first, second).reasons}
    assert by_rule["suspected_red_line"].signs == ()
    assert by_rule["suspected_red_line"].report_ids == (first.report_id,)
    assert by_rule["suspected_any"].signs == ()
    assert set(by_rule["suspected_any"].report_ids) == {first.report_id, second.report_id}
    named = {sign for reason in by_rule.values() if not reason.unanswered for sign in reason.signs}
    assert named == {"fear.extreme"}


def test_what_is_suspected_is_unknown_and_helps_no_other_rule() -> None:
    rating = rated(f"~control.isolation relation.known_or_rumoured {NO_DANGER}")
    assert [reason.rule for reason in rating.reasons] == ["elevated_strong", "suspected_any"]
    assert "control.isolation" in rating.unknowns


def test_what_is_read_counts_as_said() -> None:
    assert encoded(rated(f"*control.isolation *fear.extreme {NO_DANGER}")) == encoded(
        rated(f"control.isolation fear.extreme {NO_DANGER}")
    )


@pytest.mark.parametrize("grade", ["*", "~"])
def test_only_people_deny(grade: str) -> None:
    assert rated(f"{grade}!threat.concrete {grade}!violence.now").level is ELEVATED
    assert encoded(rated(f"{grade}!threat.concrete fear.extreme")) == encoded(rated("fear.extreme"))
    assert rated(f"{NO_DANGER} {grade}!violence.now").level is LOW


def test_a_no_clears_a_suspicion_and_is_a_denial() -> None:
    rating = rated(f"~fear.killed !fear.killed {NO_DANGER}")
    assert (rating.level, rating.reasons) == (LOW, ())
    assert "fear.killed" not in rating.unknowns
    assert all(question.sign != "fear.killed" for question in rating.would_raise)


def test_a_no_in_another_report_of_the_case_clears_it_too() -> None:
    assert rated(f"~fear.killed {NO_DANGER}", "!fear.killed").level is LOW


def test_a_yes_makes_it_said() -> None:
    assert encoded(rated(f"~fear.killed fear.killed {NO_DANGER}")) == encoded(rated(f"fear.killed {NO_DANGER}"))
    assert rules_of(f"~wellbeing.decline wellbeing.decline {NO_DANGER}") == []


def test_what_is_read_is_suspected_no_more() -> None:
    assert rules_of(f"~absence.long *absence.long {NO_DANGER}") == ["elevated_strong"]


def test_that_nobody_knows_leaves_it_suspected() -> None:
    assert rated(f"~fear.killed ?fear.killed {NO_DANGER}").level is HIGH
    assert rated(f"~fear.killed {NO_DANGER}", "?fear.killed").level is HIGH


def test_a_no_clears_it_though_somebody_else_did_not_know() -> None:
    rating = rated(f"~fear.killed ?fear.killed {NO_DANGER}", "!fear.killed")
    assert rating.level is LOW
    assert "fear.killed" in rating.unknowns


def test_the_reader_clears_nothing_by_reading_a_no() -> None:
    assert rated(f"~fear.killed *!fear.killed {NO_DANGER}").level is HIGH


def test_an_answer_about_earlier_leaves_open_whether_it_is_there_now() -> None:
    for answer in ("!fear.killed@earlier", "fear.killed@earlier"):
        assert "suspected_red_line" in rules_of(f"~fear.killed {answer} {NO_DANGER}")
        assert "suspected_red_line" not in rules_of(f"~fear.killed@earlier {answer} {NO_DANGER}")
    for answer in ("!fear.killed", "!fear.killed@now", "fear.killed", "fear.killed@now"):
        assert "suspected_red_line" not in rules_of(f"~fear.killed@earlier {answer} {NO_DANGER}")


def test_what_is_suspected_is_asked_first_by_its_score_and_weight() -> None:
    asked = rated(f"~absence.long%80 ~fear.killed%55 ~wellbeing.decline%95 travel.planned {NO_DANGER}").would_raise
    assert asked == (
        WouldRaise(sign=SignId("wellbeing.decline"), level=HIGH, suspected=True),
        WouldRaise(sign=SignId("absence.long"), level=HIGH, suspected=True),
        WouldRaise(sign=SignId("fear.killed"), level=ACUTE, suspected=True),
    )
    assert [each.sign for each in rated(f"~fear.killed%56 ~wellbeing.decline%95 {NO_DANGER}").would_raise[:2]] == [
        "wellbeing.decline",
        "fear.killed",
    ]
    assert [each.sign for each in rated(f"~fear.killed%57 ~wellbeing.decline%95 {NO_DANGER}").would_raise[:2]] == [
        "fear.killed",
        "wellbeing.decline",
    ]


def test_after_the_suspected_come_the_questions_as_ever() -> None:
    asked = rated("~wellbeing.decline").would_raise
    assert [each.sign for each in asked] == ["wellbeing.decline", "threat.concrete", "violence.now"]
    assert [each.suspected for each in asked] == [True, False, False]


def test_a_suspicion_is_asked_even_where_nothing_can_raise_any_more() -> None:
    assert rated("violence.now ~fear.killed").would_raise == (
        WouldRaise(sign=SignId("fear.killed"), level=ACUTE, suspected=True),
    )


def test_the_surest_of_several_places_counts_and_the_catalogue_breaks_a_tie() -> None:
    asked = rated(f"~absence.long%40 ~marriage.pressure%60 {NO_DANGER}", "~absence.long%90").would_raise
    assert [each.sign for each in asked][:2] == ["absence.long", "marriage.pressure"]
    tied = rated(f"~freedom.missing%60 ~fear.killed%60 {NO_DANGER}").would_raise
    assert [each.sign for each in tied][:2] == ["fear.killed", "freedom.missing"]


def test_an_answer_that_is_imagined_takes_the_suspicion_away() -> None:
    (asked, *_) = rated(f"~wellbeing.decline {NO_DANGER}").would_raise
    assert (asked.sign, asked.level) == ("wellbeing.decline", LOW)


@pytest.mark.parametrize("version", [1, 2])
def test_earlier_rule_sets_take_every_fact_as_said(version: int) -> None:
    found = report("~fear.killed *!violence.now *fear.extreme ~!threat.concrete")
    said = report("fear.killed !violence.now fear.extreme !threat.concrete")
    rules: RuleSet = rule_set(version)
    assert encoded(rated(found, rules=rules)) == encoded(rated(said, rules=rules))


def test_a_snapshot_keeps_grade_and_score_and_of_what_a_person_said_its_earlier_bytes() -> None:
    facts = report("~fear.killed%41 *!violence.now%97 fear.extreme")
    (again,) = facts_in(snapshot([facts]))
    assert set(again.signs) == set(facts.signs)
    assert b'"grade":"suspected","score":41' in snapshot([facts])
    assert b"grade" not in snapshot([replace(facts, signs=facts.signs[2:])])
