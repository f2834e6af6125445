"""The line of a case: what belongs together stands together, and a conflict of interest stands nowhere."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from services.escalation.domain.timeline import TOLD, Entry, line
from tests.support.services import NOON

AASE, BO = UUID(int=1), UUID(int=2)


def entry(act: str, seconds: int, actor: UUID | None = None, **facts: Any) -> Entry:
    return Entry(NOON + timedelta(seconds=seconds), act, actor, facts)


def test_a_rung_that_asks_two_people_is_one_moment() -> None:
    asked = [entry("page_requested", 1, rung=1, recipient_id=str(who)) for who in (AASE, BO)]
    (moment,) = line(asked)
    assert [each.recipient for each in moment.entries] == [AASE, BO]


def test_the_next_rung_is_another_moment_with_its_wait() -> None:
    first, second = line([entry("page_requested", 0, rung=1), entry("page_requested", 180, rung=2)])
    assert (first.waited, second.waited) == (timedelta(), timedelta(minutes=3))


def test_two_reports_in_one_second_are_two_moments() -> None:
    assert len(line([entry("report_received", 0, report_no=1), entry("report_received", 0, report_no=2)])) == 2


def test_of_a_persons_reads_only_the_first_stands_on_the_line() -> None:
    reads = [entry("report_read", n, who) for n, who in ((0, AASE), (60, BO), (120, AASE), (3600, AASE))]
    assert [moment.entries[0].actor for moment in line(reads)] == [AASE, BO]


def test_nothing_that_tells_of_a_conflict_stands_on_the_line() -> None:
    assert not {"excluded", "exclusion_ended", "fresh_eyes_breached", "purpose_said", "knows_nobody"} & set(TOLD)
