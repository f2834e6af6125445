"""What a person does with a case: take it, say that they cannot, judge its reports, close it, agree with another."""

from datetime import timedelta
from functools import partial
from typing import Annotated
from uuid import UUID

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.escalation.domain.access import ANSWERS, COUNTERSIGNS, JUDGES
from services.escalation.handlers import act as acts
from services.escalation.store import countersign, report
from services.escalation.web.api import Api, Body, Versioned, acting
from shared.events.codes import Outcome
from shared.ids import ReportId

Reason = Annotated[str, Field(min_length=1, max_length=4000)]


def routes(api: Api) -> list[Route]:
    """The routes."""
    acts_by_path = {
        "/v1/cases/{id}/acknowledge": _acknowledge,
        "/v1/cases/{id}/cannot": _cannot,
        "/v1/cases/{id}/conflict": _conflict,
        "/v1/cases/{id}/close": _close,
        "/v1/reports/{id}/judgement": _judge,
        "/v1/countersign/{id}": _countersign,
    }
    return [Route(path, partial(act, api), methods=["POST"]) for path, act in acts_by_path.items()]


class Acknowledge(Body):
    """Needs no version: a tap at two in the morning never fails for being late."""

    covers_report_no: int = Field(ge=1, le=2**31 - 1)
    promise_minutes: int = Field(default=60, ge=1, le=24 * 60)


class Judge(Versioned):
    """Whether there is acute danger, and whether something was started (Barnets lov § 136, § 138)."""

    acute: bool
    started: bool


class Close(Versioned):
    """How it was concluded, and why."""

    outcome: Outcome
    reason: Reason


class Countersign(Versioned):
    """The second person's answer, and why."""

    agree: bool
    reason: Reason


async def _acknowledge(api: Api, request: Request) -> JSONResponse:
    async with acting(api, request, Acknowledge, may=ANSWERS) as act:
        covers, promise = act.asked.covers_report_no, timedelta(minutes=act.asked.promise_minutes)
        return await act.done(await acts.acknowledge(act.tx, act.who, act.case_id, covers=covers, promise=promise))


async def _cannot(api: Api, request: Request) -> JSONResponse:
    async with acting(api, request, Body, may=ANSWERS) as act:
        return await act.done(await acts.cannot(act.tx, act.who, act.case_id))


async def _conflict(api: Api, request: Request) -> Response:
    """Answered without the case: from now on it does not exist for this person."""
    async with acting(api, request, Body, may=ANSWERS) as act:
        await acts.conflict(act.tx, act.who, act.case_id)
        return Response(status_code=204)


async def _close(api: Api, request: Request) -> JSONResponse:
    async with acting(api, request, Close, may=ANSWERS) as act:
        asked, keys = act.asked, api.keys
        return await act.done(
            await acts.close(act.tx, act.who, act.case_id, outcome=asked.outcome, reason=asked.reason, keys=keys)
        )


async def _judge(api: Api, request: Request) -> JSONResponse:
    async with acting(api, request, Judge, may=JUDGES, find=report.case_of) as act:
        report_id, asked = ReportId(UUID(request.path_params["id"])), act.asked
        return await act.done(
            await acts.judge(act.tx, act.who, act.case_id, report_id, acute=asked.acute, started=asked.started)
        )


async def _countersign(api: Api, request: Request) -> JSONResponse:
    async with acting(api, request, Countersign, may=COUNTERSIGNS, find=countersign.case_of) as act:
        named, asked, keys = UUID(request.path_params["id"]), act.asked, api.keys
        return await act.done(
            await acts.answer_countersign(
                act.tx, act.who, act.case_id, named, agree=asked.agree, reason=asked.reason, keys=keys
            )
        )
