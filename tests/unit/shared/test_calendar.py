"""Time as the law counts it."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.calendar import COPENHAGEN, add_hverdage, instants, judge_by, local, receipt_due, rounded_up

INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@pytest.mark.parametrize("received", ["2026-03-28T22:00", "2026-10-24T22:00", "2026-06-01T12:00"])
def test_the_24_hours_to_judge_are_elapsed_hours_on_dst_nights_too(received: str) -> None:
    at = datetime.fromisoformat(received).replace(tzinfo=COPENHAGEN)
    assert judge_by(at) - at.astimezone(UTC) == timedelta(hours=24)


@pytest.mark.parametrize(
    ("wall", "found"),
    [
        ("2026-06-01T12:00", ["2026-06-01T10:00"]),
        ("2026-10-25T01:59", ["2026-10-24T23:59"]),
        ("2026-10-25T02:30", ["2026-10-25T00:30", "2026-10-25T01:30"]),
        ("2026-10-25T03:00", ["2026-10-25T02:00"]),
        ("2026-03-29T02:30", []),
    ],
)
def test_a_wall_time_is_one_instant_but_for_the_two_nights_on_which_clocks_change(wall: str, found: list[str]) -> None:
    shown = instants(datetime.fromisoformat(wall))
    assert [at.replace(tzinfo=None).isoformat(timespec="minutes") for at in shown] == found


def test_six_hverdage_over_easter_in_both_readings() -> None:
    due = receipt_due(datetime(2026, 3, 31, 10, tzinfo=COPENHAGEN))
    assert (due.target, due.limit) == (date(2026, 4, 10), date(2026, 4, 13))


def test_a_report_just_after_midnight_is_of_the_day_in_copenhagen() -> None:
    late = datetime(2026, 6, 1, 22, 30, tzinfo=UTC)
    assert local(late).date() == date(2026, 6, 2)
    assert receipt_due(late) == receipt_due(late + timedelta(hours=3))


def test_store_bededag_counts_since_2024() -> None:
    assert add_hverdage(date(2024, 4, 25), 1, saturday_counts=False) == date(2024, 4, 26)
    assert add_hverdage(date(2023, 5, 4), 1, saturday_counts=False) == date(2023, 5, 8)


@given(INSTANTS)
def test_the_target_is_never_after_the_limit(at: datetime) -> None:
    due = receipt_due(at)
    assert due.target <= due.limit


@given(INSTANTS)
def test_a_rounded_instant_is_never_earlier_and_less_than_five_minutes_later(at: datetime) -> None:
    up = rounded_up(at)
    assert timedelta(0) <= up - at < timedelta(minutes=5)
    assert (up.minute % 5, up.second, up.microsecond) == (0, 0, 0)
