"""Contact points over HTTP, for escalation alone: where a person is reached, whether they are, and their test mails."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from math import ceil
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.notify import contacts, store
from services.notify.domain import ContactPoint
from shared.auth.services import ServiceTokens
from shared.calendar import local
from shared.delivery.outbox import Transactions
from shared.events.codes import Channel
from shared.sealing import KeyRing
from shared.web.application import body
from shared.web.problems import Problem

_CALLER = "escalation"
_LIMIT = 4096


@dataclass(frozen=True, slots=True)
class Door:
    """What the routes stand on."""

    transactions: Transactions
    keys: KeyRing
    tokens: ServiceTokens


class ContactBody(BaseModel):
    """Where a person is reached, and who vouches for it."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", hide_input_in_errors=True)

    channel: Channel = Channel.EMAIL
    address: Annotated[str, Field(min_length=3, max_length=254)]
    verified_by: UUID


Act = Callable[[Door, Request], Awaitable[Response]]


def routes(door: Door) -> list[Route]:
    """The routes."""
    return [
        Route("/contacts/{person_id:uuid}", partial(_for_escalation, door, _put), methods=["PUT"]),
        Route("/contacts/{person_id:uuid}", partial(_for_escalation, door, _get), methods=["GET"]),
        Route("/contacts/{person_id:uuid}/proof", partial(_for_escalation, door, _want_test), methods=["POST"]),
        Route("/contacts/{person_id:uuid}/proof", partial(_for_escalation, door, _prove), methods=["PUT"]),
        Route("/reachable/{person_id:uuid}", partial(_for_escalation, door, _reachable), methods=["GET"]),
    ]


async def _for_escalation(door: Door, act: Act, request: Request) -> Response:
    if door.tokens.caller(request.headers.get("authorization")) != _CALLER:
        raise Problem(403, "forbidden", "Only escalation knows who signs in.")
    return await act(door, request)


async def _put(door: Door, request: Request) -> Response:
    try:
        asked = ContactBody.model_validate_json(await body(request, _LIMIT))
    except ValidationError:
        raise Problem(422, "invalid", "Send channel, address and verified_by.") from None
    async with door.transactions.begin("put contact") as tx:
        person_id, today = request.path_params["person_id"], local(tx.now).date()
        try:
            await contacts.put(
                tx.conn, person_id, asked.address, verified_by=asked.verified_by, keys=door.keys, today=today
            )
        except contacts.UnusableAddress:
            raise Problem(422, "unusable_address", "This is no mail address that can be used.") from None
    return Response(status_code=204)


async def _get(door: Door, request: Request) -> Response:
    """For the one who is reached there: the address masked, and what the tests have told."""
    async with door.transactions.begin("get contact") as tx:
        found = _there(await store.contact(tx.conn, request.path_params["person_id"]))
    told = {"waits": found.waits, "proved": found.proved(tx.now), "verified_on": found.verified_on.isoformat()}
    moments = {"asked_at": _iso(found.asked_at), "proved_at": _iso(found.proved_at)}
    return JSONResponse({"address": contacts.masked(door.keys, found), **told, **moments})


async def _want_test(door: Door, request: Request) -> Response:
    """Let a test go out at once. Another may be asked for ten minutes later."""
    async with door.transactions.begin("want test") as tx:
        found = _there(await store.contact(tx.conn, request.path_params["person_id"], lock=True))
        if wait := found.test_again_in(tx.now):
            seconds = {"Retry-After": str(ceil(wait.total_seconds()))}
            raise Problem(429, "too_soon", "A test has just gone out: wait ten minutes.", headers=seconds)
        await store.want_test(tx.conn, found.person_id, now=tx.now)
    return Response(status_code=202)


async def _prove(door: Door, request: Request) -> Response:
    """A person has got the test."""
    async with door.transactions.begin("prove contact") as tx:
        found = _there(await store.contact(tx.conn, request.path_params["person_id"], lock=True))
        if not found.waits:
            raise Problem(404, "no_test", "No test waits for an answer here.")
        await store.prove(tx.conn, found.person_id, now=tx.now)
    return Response(status_code=204)


async def _reachable(door: Door, request: Request) -> Response:
    async with door.transactions.begin("reachable") as tx:
        found = await store.contact(tx.conn, request.path_params["person_id"])
    verified = found is not None and contacts.is_verified(found, local(tx.now).date())
    return JSONResponse({"reachable": verified, "proved": found is None or found.proved(tx.now)})


def _there(found: ContactPoint | None) -> ContactPoint:
    if found is None:
        raise Problem(404, "no_contact", "No address is stored for this person or desk.")
    return found


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
