"""What a person does with a case: take it, say that they cannot, judge its reports, close it, agree with another."""

from datetime import timedelta
from functools import partial
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.escalation.domain.access import ANSWERS, COUNTERSIGNS, JUDGES, LEADS
from services.escalation.domain.escalation import Taken
from services.escalation.handlers import act as acts
from services.escalation.handlers import step as steps
from services.escalation.handlers.act import Judgement
from services.escalation.store import case, countersign, report
from services.escalation.web.api import Api, Body, Forbidden, SentInstant, Versioned, acting, read
from shared.auth.people import Person
from shared.events.codes import Level, Outcome, Unit
from shared.ids import CaseId, PersonId, ReportId
from shared.telemetry.tracing import link_running_to

Reason = Annotated[str, Field(min_length=1, max_length=4000)]


def routes(api: Api) -> list[Route]:
    """The routes."""
    acts_by_path = {
        "/v1/cases/{id}/acknowledge": _acknowledge,
        "/v1/work/acknowledge": _acknowledge_many,
        "/v1/cases/{id}/cannot": _cannot,
        "/v1/cases/{id}/conflict": _conflict,
        "/v1/cases/{id}/phone-answer": _phone_answer,
        "/v1/cases/{id}/handover": _hand_over,
        "/v1/cases/{id}/unit": _move_unit,
        "/v1/cases/{id}/raise": _raise,
        "/v1/cases/{id}/lower": _lower,
        "/v1/cases/{id}/close": _close,
        "/v1/reports/{id}/judgement": _judge,
        "/v1/reports/{id}/reporter-verified": _verify_reporter,
        "/v1/cases/{id}/judgements": _judge_alike,
        "/v1/countersign/{id}": _countersign,
    }
    return [Route(path, partial(act, api), methods=["POST"]) for path, act in acts_by_path.items()]


class Acknowledge(Body):
    """Needs no version: a tap at two in the morning never fails for being late."""

    covers_report_no: int = Field(ge=0, le=2**31 - 1)
    promise_minutes: int = Field(default=60, ge=1, le=24 * 60)

    @property
    def promise(self) -> timedelta:
        """How long they promise to take."""
        return timedelta(minutes=self.promise_minutes)


class Shown(Body):
    """A case as it stood in a list."""

    case_id: CaseId
    covers_report_no: int = Field(ge=1, le=2**31 - 1)


class AcknowledgeMany(Body):
    """The cases of a list that the person takes, each with the newest report that was there."""

    cases: Annotated[list[Shown], Field(min_length=1, max_length=500)]
    promise_minutes: int = Field(default=60, ge=1, le=24 * 60)


class PhoneAnswer(Versioned):
    """What a person said on the phone, and when."""

    person_id: PersonId
    said_at: SentInstant
    covers_report_no: int = Field(ge=1, le=2**31 - 1)
    promise_minutes: int = Field(default=60, ge=1, le=24 * 60)


class HandOver(Versioned):
    """To whom, and what they should know."""

    to: PersonId
    note: Reason


class MoveUnit(Versioned):
    """The unit that is to have it, and why."""

    unit: Literal[
        Unit.AMAGER,
        Unit.BISPEBJERG,
        Unit.BROENSHOEJ_HUSUM_VANLOESE,
        Unit.CITY_OESTERBRO,
        Unit.NOERREBRO,
        Unit.VALBY_VESTERBRO_KGS_ENGHAVE,
    ]
    reason: Reason


class Raise(Versioned):
    """The level, and why."""

    level: Level
    reason: Reason


class Judge(Versioned):
    """Whether there is acute danger, whether something was started (Barnets lov § 136, § 138), and why."""

    acute: bool
    started: bool
    reason: Annotated[str, Field(max_length=4000)] = ""

    @property
    def said(self) -> Judgement:
        """The same for the handlers."""
        return Judgement(self.acute, self.started, self.reason)


class ReporterVerified(Body):
    """How the reporter was made sure of. The number is the workplace's own, never the one that stands in the report."""

    how: Literal["called_back_main_number"]


class JudgeAlike(Judge):
    """The same for several reports of a case, all of which the person has read."""

    report_ids: Annotated[list[UUID], Field(min_length=1, max_length=200)]


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
        covers, promise = act.asked.covers_report_no, act.asked.promise
        return await act.done(await acts.acknowledge(act.tx, act.who, act.case_id, covers=covers, promise=promise))


async def _acknowledge_many(api: Api, request: Request) -> JSONResponse:
    """Each for itself, as if it were taken alone: what cannot be taken is named, and the others are taken."""
    who, asked = api.who(request), await read(request, AcknowledgeMany)
    if not who.roles & ANSWERS:
        raise Forbidden(ANSWERS)
    promise, taken, refused = timedelta(minutes=asked.promise_minutes), list[str](), list[dict[str, str]]()
    for each in asked.cases:
        reason = await _taken_alone(api, who, each, promise)
        if reason is None:
            taken.append(str(each.case_id))
        else:
            refused.append({"case_id": str(each.case_id), "reason": reason})
    return JSONResponse({"taken": taken, "refused": refused})


