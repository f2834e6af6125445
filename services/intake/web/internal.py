"""What other services ask and publish: a report, by escalation's grant; the people. No person reaches these routes."""

import json
import re
from functools import partial
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.intake.domain.cpr import cpr_of
from services.intake.domain.receipt import as_written
from services.intake.handlers import belonging
from services.intake.handlers.child import cases_of
from services.intake.handlers.disclosure import disclose
from services.intake.secrets import Secrets
from services.intake.store import people, receipt
from shared.auth import NotSignedIn
from shared.auth.grants import Grant
from shared.auth.people import Role
from shared.auth.services import ServiceTokens
from shared.delivery.outbox import Transactions
from shared.ids import CaseId, ChildId, PersonId
from shared.web.application import body
from shared.web.problems import Problem

_HALF_A_PAIR = re.compile("[\ud800-\udfff]")
_PEOPLE_LIMIT = 16 * 1024 * 1024


def internal_routes(transactions: Transactions, secrets: Secrets, tokens: ServiceTokens) -> list[Route]:
    """The routes."""
    read = partial(_read, transactions, secrets, tokens)
    put = partial(_put_people, transactions, tokens)
    belong = partial(_belong, transactions, secrets, tokens)
    find = partial(_find, transactions, secrets, tokens)
    return [
        Route("/internal/reports/{id}/read", read, methods=["POST"]),
        Route("/internal/people", put, methods=["PUT"]),
        Route("/internal/cases/belonging", belong, methods=["POST"]),
        Route("/internal/cases/find", find, methods=["POST"]),
    ]


class _Colleague(BaseModel):
    person_id: UUID
    roles: list[str]
    active: bool


def _known(colleague: _Colleague) -> list[Role]:
    return [role for role in Role if role in colleague.roles] if colleague.active else []


class _People(BaseModel):
    people: list[_Colleague] = Field(max_length=100_000)


async def _put_people(transactions: Transactions, tokens: ServiceTokens, request: Request) -> Response:
    """Store escalation's people, all of them, with their roles; none of somebody who has left."""
    if tokens.caller(request.headers.get("authorization")) != "escalation":
        raise NotSignedIn("the token does not grant this")
    try:
        told = _People.model_validate_json(await body(request, _PEOPLE_LIMIT))
    except ValidationError:
        raise Problem(422, "invalid", "Send `people`, each with `person_id`, `roles` and `active`.") from None
    async with transactions.begin("put people") as tx:
        await people.put(tx.conn, {each.person_id: _known(each) for each in told.people})
    return Response(status_code=204)


async def _read(transactions: Transactions, secrets: Secrets, tokens: ServiceTokens, request: Request) -> Response:
    call = tokens.call(request.headers.get("authorization"))
    grant = Grant.of(call.claims)
    if call.key_id != "escalation" or not _names(request, grant):
        raise NotSignedIn("the token does not grant this")
    shown = await disclose(transactions, secrets, grant)
    if shown is None:
        raise Problem(404, "not_found", "There is no such report, or the grant has been used.")
    return Response(_whole(json.dumps(shown, ensure_ascii=False)), media_type="application/json")


def _whole(told: str) -> bytes:
    """The JSON as UTF-8; half a pair, which JSON can hold and UTF-8 cannot, becomes U+FFFD, so that places stay."""
    return _HALF_A_PAIR.sub("\ufffd", told).encode()


async def _belong(
    transactions: Transactions, secrets: Secrets, tokens: ServiceTokens, request: Request
) -> JSONResponse:
    """Do what the token says somebody who sees the case has asked: the token alone says everything of it."""
    call = tokens.call(request.headers.get("authorization"))
    if call.key_id != "escalation":
        raise NotSignedIn("the token does not grant this")
    try:
        claims = call.claims
        act = belonging.Act(CaseId(UUID(claims["case_id"])), PersonId(UUID(claims["person_id"])))
        what, ids = claims["act"], [UUID(each) for each in claims["ids"].split(",")]
    except (KeyError, ValueError, AttributeError):
        raise NotSignedIn("the token does not grant this") from None
    try:
        match what:
            case "join" | "reject":
                named = ChildId(ids[0])
                await belonging.decide_proposal(transactions, act, named, joins=what == "join")
            case "link":
                await belonging.link(transactions, act, CaseId(ids[0]))
            case "unlink":
                await belonging.unlink(transactions, act, CaseId(ids[0]))
            case "split":
                to, *leaving = ids
                await belonging.split(transactions, secrets, act, CaseId(to), leaving)
            case _:
                raise NotSignedIn("the token does not grant this")
    except belonging.NoSuch:
        raise Problem(404, "not_found", "There is no such thing in the case.") from None
    except belonging.NothingLeft:
        raise Problem(409, "nothing_left", "One report and one child must stay in the case.") from None
    return JSONResponse({})


class _Sought(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    reference: str = Field(default="", max_length=100)
    cpr: str = Field(default="", max_length=100)


async def _find(transactions: Transactions, secrets: Secrets, tokens: ServiceTokens, request: Request) -> JSONResponse:
    """The cases with a report of that reference, or else with a child of that CPR number.

    Nothing is written here: escalation alone decides what of it a person is shown, and keeps what they looked for. So
    it takes as long to find nothing.
    """
    if tokens.caller(request.headers.get("authorization")) != "escalation":
        raise NotSignedIn("the token does not grant this")
    try:
        sought = _Sought.model_validate_json(await body(request))
    except ValidationError:
        raise Problem(422, "invalid", "Send `reference` or `cpr`.") from None
    cpr = cpr_of(sought.cpr) if not sought.reference else None
    if cpr is None and not sought.reference:
        raise Problem(422, "no_cpr", "That is no CPR number.")
    async with transactions.begin("find case") as tx:
        if cpr is not None:
            found = await cases_of(tx, secrets, cpr)
        else:
            found = await receipt.cases_with_reference(tx.conn, as_written(sought.reference))
    return JSONResponse({"case_ids": [str(each) for each in found]})


def _names(request: Request, grant: Grant) -> bool:
    try:
        return UUID(request.path_params["id"]) == grant.report_id
    except ValueError:
        return False
