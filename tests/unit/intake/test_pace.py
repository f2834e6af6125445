"""An answer comes on the beat, whatever way was gone."""

import pytest

from services.intake.web.pace import Pace


@pytest.mark.parametrize("usual", [0.004, 0.012, 0.03, 0.06])
def test_the_short_way_and_the_longer_one_are_answered_on_the_same_beat(usual: float) -> None:
    pace = Pace()
    for _ in range(200):
        pace.due(usual)
    beat = pace.beat
    assert pace.due(usual) == pace.due(3.5 * usual) == beat


def test_what_takes_longer_than_a_beat_waits_for_the_next() -> None:
    pace = Pace()
    assert pace.due(0.051) == pytest.approx(0.1)


def test_no_load_makes_anybody_wait_more_than_a_quarter_of_a_second() -> None:
    pace = Pace()
    for _ in range(500):
        assert pace.due(3.0) - 3.0 <= 0.25
    assert pace.beat == 0.25
