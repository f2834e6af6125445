"""A leader keeps somebody out of a case: `/v1/exclusions`. Nothing of it is told outside the case."""

from functools import partial
from typing import Annotated
from uuid import UUID

import asyncpg
from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.escalation.handlers import exclusion as exclusions
from services.escalation.store import case, exclusion
from services.escalation.web.api import Api, Body, NotFound, read
from services.escalation.web.view import Json, case_as_told
from shared.auth.people import Person, Role
from shared.delivery.outbox import Transaction
from shared.ids import CaseId, PersonId
from shared.web.problems import Problem


def routes(api: Api) -> list[Route]:
    """The routes."""
    return [
        Route("/v1/exclusions", partial(_exclude, api), methods=["POST"]),
        Route("/v1/exclusions", partial(_excluded, api), methods=["GET"]),
    ]


class Exclude(Body):
    """Needs no version: keeping somebody out never fails for being late."""

    case_id: UUID
    person_id: UUID
    reason: Annotated[str, Field(min_length=1, max_length=4000)]


async def _exclude(api: Api, request: Request) -> Response:
    """Answered with the case, unless the leader has kept themselves out."""
    who, asked = api.who(request), await read(request, Exclude)
    async with api.transactions.begin("exclude") as tx:
        case_id = await _seen(tx, who, CaseId(asked.case_id))
        person_id = PersonId(asked.person_id)
        await exclusions.name(tx, case_id, person_id, by=who.person_id, reason=asked.reason, keys=api.keys)
        if person_id == who.person_id:
            return Response(status_code=204)
        return JSONResponse(await case_as_told(tx, case_id, who))


async def _excluded(api: Api, request: Request) -> JSONResponse:
    who = api.who(request)
    async with api.transactions.begin("read exclusions") as tx:
        case_id = await _seen(tx, who, _named(request))
        rows = await exclusion.of_case(tx.conn, case_id)
    return JSONResponse({"exclusions": [_row(each) for each in rows]})


def _named(request: Request) -> CaseId:
    try:
        return CaseId(UUID(request.query_params.get("case_id", "")))
    except ValueError:
        raise NotFound from None


async def _seen(tx: Transaction, who: Person, case_id: CaseId) -> CaseId:
    if not await case.lock_seen(tx.conn, case_id, who):
        raise NotFound
    if Role.LEADER not in who.roles:
        raise Problem(403, "forbidden", "This takes the role leader.")
    return case_id


def _row(row: asyncpg.Record) -> Json:
    return {"person_id": str(row["person_id"]), "by": str(row["by"]), "at": row["at"].isoformat()}
