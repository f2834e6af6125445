"""Can we reach somebody? Asked of the next hours, and of one moment. No case is in it."""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from services.escalation.contacts import reachable_of
from services.escalation.domain.access import ANSWERS
from services.escalation.domain.reach import Quarter, Step, climb, gaps, quarters
from services.escalation.handlers.reach import ground
from services.escalation.web.api import Api, SentInstant
from services.escalation.web.rota import allowed
from services.escalation.web.view import Json
from shared.auth.people import Role
from shared.events.codes import Level, RecipientKind, Unit
from shared.web.problems import Problem

_READS = ANSWERS | {Role.OPERATOR}


def routes(api: Api) -> list[Route]:
    """The routes."""
    return [
        Route("/v1/reach", partial(_reach, api), methods=["GET"]),
        Route("/v1/who-would-be-paged", partial(_who, api), methods=["GET"]),
    ]


class _Query(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    unit: Unit = Unit.UNKNOWN


class Hours(_Query):
    """How far to look, for a case of which unit."""

    hours: int = Field(default=72, ge=1, le=336)


class Moment(_Query):
    """A report of that moment and level."""

    at: SentInstant | None = None
    level: Level


Q = TypeVar("Q", bound=_Query)


def _query(request: Request, model: type[Q]) -> Q:
    try:
        return model.model_validate(dict(request.query_params))
    except ValidationError as error:
        fields = sorted({str(each["loc"][0]) for each in error.errors()})
        raise Problem(
            422, "invalid", f"Look at {', '.join(fields)}: see the OpenAPI document.", fields=fields
        ) from None


async def _reach(api: Api, request: Request) -> JSONResponse:
    """Gaps first, worst first; then every quarter-hour with the ways up of all levels."""
    allowed(api, request, _READS)
    asked = _query(request, Hours)
    async with api.transactions.begin("read reach") as tx:
        stands, now = await ground(tx, asked.unit), tx.now
    found = await asyncio.to_thread(quarters, now, asked.hours, plan=stands.plan, rota=stands.rota)
    standing = await api.standing(sorted(set[UUID]().union(*(each.ids for each in found))))
    reachable = reachable_of(standing)
    lacking = [
        {"lack": each.lack, "starts_at": each.starts_at.isoformat(), "ends_at": each.ends_at.isoformat()}
        for each in gaps(found, reachable)
    ]
    people = {
        str(named): {"name": stands.names.get(named), "reachable": each.reachable, "proved": each.proved}
        for named, each in standing.items()
    }
    head = {"now": _now(found[0], reachable), "gaps": lacking, "hours": asked.hours, "unit": asked.unit}
    return JSONResponse({**head, "people": people, "quarters": [_quarter(each) for each in found]})


def _now(quarter: Quarter, reachable: Mapping[UUID, bool | None]) -> Json:
    """How many persons the first rungs of the gravest level would reach now."""
    persons = {each.id for step in quarter.levels[Level.ACUTE] for each in step.recipients if _is_person(step)}
    return {"reached": sum(reachable.get(each) is not False for each in persons if each)}


def _is_person(step: Step) -> bool:
    return step.recipients[0].kind is RecipientKind.PERSON


def _quarter(quarter: Quarter) -> Json:
    ways = {
        level: [[str(each.id) for each in step.recipients] for step in way] for level, way in quarter.levels.items()
    }
    return {"at": quarter.at.isoformat(), "on_call": [str(each) for each in quarter.on_call], "levels": ways}


async def _who(api: Api, request: Request) -> JSONResponse:
    """Whom a report of that moment and level would page, rung by rung, if nobody answered."""
    allowed(api, request, _READS)
    asked = _query(request, Moment)
    async with api.transactions.begin("read reach") as tx:
        stands, at = await ground(tx, asked.unit), asked.at or tx.now
    way = climb(asked.level, plan=stands.plan, rota=stands.rota, received_at=at)
    reachable = reachable_of(
        await api.standing(sorted({each.id for step in way for each in step.recipients if each.id}))
    )
    steps = [_step(each, stands.names, reachable) for each in way]
    return JSONResponse({"at": at.isoformat(), "level": asked.level, "unit": asked.unit, "steps": steps})


def _step(step: Step, names: Mapping[UUID, str], reachable: Mapping[UUID, bool | None]) -> Json:
    recipients = [
        {"id": str(each.id), "kind": each.kind, "name": names.get(each.id), "reachable": reachable.get(each.id)}
        for each in step.recipients
        if each.id
    ]
    return {"at": step.at.isoformat(), "rung": step.rung, "recipients": recipients}
