"""Who answers when: the rota, the ladders, the people."""

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Annotated, Any, TypeVar
from uuid import UUID

import asyncpg
from pydantic import AfterValidator, Field
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from services.escalation.contacts import Standing
from services.escalation.domain.access import ANSWERS
from services.escalation.domain.shift import Absence, Shift, Shifts, Swap, Weekly
from services.escalation.store import rota
from services.escalation.store.rota import LONGEST_WAIT, SHIFTS, LadderBody, PlanBody, Staff
from services.escalation.web.api import Api, Body, Versioned, read
from services.escalation.web.view import Json
from shared.auth import sessions
from shared.auth.people import Person, Role
from shared.calendar import in_bounds
from shared.delivery.outbox import Transaction
from shared.ids import PersonId
from shared.web.problems import Problem

S = TypeVar("S", Shift, Swap, Absence)
_LOOKS_AHEAD = timedelta(days=14)
_READS = ANSWERS | {Role.OPERATOR}
_NO_NULL = r"^[^\x00]*$"
"""PostgreSQL keeps no U+0000 in a text."""


def routes(api: Api) -> list[Route]:
    """The routes."""
    return [
        Route("/v1/rota", partial(_rota, api), methods=["GET"]),
        Route("/v1/rota", partial(_put_rota, api), methods=["PUT"]),
        Route("/v1/ladders", partial(_ladders, api), methods=["GET"]),
        Route("/v1/ladders", partial(_put_ladders, api), methods=["PUT"]),
        Route("/v1/people", partial(_people, api), methods=["GET"]),
        Route("/v1/people", partial(_put_people, api), methods=["PUT"]),
    ]


def _weeks_in_bounds(weekly: tuple[Weekly, ...]) -> tuple[Weekly, ...]:
    _require_in_bounds(day for each in weekly for day in (each.first, each.last) if day)
    return weekly


def _spans_in_bounds(of: tuple[S, ...]) -> tuple[S, ...]:
    _require_in_bounds(at for each in of for at in (each.span.starts_at, each.span.ends_at))
    return of


def _require_in_bounds(moments: Iterable[date]) -> None:
    """Raise `ValueError` unless all lie in bounds. What is stored from before is read without this."""
    if not all(map(in_bounds, moments)):
        raise ValueError("a rota is about days between 1900 and 2200")


class Rota(Versioned):
    """The whole rota, as it shall be. Whoever is listed first is asked first."""

    weekly: Annotated[tuple[Weekly, ...], AfterValidator(_weeks_in_bounds)] = ()
    shifts: Annotated[tuple[Shift, ...], AfterValidator(_spans_in_bounds)] = ()
    swaps: Annotated[tuple[Swap, ...], AfterValidator(_spans_in_bounds)] = ()
    absences: Annotated[tuple[Absence, ...], AfterValidator(_spans_in_bounds)] = ()


def _within_a_month(ladders: list[LadderBody]) -> list[LadderBody]:
    minutes = LONGEST_WAIT // timedelta(minutes=1)
    if any(each.rung_wait_minutes > minutes or 60 * each.at_most_hours > minutes for each in ladders):
        raise ValueError("nobody is waited for longer than a month")
    return ladders


class Ladders(PlanBody, Versioned):
    """The ladders and the duty hours, as they shall be for what begins from now on."""

    ladders: Annotated[list[LadderBody], AfterValidator(_within_a_month)]


class PersonBody(Body):
    """A person, as they shall be."""

    person_id: UUID
    name: Annotated[str, Field(min_length=1, max_length=200, pattern=_NO_NULL)]
    roles: list[Role]
    units: list[Annotated[str, Field(max_length=60, pattern=_NO_NULL)]]
    active: bool = True


class People(Body):
    """Those who are added or changed; the others stay."""

    people: Annotated[list[PersonBody], Field(min_length=1, max_length=500)]


def allowed(api: Api, request: Request, roles: Collection[Role]) -> Person:
    """Who is asking. Raises `NotSignedIn`, and 403 for whoever has none of the roles."""
    who = api.who(request)
    if not who.roles & set(roles):
        raise Problem(403, "forbidden", f"This takes the role {' or '.join(sorted(roles))}.")
    return who


async def _rota(api: Api, request: Request) -> JSONResponse:
    allowed(api, request, _READS)
    async with api.transactions.begin("read rota") as tx:
        return JSONResponse(await _told(tx))


async def _put_rota(api: Api, request: Request) -> JSONResponse:
    who, asked = allowed(api, request, {Role.LEADER}), await read(request, Rota)
    wanted = Shifts(weekly=asked.weekly, shifts=asked.shifts, swaps=asked.swaps, absences=asked.absences)
    async with api.transactions.begin("put rota") as tx:
        await rota.lock(tx.conn)
        await _demand_known(tx, wanted)
        await _demand_fresh(tx, asked.version, (await rota.shifts(tx.conn))[0])
        await rota.put_shifts(tx.conn, wanted, by=who.person_id, at=tx.now)
        return JSONResponse(await _told(tx))


