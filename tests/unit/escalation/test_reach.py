"""Reach: whom each level would page at any moment, what lacks, and that gaps fall to Døgnvagt."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.escalation import seed
from services.escalation.domain.reach import Lack, climb, gaps, quarters, rota_at
from services.escalation.domain.rota import Ask, Rota
from services.escalation.domain.shift import Absence, Shifts, Span, Weekly
from shared.calendar import COPENHAGEN
from shared.events.codes import Level
from shared.ids import PersonId
from tests.unit.escalation.seeded import SEED

AASE, BO, DITTE = (PersonId(UUID(int=n)) for n in (1, 2, 3))
DESK, DOEGNVAGT = UUID(int=8), UUID(int=9)
PLAN = seed.read(SEED).plan.plan(1, None)
NOW = Rota((), (DITTE,), (), {Ask.DESK: (DESK,), Ask.DOEGNVAGT: (DOEGNVAGT,)})
DAY = frozenset({1, 2, 3, 4, 5})
SHIFTS = Shifts(
    weekly=(
        Weekly(person=AASE, days=DAY, starts=time(8), ends=time(16), first=date(2026, 1, 1)),
        Weekly(person=BO, days=DAY, starts=time(8), ends=time(16), first=date(2026, 1, 1)),
    )
)
EVERYBODY = dict.fromkeys((AASE, BO, DITTE, DESK, DOEGNVAGT), True)
INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def wall(*at: int) -> datetime:
    return datetime(*at, tzinfo=COPENHAGEN).astimezone(UTC)  # type: ignore[misc,arg-type]


def way(level: Level, at: datetime, shifts: Shifts = SHIFTS) -> list[tuple[datetime, list[UUID | None]]]:
    rota = rota_at(shifts, free={AASE, BO}, rota=NOW)
    return [
        (step.at, [each.id for each in step.recipients]) for step in climb(level, plan=PLAN, rota=rota, received_at=at)
    ]


def test_by_day_an_acute_report_climbs_over_both_on_call_to_doegnvagt_and_the_leaders() -> None:
    noon = wall(2026, 3, 10, 12)
    minutes = [timedelta(minutes=n) for n in (0, 3, 6, 9, 12)]
    whom = [[AASE], [BO], [DOEGNVAGT], [DITTE], [DOEGNVAGT]]
    assert way(Level.ACUTE, noon) == [(noon + wait, each) for wait, each in zip(minutes, whom, strict=True)]


def test_by_night_a_gap_falls_to_doegnvagt_at_once() -> None:
    night = wall(2026, 3, 14, 2, 10)
    assert way(Level.ACUTE, night)[0] == (night, [DOEGNVAGT])


def test_thursday_morning_is_no_gap_of_this_rota_and_the_weekend_is() -> None:
    assert way(Level.HIGH, wall(2026, 3, 12, 10))[0][1] == [AASE]
    assert way(Level.HIGH, wall(2026, 3, 15, 10))[0][1] == [DOEGNVAGT]


def test_a_shift_that_ends_while_the_ladder_climbs_is_over() -> None:
    late = wall(2026, 3, 10, 15, 58)
    assert [each for _, each in way(Level.ACUTE, late)] == [[AASE], [DOEGNVAGT], [DITTE], [DOEGNVAGT]]


def test_two_on_leave_leave_doegnvagt() -> None:
    away = Span(wall(2026, 3, 9), wall(2026, 3, 14))
    shifts = Shifts(weekly=SHIFTS.weekly, absences=(Absence(AASE, away), Absence(BO, away)))
    assert way(Level.ACUTE, wall(2026, 3, 10, 12), shifts)[0][1] == [DOEGNVAGT]


def test_an_elevated_report_waits_for_the_desk_to_open() -> None:
    assert way(Level.ELEVATED, wall(2026, 3, 10, 5))[0] == (wall(2026, 3, 10, 8), [DESK])


@given(at=INSTANTS, level=st.sampled_from(Level))
def test_at_every_moment_every_level_ends_at_doegnvagt_however_empty_the_rota(at: datetime, level: Level) -> None:
    for shifts in (SHIFTS, Shifts()):
        assert way(level, at, shifts)[-1][1] == [DOEGNVAGT]


@pytest.mark.parametrize(("spring", "hours"), [(True, 24), (False, 24)])
def test_a_night_of_the_clocks_has_its_own_quarter_hours(spring: bool, hours: int) -> None:
    start = wall(2026, 3, 28, 20) if spring else wall(2026, 10, 24, 20)
    found = quarters(start, hours, plan=PLAN, rota=rota_at(SHIFTS, free={AASE, BO}, rota=NOW))
    assert len(found) == hours * 4
    assert found[-1].at - found[0].at == timedelta(hours=hours) - timedelta(minutes=15)
    assert found[-1].at.astimezone(COPENHAGEN).hour == (20 if spring else 18)


def test_quarter_hours_begin_with_the_one_that_runs() -> None:
    found = quarters(wall(2026, 3, 10, 12, 14), 1, plan=PLAN, rota=rota_at(SHIFTS, free=set(), rota=NOW))
    assert [each.at for each in found] == [wall(2026, 3, 10, 12, minute) for minute in (0, 15, 30, 45)]


def test_gaps_come_worst_first_then_by_time() -> None:
    found = quarters(wall(2026, 3, 10, 15), 18, plan=PLAN, rota=rota_at(SHIFTS, free={AASE, BO}, rota=NOW))
    assert [(gap.lack, gap.starts_at, gap.ends_at) for gap in gaps(found, EVERYBODY)] == [
        (Lack.NOBODY_ON_CALL, wall(2026, 3, 10, 16), wall(2026, 3, 11, 8))
    ]
    without_bo_and_aase = {**EVERYBODY, AASE: False}
    assert [gap.lack for gap in gaps(found, without_bo_and_aase)] == [
        Lack.FIRST_UNREACHABLE,
        Lack.FIRST_UNREACHABLE,
        Lack.NOBODY_ON_CALL,
    ]
    assert {gap.lack for gap in gaps(found, dict.fromkeys(EVERYBODY, False))} == {Lack.NOBODY}


def test_of_whom_nobody_can_say_whether_they_are_reached_no_gap_is_made() -> None:
    found = quarters(wall(2026, 3, 10, 12), 1, plan=PLAN, rota=rota_at(SHIFTS, free={AASE, BO}, rota=NOW))
    assert gaps(found, {}) == []
