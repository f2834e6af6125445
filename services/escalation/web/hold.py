"""May the family be contacted? The risk assessment is recorded, the hold is lifted for one recipient, or stays."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.escalation.domain.access import ANSWERS, ASSESSES
from services.escalation.domain.assessment import FORM, Question, Risk
from services.escalation.domain.escalation import Refused
from services.escalation.domain.hold import Action, Asked, HeldFrom, Lift
from services.escalation.handlers import assessment as assessments
from services.escalation.handlers import draft as drafts
from services.escalation.handlers import hold as holds
from services.escalation.handlers.draft import ASSESSMENT
from services.escalation.web.api import Act, Api, Body, NotFound, SentInstant, Versioned, acting, require_purpose
from services.escalation.web.view import Json
from shared.web.problems import Problem

Text = Annotated[str, Field(max_length=4000)]
Answer = Text | Annotated[list[Annotated[str, Field(max_length=60)]], Field(max_length=20)] | dict[str, Any]


def routes(api: Api) -> list[Route]:
    """The routes."""
    return [
        Route("/v1/cases/{id}/hold", partial(_hold, api), methods=["POST"]),
        Route("/v1/cases/{id}/mediation", partial(_mediate, api), methods=["POST"]),
        Route("/v1/cases/{id}/assessment", partial(_assess, api), methods=["POST"]),
        Route("/v1/cases/{id}/assessment/draft", partial(_save_draft, api), methods=["PUT"]),
        Route("/v1/cases/{id}/assessment/draft", partial(_draft, api), methods=["GET"]),
        Route("/v1/cases/{id}/assessments/{assessment_id:uuid}", partial(_assessment, api), methods=["GET"]),
        Route("/v1/assessment-form", partial(_form, api), methods=["GET"]),
    ]


class HoldAsked(Versioned):
    """Lift (with the assessment it rests on and its end), reinstate, or that § 18 stk. 3 does not apply."""

    recipient: HeldFrom
    action: Action
    reason: Text = ""
    assessment_id: UUID | None = None
    until: SentInstant | None = None
    mediation: bool = False

    @property
    def asked(self) -> Asked:
        """The same for the rules."""
        return Asked(**{name: getattr(self, name) for name in HoldAsked.model_fields if name != "version"})


class Mediation(Versioned):
    """With whom, and what for."""

    recipients: Annotated[list[HeldFrom], Field(min_length=1)]
    note: Text = ""


class Draft(Body):
    """Answers by the id of their question; each is optional, and missing is unknown."""

    answers: Annotated[dict[Annotated[str, Field(max_length=60)], Answer], Field(max_length=60)] = Field(
        default_factory=dict
    )


class Assessment(Draft):
    """What a person concludes from reports 1 to `covers_report_no`."""

    covers_report_no: int = Field(ge=1, le=2**31 - 1)
    level: Risk
    acute: bool


async def _hold(api: Api, request: Request) -> JSONResponse:
    async with acting(api, request, HoldAsked, may=ANSWERS) as act:
        return await _done(act, await holds.decide(act.tx, act.who, act.case_id, act.asked.asked, keys=api.keys))


async def weighed(api: Api, request: Request) -> tuple[Json, Lift]:
    """The case, and the step as `hold` would record it. Raises the problem it would raise; nothing is changed."""
    async with acting(api, request, HoldAsked, may=ANSWERS) as act:
        step, told = await holds.weigh(act.tx, act.who, act.case_id, act.asked.asked), await act.told()
    if isinstance(step, Refused):
        raise _refusal(step, told)
    return told, step


async def _mediate(api: Api, request: Request) -> JSONResponse:
    async with acting(api, request, Mediation, may=ASSESSES) as act:
        recipients, note = act.asked.recipients, act.asked.note
        return await _done(
            act, await holds.mediate(act.tx, act.who, act.case_id, recipients=recipients, note=note, keys=api.keys)
        )


async def _assess(api: Api, request: Request) -> JSONResponse:
    async with acting(api, request, Assessment, may=ASSESSES) as act:
        asked = act.asked
        recorded = await assessments.assess(
            act.tx,
            act.who,
            act.case_id,
            covers=asked.covers_report_no,
            level=asked.level,
            acute=asked.acute,
            answers=asked.answers,
            keys=api.keys,
        )
        if isinstance(recorded, Refused):
            raise _refusal(recorded, await act.told())
        open_ends = {"unanswered": FORM.unanswered(asked.answers), "unread": FORM.unread(asked.answers)}
        return JSONResponse({"assessment_id": str(recorded), "form": FORM.version, **open_ends}, 201)


async def _save_draft(api: Api, request: Request) -> Response:
    async with acting(api, request, Draft, may=ASSESSES) as act:
        answers = act.asked.answers
        await drafts.save(act.tx, act.who, act.case_id, ASSESSMENT, answers, form=FORM.version, keys=api.keys)
        return Response(status_code=204)


async def _draft(api: Api, request: Request) -> JSONResponse:
    async with acting(api, request, Body, may=ASSESSES) as act:
        found = (await drafts.of(act.tx, act.who, act.case_id, keys=api.keys)).get(ASSESSMENT)
    if found is None:
        return JSONResponse({"form": FORM.version, "answers": {}, "saved_at": None})
    return JSONResponse({"form": found.form, "answers": found.answers, "saved_at": found.saved_at.isoformat()})


async def _assessment(api: Api, request: Request) -> JSONResponse:
    async with acting(api, request, Body, may=ANSWERS) as act:
        named = request.path_params["assessment_id"]
        await require_purpose(act.tx, act.who, act.case_id)
        found = await assessments.read(act.tx, act.who, act.case_id, named, keys=api.keys)
        if found is None:
            raise NotFound
        row, answers = found
        if answers is None:
            raise Problem(409, "unreadable", "The answers cannot be opened. Tell operators, and make a new assessment.")
        codes = {name: row[name] for name in ("covers_report_no", "form", "level", "acute")}
        by = {"by": str(row["person_id"]), "at": row["at"].isoformat()}
        return JSONResponse({"assessment_id": str(named), **codes, **by, "answers": answers})


async def _form(api: Api, request: Request) -> JSONResponse:
    api.who(request)
    return JSONResponse({"version": FORM.version, "questions": [_question(each) for each in FORM.questions]})


def _question(question: Question) -> Json:
    words = {"id": question.id, "danish": question.danish, "english": question.english}
    options = [{"code": each.code, "danish": each.danish, "english": each.english} for each in question.options]
    return {**words, "options": options}


_REFUSALS: Mapping[str, tuple[int, str]] = {
    "authority_needed": (
        403,
        "Only a person with authority [myndighed] decides on the hold (Barnets lov § 18, stk. 3).",
    ),
    "step_up_needed": (403, "Sign in again: lifting a hold takes a sign-in of the last 10 minutes."),
    "reason_missing": (409, "Say why in `reason`."),
    "end_missing": (
        409,
        "Say in `until` when it ends or is looked at again: in the future, at most 120 days from now.",
    ),
    "assessment_missing": (409, "Name in `assessment_id` a risk assessment that is recorded in this case."),
    "assessment_outdated": (409, "A report has come that the assessment does not cover, here or in a linked case."),
    "not_shown": (409, "You can only assess reports that are in the case and were shown to you."),
    "held": (409, "The hold stands for one of them: mediation takes a lift first."),
    "mediation_not_named": (409, "The lift does not name mediation: it must be lifted with `mediation`."),
}


async def _done(act: Act[Any], refused: Refused | None) -> JSONResponse:
    told = await act.told()
    if refused is not None:
        raise _refusal(refused, told)
    return JSONResponse(told)


def _refusal(refused: Refused, told: Json) -> Problem:
    status, detail = _REFUSALS[refused.reason]
    return Problem(status, refused.reason, detail, case=told)
