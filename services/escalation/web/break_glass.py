"""The units' sealed codes, by which somebody comes in while nobody can sign in: leaders make them, each told once."""

from functools import partial
from typing import Literal

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from services.escalation.domain.access import is_fresh
from services.escalation.handlers import break_glass as codes
from services.escalation.store import break_glass
from services.escalation.web.api import Api, Body, read
from services.escalation.web.rota import allowed
from services.escalation.web.view import Json
from shared.auth.people import Role
from shared.events.codes import Unit
from shared.web.problems import Problem

_UNITS = tuple(unit for unit in Unit if unit is not Unit.UNKNOWN)


def routes(api: Api) -> list[Route]:
    """The routes."""
    return [
        Route("/v1/break-glass", partial(_codes, api), methods=["GET"]),
        Route("/v1/break-glass", partial(_make, api), methods=["POST"]),
    ]


class CodeFor(Body):
    """The unit that gets a code."""

    unit: Literal[
        Unit.AMAGER,
        Unit.BISPEBJERG,
        Unit.BROENSHOEJ_HUSUM_VANLOESE,
        Unit.CITY_OESTERBRO,
        Unit.NOERREBRO,
        Unit.VALBY_VESTERBRO_KGS_ENGHAVE,
    ]


async def _codes(api: Api, request: Request) -> JSONResponse:
    """Of each unit when its code was made, and when one was last used. The codes themselves are not kept."""
    allowed(api, request, {Role.LEADER})
    async with api.transactions.begin("read codes") as tx:
        known = {row["unit"]: row for row in await break_glass.units(tx.conn)}
    return JSONResponse({"units": [_unit(unit, dict(known.get(unit, {}))) for unit in _UNITS]})


def _unit(unit: Unit, row: Json) -> Json:
    moments = {name: row[name].isoformat() if row.get(name) else None for name in ("made_at", "used_at")}
    return {"unit": unit, **moments}


async def _make(api: Api, request: Request) -> JSONResponse:
    """A new code, in place of the one that was not used. It takes a sign-in of the last ten minutes."""
    who = allowed(api, request, {Role.LEADER})
    if not is_fresh(who, api.transactions.clock.now()):
        raise Problem(403, "step_up_needed", "Sign in again: a code takes a sign-in of the last 10 minutes.")
    asked = await read(request, CodeFor)
    async with api.transactions.begin("make code") as tx:
        code = await codes.make(tx, asked.unit, by=who.person_id)
    return JSONResponse({"unit": asked.unit, "code": code}, 201)
