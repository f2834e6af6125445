"""Reports that staff write down after a call: with the time it was said, and with who wrote it."""

from functools import partial
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from services.intake.domain.draft import NotJson
from services.intake.handlers.report import Entry, NoSuchCase, write_down
from services.intake.web.reports import Door, answer
from shared.auth import NotSignedIn
from shared.auth.people import PeopleTokens, Role
from shared.auth.services import ServiceTokens
from shared.ids import CaseId, PersonId
from shared.web.application import body
from shared.web.problems import Problem
from shared.web.sign_in import signed_in

WRITES_DOWN = frozenset({Role.CONSULTANT, Role.AUTHORITY})


def routes(door: Door, people: PeopleTokens, services: ServiceTokens) -> list[Route]:
    """The routes: for staff, and for escalation on behalf of somebody who sees the case."""
    return [
        Route("/v1/reports/phone", partial(_by_person, door, people), methods=["POST"]),
        Route("/internal/reports/phone", partial(_by_grant, door, services), methods=["POST"]),
    ]


async def _by_person(door: Door, people: PeopleTokens, request: Request) -> JSONResponse:
    who = signed_in(request) or people.person(request.headers.get("authorization"))
    if not who.roles & WRITES_DOWN:
        raise Problem(403, "forbidden", f"This takes the role {' or '.join(sorted(WRITES_DOWN))}.")
    return await _written(door, request, Entry(who.person_id))


async def _by_grant(door: Door, services: ServiceTokens, request: Request) -> JSONResponse:
    """The grant names the case, so that the report joins it without anybody's CPR number."""
    call = services.call(request.headers.get("authorization"))
    try:
        entry = Entry(PersonId(UUID(call.claims["person_id"])), CaseId(UUID(call.claims["case_id"])))
    except (KeyError, ValueError):
        raise NotSignedIn("the token does not grant this") from None
    if call.key_id != "escalation":
        raise NotSignedIn("the token does not grant this")
    return await _written(door, request, entry)


async def _written(door: Door, request: Request, entry: Entry) -> JSONResponse:
    """The same words of the same person about the same case are the same report, with or without a key."""
    raw = await body(request)
    key = request.headers.get("idempotency-key", "")
    try:
        accepted = await write_down(door.transactions, door.secrets, raw, key=key, entry=entry)
    except NotJson:
        raise Problem(400, "not_json", "Send JSON.") from None
    except NoSuchCase:
        raise Problem(404, "not_found", "There is no such case here.") from None
    return JSONResponse(answer(accepted, door.secrets), 201)