async def _ladders(api: Api, request: Request) -> JSONResponse:
    """Every version, newest first: what runs keeps the version it began with."""
    who = allowed(api, request, {Role.LEADER})
    async with api.transactions.begin("read ladders") as tx:
        return JSONResponse({"versions": [_version(row) for row in await rota.ladder_versions(tx.conn, who)]})


def _version(row: asyncpg.Record) -> Json:
    by, at = str(row["by"]) if row["by"] else None, row["at"].isoformat() if row["at"] else None
    return {"version": row["version"], "by": by, "at": at, "running": row["running"], **json.loads(row["body"])}


async def _put_ladders(api: Api, request: Request) -> JSONResponse:
    who, asked = allowed(api, request, {Role.LEADER}), await read(request, Ladders)
    wanted = PlanBody(**{name: getattr(asked, name) for name in PlanBody.model_fields})
    async with api.transactions.begin("put ladders") as tx:
        await rota.lock(tx.conn)
        await _demand_fresh(tx, asked.version, (await rota.ladders(tx.conn))[0])
        await rota.put_ladders(tx.conn, wanted, by=who.person_id, at=tx.now)
        return JSONResponse(await _told(tx))


async def _demand_known(tx: Transaction, wanted: Shifts) -> None:
    known = {each.person_id for each in await rota.people(tx.conn) if each.active}
    unknown = sorted(str(each) for each in wanted.people() - known)
    if unknown:
        raise Problem(422, "unknown_people", "The rota names people who are not among the people.", person_ids=unknown)


async def _demand_fresh(tx: Transaction, read_at: int, stands_at: int) -> None:
    if read_at != stands_at:
        detail = "Somebody has changed it since you read it. Look at `rota`, then decide again."
        raise Problem(409, "stale", detail, rota=await _told(tx))


async def _told(tx: Transaction) -> Json:
    """Gaps first: nobody is on call then, and Døgnvagt is asked."""
    version, shifts = await rota.shifts(tx.conn)
    number, plan = await rota.ladders(tx.conn)
    gaps = [_span(each.starts_at, each.ends_at) for each in shifts.gaps(tx.now, tx.now + _LOOKS_AHEAD)]
    body: dict[str, Any] = SHIFTS.dump_python(shifts, mode="json")
    ladders = {"version": number, **plan.model_dump(mode="json")}
    desks = [dict(each) | {"desk_id": str(each["desk_id"])} for each in await rota.desks(tx.conn)]
    return {"gaps": gaps, "version": version, **body, "ladders": ladders, "desks": desks}


def _span(starts_at: datetime, ends_at: datetime) -> Json:
    return {"starts_at": starts_at.isoformat(), "ends_at": ends_at.isoformat()}


async def _people(api: Api, request: Request) -> JSONResponse:
    allowed(api, request, {Role.LEADER})
    return await _told_people(api)


async def _put_people(api: Api, request: Request) -> JSONResponse:
    who, asked = allowed(api, request, {Role.LEADER}), await read(request, People)
    wanted = [
        Staff(PersonId(each.person_id), each.name, tuple(each.roles), tuple(each.units), each.active)
        for each in asked.people
    ]
    async with api.transactions.begin("put people") as tx:
        await rota.lock(tx.conn)
        await _demand_a_leader(tx, wanted)
        await rota.put_people(tx.conn, wanted, by=who.person_id, at=tx.now)
        await sessions.end_of_people(tx.conn, [each.person_id for each in wanted if not each.active])
    return await _told_people(api)


async def _demand_a_leader(tx: Transaction, wanted: Sequence[Staff]) -> None:
    """Refuse a change after which nobody active is a leader: nobody could undo it."""
    after = {each.person_id: each for each in (*await rota.people(tx.conn), *wanted)}
    if not any(each.active and Role.LEADER in each.roles for each in after.values()):
        raise Problem(409, "last_leader", "Somebody must stay a leader: make another person one first.")


async def _told_people(api: Api) -> JSONResponse:
    async with api.transactions.begin("read people") as tx:
        people = await rota.people(tx.conn)
    standing = await api.standing([each.person_id for each in people if each.active])
    return JSONResponse({"people": [_person(each, standing.get(each.person_id, Standing())) for each in people]})


def _person(staff: Staff, standing: Standing) -> Json:
    codes = {"roles": list(staff.roles), "units": list(staff.units), "active": staff.active}
    reach = {"reachable": standing.reachable, "proved": standing.proved}
    return {"person_id": str(staff.person_id), "name": staff.name, **codes, **reach}
