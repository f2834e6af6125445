"""Reports that staff write down after a call: with the time it was said, and with who wrote it."""

import json
import secrets as random
from collections.abc import Mapping
from functools import partial
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from services.intake.domain.draft import HEARD_WITHIN, NotJson
from services.intake.handlers.report import Entry, NoSuchCase, write_down
from services.intake.web.fields import body_of, fields_of
from services.intake.web.receipt import sent
from services.intake.web.reports import Door, answer
from services.intake.web.sections import FIELDS, HEARD
from shared.auth import NotSignedIn
from shared.auth.people import Role
from shared.auth.services import ServiceTokens
from shared.calendar import local, wall_instant
from shared.ids import CaseId, PersonId
from shared.web.application import body
from shared.web.problems import Problem
from shared.web.screens import Screens
from shared.web.sign_in import asked_by, sign_in_address, signed_in, signed_out

WRITES_DOWN = frozenset({Role.CONSULTANT, Role.AUTHORITY})


def routes(door: Door, services: ServiceTokens) -> list[Route]:
    """The routes: for staff, and for escalation on behalf of somebody who sees the case."""
    return [
        Route("/v1/reports/phone", partial(_by_person, door), methods=["POST"]),
        Route("/internal/reports/phone", partial(_by_grant, door, services), methods=["POST"]),
    ]


async def _by_person(door: Door, request: Request) -> JSONResponse:
    who = asked_by(request)
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


def screens_of(door: Door, screens: Screens) -> list[Route]:
    """The form for staff: the reporter's own questions, with the time that they were answered."""
    return [
        Route("/phone", partial(_form, door, screens), methods=["GET"]),
        Route("/phone", partial(_save, door, screens), methods=["POST"]),
    ]


async def _form(door: Door, screens: Screens, request: Request) -> Response:
    if _writer(request) is None:
        return RedirectResponse(sign_in_address(request), 303)
    return _shown(door, screens, request, {})


async def _save(door: Door, screens: Screens, request: Request) -> Response:
    """Store it as the same door does for programs; what has no time it was said is shown again, with every word."""
    by, fields = _writer(request), await fields_of(request)
    if by is None:
        return signed_out(request, screens, fields)
    said_at, now = wall_instant(fields.get("received_at", "")), door.transactions.clock.now()
    if said_at is None or not now - HEARD_WITHIN <= said_at <= now:
        return _shown(door, screens, request, fields, wrong_time=True)
    told = json.loads(body_of({name: fields[name] for name in FIELDS if name in fields}))
    raw = json.dumps({**told, "received_at": said_at.isoformat()}, ensure_ascii=False).encode("utf-8", "surrogatepass")
    accepted = await write_down(door.transactions, door.secrets, raw, key=fields.get("key", ""), entry=Entry(by))
    return await sent(door, screens, request, accepted)


def _writer(request: Request) -> PersonId | None:
    """Who is signed in to write down. Raises 403 for whoever may not."""
    who = signed_in(request)
    if who is not None and not who.roles & WRITES_DOWN:
        raise Problem(403, "forbidden", f"This takes the role {' or '.join(sorted(WRITES_DOWN))}.")
    return who.person_id if who else None


def _shown(
    door: Door, screens: Screens, request: Request, values: Mapping[str, str], *, wrong_time: bool = False
) -> Response:
    now = local(door.transactions.clock.now())
    return screens.page(
        request,
        "call.html",
        status=422 if wrong_time else 200,
        sections=HEARD,
        values=values,
        received_at=values.get("received_at") or f"{now:%Y-%m-%dT%H:%M}",
        key=values.get("key") or random.token_urlsafe(16),
        wrong_time=wrong_time,
    )
