"""How long a message is good for, whatever the clock of the service that asked for it says."""

from datetime import timedelta

import pytest

from services.notify.domain import valid_until
from tests.support.services import NOON

RUNG = timedelta(minutes=3)


@pytest.mark.parametrize("behind", [-3600, -200, -1, 0, 1, 200, 3600])
def test_a_page_told_by_a_clock_that_differs_is_good_for_its_whole_rung(behind: int) -> None:
    told_at = NOON - timedelta(seconds=behind)
    assert valid_until(told_at + RUNG, told_at=told_at, now=NOON) == NOON + RUNG


@pytest.mark.parametrize("age", [timedelta(hours=1, seconds=1), timedelta(days=1), timedelta(days=14)])
def test_what_is_replayed_after_its_time_is_not_sent_again(age: timedelta) -> None:
    told_at = NOON - age
    assert valid_until(told_at + RUNG, told_at=told_at, now=NOON) < NOON


def test_what_was_over_when_it_was_told_is_over() -> None:
    assert valid_until(NOON - RUNG, told_at=NOON, now=NOON) < NOON
