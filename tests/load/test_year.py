"""A small year: nothing is forgotten, nobody excluded is asked, and a seed tells it all."""

from services.escalation.domain.escalation import State
from tests.load.year import Year


def test_a_year_of_one_seed_ends_in_the_same_evidence_with_everything_closed() -> None:
    """That what is acute is answered or asked about at every moment is demanded in every step of it."""
    first, again, other = Year(60, 7), Year(60, 7), Year(60, 8)
    evidence = first.run()
    assert evidence == again.run()
    assert evidence != other.run()
    assert first.open == 0
    assert all(case.escalation and case.escalation.state is State.CLOSED for case in first.cases)


def test_every_report_of_the_year_was_judged() -> None:
    year = Year(60, 9)
    year.run()
    assert all(case.judged == set(case.reports) for case in year.cases)
    assert sum(year.misses.values()) < 6
