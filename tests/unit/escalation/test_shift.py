"""Who is on call: wall time that means one instant on every night, weekly shifts, swaps, absences, gaps."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.escalation.domain.shift import Absence, Duty, Shift, Shifts, Span, Swap, Weekly, instant
from services.escalation.store.rota import SHIFTS
from shared.calendar import COPENHAGEN
from shared.ids import PersonId

AASE, BO, CARLA = (PersonId(UUID(int=n)) for n in (1, 2, 3))
YEARS = range(2024, 2041)
MONDAY = date(2026, 3, 9)
QUARTERS = [time(hour, minute) for hour in range(24) for minute in (0, 15, 30, 45)]
DAYS = st.dates(date(2024, 1, 1), date(2040, 12, 31))
INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


def last_sunday(year: int, month: int) -> date:
    last = date(year, month, 31)
    return last - timedelta(days=last.isoweekday() % 7)


SPRING = [last_sunday(year, 3) for year in YEARS]
AUTUMN = [last_sunday(year, 10) for year in YEARS]


def wall(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), COPENHAGEN).astimezone(UTC)


def weekly(person: PersonId = AASE, **changes: object) -> Weekly:
    fields = {"days": frozenset(range(1, 8)), "starts": time(8), "ends": time(16), "first": MONDAY}
    return Weekly(person=person, **fields | changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("day", SPRING, ids=str)
def test_a_wall_time_that_is_skipped_in_spring_is_the_moment_it_is_skipped(day: date) -> None:
    assert {instant(day, time(2, minute)) for minute in (0, 15, 30, 59)} == {wall(day, 3)}


@pytest.mark.parametrize("day", AUTUMN, ids=str)
def test_a_wall_time_that_comes_twice_in_autumn_is_the_first(day: date) -> None:
    assert instant(day, time(2, 30)) == datetime.combine(day, time(0, 30), UTC)
    assert instant(day, time(3)) == datetime.combine(day, time(2), UTC)


@pytest.mark.parametrize("day", [*SPRING, *AUTUMN], ids=str)
def test_a_later_wall_time_is_never_an_earlier_instant(day: date) -> None:
    instants = [instant(day, at) for at in QUARTERS] + [instant(day + timedelta(days=1), time())]
    assert all(earlier <= later for earlier, later in pairwise(instants))


@pytest.mark.parametrize("day", [*SPRING, *AUTUMN], ids=str)
@pytest.mark.parametrize("change", QUARTERS[7:14])
def test_where_one_shift_ends_the_next_begins_on_every_night_of_the_clocks(day: date, change: time) -> None:
    first = day - timedelta(days=7)
    rota = Shifts(
        weekly=(
            weekly(AASE, starts=time(22), ends=change, first=first),
            weekly(BO, starts=change, ends=time(22), first=first),
        )
    )
    moments = [wall(day, 0) + n * timedelta(minutes=10) for n in range(6 * 6)]
    assert {len(rota.on_call(at)) for at in moments} == {1}


@pytest.mark.parametrize("day", SPRING, ids=str)
def test_a_shift_that_lies_in_the_skipped_hour_alone_is_none_that_night(day: date) -> None:
    short = weekly(starts=time(2, 15), ends=time(2, 45), first=day - timedelta(days=7))
    assert short.shift_on(day) is None
    assert short.shift_on(day - timedelta(days=1)) is not None


def test_a_shift_that_ends_before_it_starts_ends_the_next_day() -> None:
    night = weekly(starts=time(16), ends=time(8)).shift_on(MONDAY)
    assert night is not None
    assert night.span == Span(wall(MONDAY, 16), wall(MONDAY + timedelta(days=1), 8))


def test_a_night_shift_is_on_call_after_midnight() -> None:
    night = Shifts(weekly=(weekly(days=frozenset({1}), starts=time(16), ends=time(8)),))
    tuesday = MONDAY + timedelta(days=1)
    assert night.on_call(wall(tuesday, 7, 59)) == (AASE,)
    assert night.on_call(wall(tuesday, 8)) == ()
    assert night.on_call(wall(tuesday, 16)) == ()


def test_every_second_week_counts_from_the_week_of_the_first_day() -> None:
    alternating = weekly(days=frozenset({1}), every=2, first=MONDAY + timedelta(days=0))
    mondays = [shift.span.starts_at for shift in alternating.unroll(MONDAY, MONDAY + timedelta(days=41))]
    assert mondays == [wall(MONDAY + timedelta(days=days), 8) for days in (0, 14, 28)]


def test_a_weekly_shift_has_its_first_and_its_last_day() -> None:
    three = weekly(first=MONDAY, last=MONDAY + timedelta(days=2))
    assert len(list(three.unroll(MONDAY - timedelta(days=10), MONDAY + timedelta(days=10)))) == 3


@given(day=DAYS, starts=st.sampled_from(QUARTERS), ends=st.sampled_from(QUARTERS))
def test_whoever_has_a_shift_is_on_call_from_its_start_up_to_its_end(day: date, starts: time, ends: time) -> None:
    once = weekly(starts=starts, ends=ends, first=day, last=day)
    shift = once.shift_on(day)
    rota = Shifts(weekly=(once,))
    if shift is not None:
        span, moment = shift.span, timedelta(seconds=1)
        assert rota.on_call(span.starts_at) == rota.on_call(span.ends_at - moment) == (AASE,)
        assert rota.on_call(span.ends_at) == rota.on_call(span.starts_at - moment) == ()


def test_who_is_listed_first_is_asked_first_and_nobody_twice() -> None:
    rota = Shifts(weekly=(weekly(BO), weekly(AASE), weekly(BO)))
    assert rota.on_call(wall(MONDAY, 9)) == (BO, AASE)


def test_a_swap_puts_another_in_the_same_place_for_its_span_alone() -> None:
    noon = Span(wall(MONDAY, 12), wall(MONDAY, 14))
    rota = Shifts(weekly=(weekly(AASE), weekly(BO)), swaps=(Swap(AASE, CARLA, noon),))
    assert rota.on_call(wall(MONDAY, 13)) == (CARLA, BO)
    assert rota.on_call(wall(MONDAY, 14)) == (AASE, BO)


def test_two_on_leave_leave_a_gap() -> None:
    day = Span(wall(MONDAY, 0), wall(MONDAY, 23))
    rota = Shifts(weekly=(weekly(AASE), weekly(BO)), absences=(Absence(AASE, day), Absence(BO, day)))
    assert rota.on_call(wall(MONDAY, 9)) == ()
    assert rota.gaps(wall(MONDAY, 8), wall(MONDAY, 16)) == [Span(wall(MONDAY, 8), wall(MONDAY, 16))]


def test_whoever_took_a_shift_over_and_is_away_is_not_asked() -> None:
    day = Span(wall(MONDAY, 0), wall(MONDAY, 23))
    rota = Shifts(weekly=(weekly(AASE),), swaps=(Swap(AASE, BO, day),), absences=(Absence(BO, day),))
    assert rota.on_call(wall(MONDAY, 9)) == ()


def test_a_gap_on_thursday_morning_is_seen() -> None:
    hours = [({1, 2, 3}, 9, 15), ({4}, 13, 18), ({5}, 9, 13)]
    rota = Shifts(
        weekly=tuple(weekly(days=frozenset(days), starts=time(start), ends=time(end)) for days, start, end in hours)
    )
    thursday = MONDAY + timedelta(days=3)
    gaps = rota.gaps(wall(thursday, 9), wall(thursday, 18))
    assert gaps == [Span(wall(thursday, 9), wall(thursday, 13))]


@given(start=INSTANTS, hours=st.integers(1, 200), moments=st.lists(st.floats(0, 0.999), min_size=1, max_size=20))
def test_a_moment_lies_in_a_gap_exactly_when_nobody_is_on_call(
    start: datetime, hours: int, moments: list[float]
) -> None:
    rota = Shifts(
        weekly=(weekly(days=frozenset({1, 3}), first=date(2026, 1, 1)), weekly(BO, starts=time(23), ends=time(2))),
        absences=(Absence(BO, Span(wall(MONDAY, 0), wall(MONDAY + timedelta(days=9), 1))),),
    )
    length = timedelta(hours=hours)
    gaps = rota.gaps(start, start + length)
    for moment in (start + share * length for share in moments):
        assert any(gap.holds(moment) for gap in gaps) == (rota.on_call(moment) == ())


def test_a_rota_is_the_same_after_it_was_stored() -> None:
    span = Span(wall(MONDAY, 1), wall(MONDAY, 2))
    rota = Shifts(weekly=(weekly(),), shifts=(Shift(BO, span),), swaps=(Swap(AASE, BO, span),))
    assert SHIFTS.validate_json(SHIFTS.dump_json(rota)) == rota
    assert rota.people() == {AASE, BO}


@pytest.mark.parametrize(
    "body",
    [
        {"shifts": [{"person": str(AASE), "span": {"starts_at": "2026-03-09T08:00", "ends_at": "2026-03-09T09:00"}}]},
        {"shifts": [{"person": str(AASE), "span": {"starts_at": "2026-03-09T09:00Z", "ends_at": "2026-03-09T09:00Z"}}]},
        {"weekly": [{"person": str(AASE), "days": [8], "starts": "08:00", "ends": "16:00", "first": "2026-03-09"}]},
        {"weekly": [{"person": str(AASE), "days": [], "starts": "08:00", "ends": "16:00", "first": "2026-03-09"}]},
    ],
)
def test_a_rota_that_means_nothing_is_refused(body: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SHIFTS.validate_python(body)


def test_duty_tells_who_is_on_call_when_without_a_break_and_of_some_alone() -> None:
    rota = Shifts(
        shifts=(
            Shift(AASE, Span(wall(MONDAY, 8), wall(MONDAY, 12))),
            Shift(AASE, Span(wall(MONDAY, 12), wall(MONDAY, 16))),
            Shift(BO, Span(wall(MONDAY, 14), wall(MONDAY, 18))),
        )
    )
    day = (wall(MONDAY, 8), wall(MONDAY, 20))
    hours = [(wall(MONDAY, since), wall(MONDAY, until)) for since, until in ((8, 14), (14, 16), (16, 18), (18, 20))]
    people = [(AASE,), (AASE, BO), (BO,), ()]
    assert rota.duty(*day) == [Duty(Span(*span), who) for span, who in zip(hours, people, strict=True)]
    assert [each.people for each in rota.duty(*day, {BO})] == [(), (BO,), ()]
