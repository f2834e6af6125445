"""Where the one who asks is reached, and whether the mails arrive. The addresses lie in notify, sealed.

Everybody for themselves; a leader also answers for the desks, whose mailboxes are nobody's own.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Annotated
from uuid import UUID

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.escalation.contacts import Contacts, NoAddress, NoTest, NotifyAway, TooSoon, UnusableAddress
from services.escalation.domain.access import LEADS, is_fresh
from services.escalation.store import rota
from services.escalation.web.api import Api, Body, Forbidden, read
from services.escalation.web.view import Json
from shared.events.codes import Channel
from shared.web.problems import Problem, Unavailable


def routes(api: Api) -> list[Route]:
    """The routes."""
    return [
        Route("/v1/me/contact", partial(_contacts, api), methods=["GET"]),
        Route("/v1/me/contact", partial(_put, api), methods=["PUT"]),
        Route("/v1/me/contact/confirm", partial(_confirm, api), methods=["POST"]),
        Route("/v1/me/contact/proof", partial(_want_test, api), methods=["POST"]),
    ]


class Contact(Body):
    """Where the one who asks is reached."""

    channel: Channel = Channel.EMAIL
    address: Annotated[str, Field(min_length=3, max_length=254)]


class Whose(Body):
    """Whose contact point a test mail is about: one's own, or a desk's."""

    desk_id: UUID | None = None


async def _contacts(api: Api, request: Request) -> JSONResponse:
    """One's own contact point, and for a leader those of the desks."""
    who = api.who(request)
    async with api.transactions.begin("read desks") as tx:
        desks = await rota.desks(tx.conn) if who.roles & LEADS else []
    with _told():
        notify = _notify(api)
        found = await asyncio.gather(
            *(notify.known(each) for each in (who.person_id, *(row["desk_id"] for row in desks)))
        )
    whose: list[Json] = [{"desk_id": None, "name": None}]
    whose += [{"desk_id": str(row["desk_id"]), "name": row["name"]} for row in desks]
    return JSONResponse(
        {"contacts": [{**each, "contact": contact} for each, contact in zip(whose, found, strict=True)]}
    )


async def _put(api: Api, request: Request) -> Response:
    """Everybody for themselves, having just proved who they are."""
    who = api.who(request)
    if not is_fresh(who, api.transactions.clock.now()):
        detail = "Sign in again: where you are reached is changed with a sign-in of the last 10 minutes."
        raise Problem(403, "step_up_needed", detail)
    asked = await read(request, Contact)
    with _told():
        await _notify(api).put(who.person_id, channel=asked.channel, address=asked.address)
    return Response(status_code=204)


async def _confirm(api: Api, request: Request) -> Response:
    """The test mail has arrived."""
    named = await _named(api, request)
    with _told():
        await _notify(api).confirm(named)
    return Response(status_code=204)


async def _want_test(api: Api, request: Request) -> Response:
    """Send a test mail now."""
    named = await _named(api, request)
    with _told():
        await _notify(api).want_test(named)
    return Response(status_code=202)


async def _named(api: Api, request: Request) -> UUID:
    """The one who asks, or the desk. Raises 403 where a desk is named by who is no leader, 404 where there is none."""
    who, asked = api.who(request), await read(request, Whose)
    if asked.desk_id is None:
        return who.person_id
    if not who.roles & LEADS:
        raise Forbidden(LEADS)
    async with api.transactions.begin("read desks") as tx:
        if asked.desk_id not in {row["desk_id"] for row in await rota.desks(tx.conn)}:
            raise Problem(404, "no_desk", "There is no such desk.")
    return asked.desk_id


def _notify(api: Api) -> Contacts:
    if api.contacts is None:
        raise NotifyAway
    return api.contacts


@contextmanager
def _told() -> Iterator[None]:
    """Raises the problem that notify's refusal is."""
    try:
        yield
    except UnusableAddress:
        raise Problem(422, "unusable_address", "This is no address that can be used.") from None
    except NoAddress:
        raise Problem(404, "no_contact", "No address is stored: write it first.") from None
    except NoTest:
        raise Problem(404, "no_test", "No test mail waits for an answer. Ask for a new one.") from None
    except TooSoon as error:
        wait = {"Retry-After": error.seconds} if error.seconds else None
        raise Problem(429, "too_soon", "A test mail has just gone out: wait ten minutes.", headers=wait) from None
    except NotifyAway:
        raise Unavailable("The service that sends messages does not answer. Nothing was stored; try again.") from None
