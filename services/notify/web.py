"""Contact points over HTTP, for escalation alone: it says where a person is reached, and asks only whether they are."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.notify import contacts
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


class ContactPoint(BaseModel):
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
        Route("/reachable/{person_id:uuid}", partial(_for_escalation, door, _reachable), methods=["GET"]),
    ]


async def _for_escalation(door: Door, act: Act, request: Request) -> Response:
    if door.tokens.caller(request.headers.get("authorization")) != _CALLER:
        raise Problem(403, "forbidden", "Only escalation knows who signs in.")
    return await act(door, request)


async def _put(door: Door, request: Request) -> Response:
    try:
        asked = ContactPoint.model_validate_json(await body(request, _LIMIT))
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


async def _reachable(door: Door, request: Request) -> Response:
    async with door.transactions.begin("reachable") as tx:
        today = local(tx.now).date()
        found = await contacts.reachable(tx.conn, request.path_params["person_id"], today=today)
    return JSONResponse({"reachable": found})