async def _taken_alone(api: Api, who: Person, shown: Shown, promise: timedelta) -> str | None:
    """None where the person has it now, else why not."""
    async with api.transactions.begin("act") as tx:
        if not await case.lock_seen(tx.conn, shown.case_id, who):
            return "not_found"
        link_running_to((await case.get(tx.conn, shown.case_id))["traceparent"])
        refused = await acts.acknowledge(tx, who, shown.case_id, covers=shown.covers_report_no, promise=promise)
        return refused.reason if refused else None


async def _cannot(api: Api, request: Request) -> JSONResponse:
    async with acting(api, request, Body, may=ANSWERS) as act:
        return await act.done(await acts.cannot(act.tx, act.who, act.case_id))


async def _conflict(api: Api, request: Request) -> Response:
    """Answered without the case: from now on it does not exist for this person."""
    async with acting(api, request, Body, may=ANSWERS) as act:
        await acts.conflict(act.tx, act.who, act.case_id)
        return Response(status_code=204)


async def _phone_answer(api: Api, request: Request) -> JSONResponse:
    async with acting(api, request, PhoneAnswer, may=LEADS) as act:
        told, promise = act.asked, timedelta(minutes=act.asked.promise_minutes)
        said = Taken(told.person_id, told.covers_report_no, promise, said_at=told.said_at)
        return await act.done(await acts.answered_by_phone(act.tx, act.who, act.case_id, said))


async def _hand_over(api: Api, request: Request) -> JSONResponse:
    async with acting(api, request, HandOver, may=ANSWERS) as act:
        to, note = act.asked.to, act.asked.note
        return await act.done(await acts.hand_over(act.tx, act.who, act.case_id, to=to, note=note, keys=api.keys))


async def _move_unit(api: Api, request: Request) -> Response:
    """Answered without the case where it does not exist any more for this person."""
    async with acting(api, request, MoveUnit, may=ANSWERS) as act:
        unit, reason = act.asked.unit, act.asked.reason
        refused = await steps.move_unit(act.tx, act.who, act.case_id, unit=unit, reason=reason, keys=api.keys)
        if await case.seen(act.tx.conn, act.case_id, act.who):
            return await act.done(refused)
        return Response(status_code=204)


async def _raise(api: Api, request: Request) -> JSONResponse:
    async with acting(api, request, Raise, may=ANSWERS) as act:
        to, reason = act.asked.level, act.asked.reason
        return await act.done(await acts.raise_level(act.tx, act.who, act.case_id, to=to, reason=reason, keys=api.keys))


async def _lower(api: Api, request: Request) -> JSONResponse:
    async with acting(api, request, Raise, may=ANSWERS) as act:
        to, reason = act.asked.level, act.asked.reason
        return await act.done(await acts.lower(act.tx, act.who, act.case_id, to=to, reason=reason, keys=api.keys))


async def _judge_alike(api: Api, request: Request) -> JSONResponse:
    async with acting(api, request, JudgeAlike, may=JUDGES) as act:
        asked, named = act.asked, [ReportId(each) for each in act.asked.report_ids]
        return await act.done(await acts.judge_alike(act.tx, act.who, act.case_id, named, asked.said, keys=api.keys))


async def _close(api: Api, request: Request) -> JSONResponse:
    async with acting(api, request, Close, may=ANSWERS) as act:
        asked, keys = act.asked, api.keys
        return await act.done(
            await acts.close(act.tx, act.who, act.case_id, outcome=asked.outcome, reason=asked.reason, keys=keys)
        )


async def _judge(api: Api, request: Request) -> JSONResponse:
    async with acting(api, request, Judge, may=JUDGES, find=report.case_of) as act:
        report_id, asked = ReportId(UUID(request.path_params["id"])), act.asked
        return await act.done(await acts.judge(act.tx, act.who, act.case_id, report_id, asked.said, keys=api.keys))


async def _verify_reporter(api: Api, request: Request) -> JSONResponse:
    async with acting(api, request, ReporterVerified, may=ANSWERS, find=report.case_of) as act:
        report_id = ReportId(UUID(request.path_params["id"]))
        await acts.verify_reporter(act.tx, act.who, act.case_id, report_id)
        return await act.done(None)


async def _countersign(api: Api, request: Request) -> JSONResponse:
    async with acting(api, request, Countersign, may=COUNTERSIGNS, find=countersign.case_of) as act:
        named, asked, keys = UUID(request.path_params["id"]), act.asked, api.keys
        return await act.done(
            await acts.answer_countersign(
                act.tx, act.who, act.case_id, named, agree=asked.agree, reason=asked.reason, keys=keys
            )
        )
