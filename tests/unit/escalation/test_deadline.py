"""The clocks of a report: 24 hours, the receipt in both readings, dates that were said, review, investigation."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.escalation.domain.deadline import (
    Deadline,
    Passed,
    acute_judgement,
    hold_review,
    investigation,
    of_report,
    passed,
    receipt,
    whom,
)
from services.escalation.domain.page import desk, person
from services.escalation.domain.rota import Ask, Rota
from shared.calendar import COPENHAGEN
from shared.events.codes import Answer, Rule, When
from shared.events.intake import SignFact
from shared.ids import PersonId
from shared.signs import SignId

AASE, BO, DITTE = (PersonId(UUID(int=n)) for n in (1, 2, 3))
DOEGNVAGT = UUID(int=9)
ROTA = Rota(on_call=(BO,), leaders=(DITTE,), countersigners=(), desks={Ask.DOEGNVAGT: (DOEGNVAGT,)})
INSTANTS = st.datetimes(datetime(2024, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def wall(*at: int) -> datetime:
    return datetime(*at, tzinfo=COPENHAGEN).astimezone(UTC)  # type: ignore[misc,arg-type]


def clocks(*signs: SignFact, months: int = 0, given: datetime | None = None) -> dict[Rule, Deadline]:
    received = wall(2026, 3, 10, 13)
    found = of_report(received_at=received, receipt_given_at=given, signs=signs, investigation_months=months)
    assert len({(each.rule, each.about) for each in found}) == len(found)
    return {each.rule: each for each in found}


def said(sign: str, day: date | None, answer: Answer = Answer.SAID, when: When | None = When.NOW) -> SignFact:
    return SignFact(sign=SignId(sign), answer=answer, when=when, date=day)


@pytest.mark.parametrize(
    ("received", "limit"),
    [
        (wall(2026, 3, 27, 15, 30), wall(2026, 3, 28, 15, 30)),
        (wall(2026, 3, 28, 15, 30), wall(2026, 3, 29, 16, 30)),
        (wall(2026, 10, 24, 15, 30), wall(2026, 10, 25, 14, 30)),
    ],
)
def test_acute_danger_is_judged_within_24_elapsed_hours(received: datetime, limit: datetime) -> None:
    assert acute_judgement(received).limit == limit


def test_the_receipt_of_31_march_2026_is_due_in_both_readings_with_their_reasons_in_words() -> None:
    due = receipt(wall(2026, 3, 31, 10), given_at=None)
    assert (due.target, due.limit) == (wall(2026, 4, 11), wall(2026, 4, 14))
    assert due.explanation == (
        "Modtaget 31. marts 2026 kl. 10.00. Kvittering skal gives inden 6 hverdage (barnets lov § 138): "
        "senest 10. april 2026, hvis lørdag tæller med, og 13. april 2026, hvis den ikke gør."
    )


def test_a_receipt_shown_at_send_is_met_from_the_start_and_says_when() -> None:
    due = clocks(given=wall(2026, 3, 10, 13))[Rule.RECEIPT]
    assert due.state == "met"
    assert "givet 10. marts 2026 kl. 13.00" in due.explanation


def test_a_receipt_given_after_the_limit_is_missed_from_the_start() -> None:
    assert clocks(given=wall(2026, 3, 20, 13))[Rule.RECEIPT].state == "missed"


def test_a_journey_that_was_said_is_to_be_judged_before_its_day_begins() -> None:
    due = clocks(said("travel.planned", date(2026, 3, 29)))[Rule.SAID_DATE]
    assert (due.limit, due.about) == (wall(2026, 3, 29), "travel.planned")
    assert "Rejse planlagt: 29. marts 2026" in due.explanation


def test_of_several_dates_of_one_sign_the_first_counts_and_signs_have_clocks_of_their_own() -> None:
    facts = (
        said("travel.planned", date(2026, 6, 1)),
        said("travel.planned", date(2026, 5, 1)),
        said("marriage.planned", date(2026, 7, 1)),
    )
    found = of_report(received_at=wall(2026, 3, 1), receipt_given_at=None, signs=facts, investigation_months=0)
    dates = {each.about: each.limit for each in found if each.rule is Rule.SAID_DATE}
    assert dates == {"travel.planned": wall(2026, 5, 1), "marriage.planned": wall(2026, 7, 1)}


@pytest.mark.parametrize(
    "fact",
    [
        said("travel.planned", None),
        said("travel.planned", date(2026, 6, 1), Answer.DENIED),
        said("travel.planned", date(2026, 6, 1), Answer.UNKNOWN),
        said("travel.planned", date(2026, 6, 1), when=When.EARLIER),
        said("violence.now", date(2026, 6, 1)),
    ],
)
def test_what_is_no_journey_or_wedding_to_come_starts_no_clock(fact: SignFact) -> None:
    assert Rule.SAID_DATE not in clocks(fact)


def test_the_four_months_run_only_where_the_municipality_keeps_them() -> None:
    assert Rule.INVESTIGATION not in clocks()
    assert clocks(months=4)[Rule.INVESTIGATION].limit == wall(2026, 7, 11)


@pytest.mark.parametrize(
    ("received", "last"),
    [((2026, 10, 31), (2027, 2, 28)), ((2027, 10, 31), (2028, 2, 29)), ((2026, 8, 31), (2026, 12, 31))],
)
def test_months_end_on_the_same_day_or_the_last_of_a_shorter_one(
    received: tuple[int, int, int], last: tuple[int, int, int]
) -> None:
    limit = investigation(wall(*received, 12), 4).limit
    assert limit == wall(*last) + timedelta(days=1)


def test_a_lift_is_looked_at_again_before_it_ends() -> None:
    due = hold_review("mother", lifted_at=wall(2026, 3, 10, 12), until=wall(2026, 3, 17, 12))
    assert (due.limit, due.warn_at) == (wall(2026, 3, 17, 12), wall(2026, 3, 16, 12))


@given(INSTANTS)
def test_every_clock_warns_before_its_target_and_its_target_is_never_after_its_limit(at: datetime) -> None:
    facts = [said("travel.planned", date(2030, 1, 1))]
    for due in of_report(received_at=at, receipt_given_at=None, signs=facts, investigation_months=4):
        assert due.warn_at < due.target <= due.limit


def test_at_its_limit_a_clock_is_missed_and_before_that_near() -> None:
    limit = wall(2026, 3, 10, 13)
    assert passed(Rule.RECEIPT, limit=limit, closed=True, now=limit) is Passed.MISSED
    assert passed(Rule.RECEIPT, limit=limit, closed=False, now=limit - timedelta(seconds=1)) is Passed.NEAR


def test_an_investigation_that_was_closed_is_not_missed() -> None:
    limit = wall(2026, 3, 10, 13)
    assert passed(Rule.INVESTIGATION, limit=limit, closed=True, now=limit) is Passed.MOOT
    assert passed(Rule.INVESTIGATION, limit=limit, closed=False, now=limit) is Passed.MISSED


def test_the_responsible_person_is_warned_and_leaders_hear_of_a_miss() -> None:
    assert whom(Passed.NEAR, responsible=AASE, rota=ROTA) == (person(AASE),)
    assert whom(Passed.MISSED, responsible=AASE, rota=ROTA) == (person(AASE), person(DITTE))


def test_without_a_responsible_person_whoever_is_on_call_is_told_else_doegnvagt() -> None:
    assert whom(Passed.NEAR, responsible=None, rota=ROTA) == (person(BO),)
    nobody = Rota(on_call=(), leaders=(), countersigners=(), desks=ROTA.desks)
    assert whom(Passed.NEAR, responsible=None, rota=nobody) == (desk(DOEGNVAGT),)


def test_no_paragraph_of_children_is_told_of_grown_ups() -> None:
    for adult in (True, False):
        found = of_report(
            received_at=wall(2026, 3, 10), receipt_given_at=None, signs=(), investigation_months=4, adult=adult
        )
        assert ("§ 13" in "".join(each.explanation for each in found)) is not adult
        assert (Rule.INVESTIGATION in {each.rule for each in found}) is not adult
