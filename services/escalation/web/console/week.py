"""A week of the rota as a table: days down, units across. Units whose weeks are alike stand together in one column."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Any, TypeAlias
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from services.escalation.domain.shift import Duty, Shifts, instant
from services.escalation.store.rota import SHIFTS
from services.escalation.web.console import NOTHING, Console, Values, sign_in_first, visitor
from services.escalation.web.console.bars import Bar, of_week
from services.escalation.web.console.words import UNITS
from shared.calendar import local
from shared.ids import PersonId

_WEEK = timedelta(days=7)
_FURTHEST = timedelta(days=3660)
"""Nobody plans that far ahead or looks that far back."""
Json: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """Units, and who of those that serve them is on call on each day of the week."""

    units: tuple[str, ...]
    days: tuple[tuple[Duty, ...], ...]

    @property
    def bars(self) -> list[Bar]:
        """The week as bars."""
        return of_week(self.days)


async def rota_screen(console: Console, request: Request, how: Values = NOTHING) -> Response:
    """The week, and the forms by which a leader changes who is on call."""
    who = visitor(request)
    if who is None:
        return sign_in_first(request)
    rota, staff = [await console.asked("GET", path, request) for path in ("/v1/rota", "/v1/people")]
    now = console.api.transactions.clock.now()
    monday = monday_of(request.query_params.get("week", ""), today=local(now).date())
    values: Json = {"rota": rota, "staff": staff, "now": now, "today": local(now).date()}
    values |= {"days": [monday + timedelta(days=n) for n in range(7)], "columns": _columns(rota, staff, monday)}
    beside = {"before": _named(monday - _WEEK), "this": _named(local(now).date()), "after": _named(monday + _WEEK)}
    return console.show(request, "rota.html", who, number=monday.isocalendar().week, weeks=beside, **values, **how)


def monday_of(week: str, *, today: date) -> date:
    """The Monday of an ISO week (`2026-W11`); of this week where it is none."""
    this = today - timedelta(days=today.weekday())
    try:
        monday = date.fromisoformat(f"{week}-1")
    except ValueError:
        return this
    return monday if monday.weekday() == 0 and abs(monday - this) <= _FURTHEST else this


def columns(shifts: Shifts, serving: Mapping[str, set[PersonId]], monday: date) -> list[Column]:
    """The week of each unit, those of units that are alike once."""
    alike: dict[tuple[tuple[Duty, ...], ...], list[str]] = {}
    for unit, people in serving.items():
        midnights = [instant(monday + timedelta(days=n), time()) for n in range(8)]
        week = tuple(tuple(shifts.duty(midnights[n], midnights[n + 1], people)) for n in range(7))
        alike.setdefault(week, []).append(unit)
    return [Column(tuple(units), week) for week, units in alike.items()]


def _columns(rota: Json, staff: Json, monday: date) -> list[Column]:
    shifts = SHIFTS.validate_python({name: rota[name] for name in ("weekly", "shifts", "swaps", "absences")})
    return columns(shifts, {unit: _serving(staff["people"], unit) for unit in UNITS}, monday)


def _serving(people: Sequence[Json], unit: str) -> set[PersonId]:
    return {_id(each) for each in people if each["active"] and ("*" in each["units"] or unit in each["units"])}


def _id(person: Json) -> PersonId:
    return PersonId(UUID(person["person_id"]))


def _named(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"
