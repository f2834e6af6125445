"""What belongs to a case: a proposed child, a linked case, some of its reports. A person says so, and why.

The reason is kept here with the evidence of who said it; intake owns what belongs together and does it. What it did
comes back as any fact does.
"""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from services.escalation.domain.access import ANSWERS
from services.escalation.domain.escalation import Refused
from services.escalation.handlers import step as steps
from services.escalation.store import case, report
from services.escalation.web.act import Reason
from services.escalation.web.api import Act, Api, NotFound, Versioned, acting
from services.escalation.web.entries import NotDone
from services.escalation.web.view import Json
from shared.evidence import Facts
from shared.ids import CaseId, derived_id


def routes(api: Api) -> list[Route]:
    """The routes."""
    acts = {"proposals/{proposal_id:uuid}": _decide, "link": _link, "unlink": _unlink, "split": _split}
    return [Route(f"/v1/cases/{{id}}/{path}", partial(act, api), methods=["POST"]) for path, act in acts.items()]


class DecideProposal(Versioned):
    """Whether the child that was named beside the subject belongs to the case, and why."""

    joins: bool
    reason: Reason


class Other(Versioned):
    """The case that belongs to this one, or has nothing to do with it, and why."""

    case_id: UUID
    reason: Reason


class Split(Versioned):
    """The reports and children that get a case of their own, and why. A child takes along what is about it alone."""

    report_ids: Annotated[tuple[UUID, ...], Field(max_length=200)] = ()
    child_ids: Annotated[tuple[UUID, ...], Field(max_length=20)] = ()
    reason: Reason


async def _decide(api: Api, request: Request) -> JSONResponse:
    proposal_id: UUID = request.path_params["proposal_id"]
    async with acting(api, request, DecideProposal, may=ANSWERS) as act:
        codes: Facts = {"proposal_id": str(proposal_id), "joins": act.asked.joins}
        told = await _noted(act, "proposal_decided", codes, act.asked.reason)
    return await _done(api, act, "join" if act.asked.joins else "reject", [proposal_id], told)


async def _link(api: Api, request: Request) -> JSONResponse:
    """Also what undoes an unlinking that was wrong."""
    async with acting(api, request, Other, may=ANSWERS) as act:
        other = CaseId(act.asked.case_id)
        if other == act.case_id or not await case.seen(act.tx.conn, other, act.who):
            raise NotFound
        told = await _noted(act, "linked", {"other_case_id": str(other)}, act.asked.reason)
    return await _done(api, act, "link", [other], told)


async def _unlink(api: Api, request: Request) -> JSONResponse:
    async with acting(api, request, Other, may=ANSWERS) as act:
        other = CaseId(act.asked.case_id)
        if other == act.case_id or other not in await report.newest_of(act.tx.conn, act.case_id):
            raise NotFound
        if not await case.seen(act.tx.conn, other, act.who):
            raise NotFound
        told = await _noted(act, "unlinked", {"other_case_id": str(other)}, act.asked.reason)
    return await _done(api, act, "unlink", [other], told)


async def _split(api: Api, request: Request) -> JSONResponse:
    async with acting(api, request, Split, may=ANSWERS) as act:
        here = await report.ids_of(act.tx.conn, act.case_id)
        moving, leaving = set(act.asked.report_ids), set(act.asked.child_ids)
        if not here.issuperset(moving):
            raise NotFound
        if len(moving) == len(here):
            await act.after(Refused("nothing_left"))
        if not moving and not leaving:
            await act.after(Refused("nothing_chosen"))
        named = sorted(moving | leaving)
        new = derived_id("split", act.case_id, *named)
        codes: Facts = {"new_case_id": str(new), "reports": len(moving), "children": len(leaving)}
        told = await _noted(act, "split", codes, act.asked.reason)
    return await _done(api, act, "split", [new, *named], told)


async def _noted(act: Act[Any], kind: str, codes: Facts, reason: str) -> Json:
    await steps.add(act.tx, act.who, act.case_id, kind=kind, codes=codes, reason=reason, keys=act.api.keys)
    return await act.told()


async def _done(api: Api, act: Act[Any], what: str, ids: Sequence[UUID], told: Json) -> JSONResponse:
    if api.entries is None:
        raise NotDone
    await api.entries.belong(what, act.case_id, act.who.person_id, ids)
    return JSONResponse(told)
