"""What holds for all facts: more said or less denied never lowers, and nothing but the facts and the day matters."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from random import Random

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from services.triage.domain import Rating, ReportFacts, encoded
from services.triage.rules import rule_set
from shared.events.codes import AgeBand, Answer, Grade, Level, When
from shared.events.intake import SignFact
from shared.ids import ReportId, derived_id
from shared.signs import SIGNS, SignId
from tests.support.facts import AS_OF, RULES, TODAY, rated

SIGN = st.sampled_from([SignId(sign) for sign in SIGNS])
DATE = st.none() | st.integers(-40, 80).map(lambda days: TODAY + timedelta(days=days))
WHEN = st.none() | st.sampled_from(When)
TOLD = st.builds(SignFact, sign=SIGN, answer=st.sampled_from(Answer), when=WHEN, date=DATE)
FOUND = st.builds(
    SignFact,
    sign=SIGN,
    answer=st.sampled_from((Answer.SAID, Answer.DENIED)),
    when=WHEN,
    date=DATE,
    grade=st.sampled_from((Grade.READ, Grade.SUSPECTED)),
    score=st.integers(0, 100),
)
SUSPICION = FOUND.map(lambda fact: fact.model_copy(update={"grade": Grade.SUSPECTED, "answer": Answer.SAID}))
FACT = TOLD | FOUND
NUMBER = st.integers(1, 9).map(lambda n: ReportId(derived_id("report", n)))
REPORT = st.builds(
    ReportFacts,
    report_id=NUMBER,
    received_at=st.just(AS_OF),
    signs=st.lists(FACT, max_size=5).map(tuple),
    age_bands=st.lists(st.sampled_from(AgeBand), max_size=2).map(tuple),
    language_unread=st.booleans(),
    pending=st.booleans(),
)
CASE = st.lists(REPORT, min_size=1, max_size=3)
SPARSE = st.builds(
    ReportFacts, report_id=NUMBER, received_at=st.just(AS_OF), signs=st.lists(FACT, max_size=3).map(tuple)
)


def level(reports: Iterable[ReportFacts], days: int = 0) -> int:
    return rated(*reports, as_of=AS_OF + timedelta(days=days)).level.rank


def with_signs(reports: list[ReportFacts], at: int, signs: Iterable[SignFact]) -> list[ReportFacts]:
    """The case with other facts in one report."""
    return [replace(each, signs=tuple(signs)) if n == at else each for n, each in enumerate(reports)]


def suspected(reports: Iterable[ReportFacts]) -> set[SignId]:
    """The signs that the reader suspects. A person who answers for one of them may lower: that is what is asked for."""
    return {fact.sign for each in reports for fact in each.signs if is_suspicion(fact)}


def is_suspicion(fact: SignFact) -> bool:
    return fact.grade is Grade.SUSPECTED and fact.answer is Answer.SAID


def without_suspicions(reports: Iterable[ReportFacts]) -> list[ReportFacts]:
    return [replace(each, signs=tuple(fact for fact in each.signs if not is_suspicion(fact))) for each in reports]


@settings(max_examples=100, deadline=None)
@given(CASE, st.data())
def test_an_answer_that_is_raised_never_lowers(reports: list[ReportFacts], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(reports) - 1))
    asked = suspected(reports)
    raised = [
        fact.model_copy(
            update={"answer": data.draw(st.sampled_from([a for a in Answer if a.rank >= fact.answer.rank]))}
        )
        if fact.grade is Grade.SUSPECTED or fact.sign not in asked
        else fact
        for fact in reports[at].signs
    ]
    assert level(with_signs(reports, at, raised)) >= level(reports)


@settings(max_examples=100, deadline=None)
@given(CASE, st.data())
def test_a_denial_that_is_dropped_never_lowers(reports: list[ReportFacts], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(reports) - 1))
    kept = [fact for fact in reports[at].signs if fact.answer is not Answer.DENIED or data.draw(st.booleans())]
    assert level(with_signs(reports, at, kept)) >= level(reports)


@settings(max_examples=100, deadline=None)
@given(CASE, FACT.filter(lambda fact: fact.answer is not Answer.DENIED))
def test_a_fact_that_is_added_never_lowers_unless_it_is_a_denial(reports: list[ReportFacts], fact: SignFact) -> None:
    assume(is_suspicion(fact) or fact.sign not in suspected(reports))
    assert level(with_signs(reports, 0, (*reports[0].signs, fact))) >= level(reports)


@settings(max_examples=100, deadline=None)
@given(CASE, SPARSE)
def test_a_report_that_is_added_never_lowers_but_by_denying_a_gate_that_nobody_had_answered(
    reports: list[ReportFacts], added: ReportFacts
) -> None:
    assume(not {fact.sign for fact in added.signs if not is_suspicion(fact)} & suspected(reports))
    told = [fact for fact in added.signs if fact.grade is Grade.SAID]
    denies = any(fact.answer is Answer.DENIED and SIGNS[fact.sign].gate for fact in told)
    before, after = level(reports), level([*reports, replace(added, report_id=derived_id("added"))])
    assert after >= before or (denies and (before, after) == (1, 0))


@settings(max_examples=100, deadline=None)
@given(CASE, st.integers(0, 90))
def test_time_never_lowers(reports: list[ReportFacts], days: int) -> None:
    assert level(reports, days) >= level(reports)


@settings(max_examples=60, deadline=None)
@given(CASE)
def test_text_that_could_not_be_read_never_lowers(reports: list[ReportFacts]) -> None:
    assert level([replace(each, language_unread=True) for each in reports]) >= level(reports)


@settings(max_examples=60, deadline=None)
@given(CASE)
def test_an_age_that_is_not_known_never_lowers(reports: list[ReportFacts]) -> None:
    assert level([replace(each, age_bands=(AgeBand.UNKNOWN,)) for each in reports]) >= level(reports)


@settings(max_examples=60, deadline=None)
@given(CASE, st.randoms(use_true_random=False))
def test_the_order_of_facts_and_reports_and_repeats_of_them_do_not_change_a_byte(
    reports: list[ReportFacts], random: Random
) -> None:
    turned = [replace(each, signs=(*random.sample(each.signs, len(each.signs)), *each.signs)) for each in reports]
    random.shuffle(turned)
    assert encoded(rated(*turned, *turned)) == encoded(rated(*reports))


@settings(max_examples=60, deadline=None)
@given(REPORT, st.data())
def test_how_the_facts_are_spread_over_reports_does_not_matter(report: ReportFacts, data: st.DataObject) -> None:
    parts = [
        replace(report, report_id=ReportId(derived_id("part", n)), signs=(fact,)) for n, fact in enumerate(report.signs)
    ]
    rest = replace(report, signs=())
    whole, split = rated(report), rated(rest, *data.draw(st.permutations(parts)))
    assert without_reports(split) == without_reports(whole)


def without_reports(rating: Rating) -> Rating:
    reasons = tuple(reason.model_copy(update={"report_ids": ()}) for reason in rating.reasons)
    return replace(rating, reasons=reasons)


@settings(max_examples=15, deadline=None)
@given(CASE)
def test_the_next_moment_is_the_first_at_which_time_changes_the_rating(reports: list[ReportFacts]) -> None:
    now = rated(*reports)
    days = next(
        (days for days in range(1, 90) if rated(*reports, as_of=AS_OF + timedelta(days=days)).reasons != now.reasons),
        None,
    )
    if days is None:
        assert now.rerate_at is None
    else:
        assert now.rerate_at is not None
        assert rated(*reports, as_of=now.rerate_at).reasons != now.reasons
        assert rated(*reports, as_of=now.rerate_at - timedelta(seconds=1)).reasons == now.reasons


@settings(max_examples=60, deadline=None)
@given(CASE)
def test_a_question_answered_as_imagined_gives_the_level_it_promised(reports: list[ReportFacts]) -> None:
    rating = rated(*reports)
    assert len({question.sign for question in rating.would_raise}) == len(rating.would_raise)
    for question in rating.would_raise:
        said = SignFact(sign=question.sign, answer=Answer.SAID)
        answered = with_signs(reports, 0, (*reports[0].signs, said))
        assert rated(*answered).level is question.level
        assert question.suspected or question.level.rank > rating.level.rank
        assert question.sign in rating.unknowns
        assert question.suspected <= (question.sign in suspected(reports))


@settings(max_examples=60, deadline=None)
@given(CASE)
def test_the_level_is_the_highest_of_its_reasons_and_each_reason_is_in_the_facts(reports: list[ReportFacts]) -> None:
    rating = rated(*reports)
    levels = {rule.id: rule.level for rule in RULES.rules}
    assert rating.level.rank == max((levels[reason.rule].rank for reason in rating.reasons), default=0)
    facts = [(each.report_id, fact) for each in reports for fact in each.signs if fact.answer is Answer.SAID]
    said = {(report, fact.sign) for report, fact in facts if fact.grade is not Grade.SUSPECTED}
    for reason in rating.reasons:
        if reason.rule.startswith("suspected_"):
            assert reason.signs == ()
            assert set(reason.report_ids) <= {report for report, fact in facts if is_suspicion(fact)}
        elif not reason.unanswered:
            assert set(reason.signs) <= {sign for _, sign in said}
            assert all(any((report, sign) in said for sign in reason.signs) for report in reason.report_ids)


@settings(max_examples=100, deadline=None)
@given(CASE, SUSPICION)
def test_a_suspicion_never_lowers_and_never_makes_acute(reports: list[ReportFacts], suspicion: SignFact) -> None:
    before, after = level(reports), level(with_signs(reports, 0, (*reports[0].signs, suspicion)))
    assert before <= after <= max(before, Level.HIGH.rank)


@settings(max_examples=60, deadline=None)
@given(CASE)
def test_suspicions_that_are_all_denied_leave_the_rating_that_was_without_them(reports: list[ReportFacts]) -> None:
    nos = [SignFact(sign=sign, answer=Answer.DENIED) for sign in suspected(reports)]
    answered, bare = (with_signs(each, 0, (*each[0].signs, *nos)) for each in (reports, without_suspicions(reports)))
    assert encoded(rated(*answered)) == encoded(rated(*bare))


@settings(max_examples=60, deadline=None)
@given(CASE)
def test_suspicions_change_no_reason_but_their_own(reports: list[ReportFacts]) -> None:
    with_them, bare = rated(*reports), rated(*without_suspicions(reports))
    assert tuple(each for each in with_them.reasons if not each.rule.startswith("suspected_")) == bare.reasons
    assert with_them.unknowns == bare.unknowns


@settings(max_examples=60, deadline=None)
@given(CASE)
def test_what_the_reader_denies_changes_no_byte(reports: list[ReportFacts]) -> None:
    people = [
        replace(
            each,
            signs=tuple(f for f in each.signs if f.grade is Grade.SAID or f.answer is not Answer.DENIED),
        )
        for each in reports
    ]
    assert encoded(rated(*people)) == encoded(rated(*reports))


@settings(max_examples=60, deadline=None)
@given(CASE, st.sampled_from((1, 2)))
def test_earlier_rule_sets_know_no_grades(reports: list[ReportFacts], version: int) -> None:
    told = {"grade": Grade.SAID, "score": None}
    said = [replace(each, signs=tuple(f.model_copy(update=told) for f in each.signs)) for each in reports]
    assert encoded(rated(*reports, rules=rule_set(version))) == encoded(rated(*said, rules=rule_set(version)))


@settings(max_examples=60, deadline=None)
@given(CASE)
def test_what_people_said_is_rated_by_set_3_as_by_set_2(reports: list[ReportFacts]) -> None:
    people = [replace(each, signs=tuple(f for f in each.signs if f.grade is Grade.SAID)) for each in reports]
    assert encoded(rated(*people, rules=rule_set(3))) == encoded(rated(*people, rules=rule_set(2)))
