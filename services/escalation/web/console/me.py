"""Where the one who is signed in is reached, and the test mails that show it. A leader sees those of the desks too."""

from starlette.requests import Request
from starlette.responses import Response

from services.escalation.domain.access import is_fresh
from services.escalation.web.console import NOTHING, Console, Values, sign_in_first, visitor
from services.escalation.web.console.leader import Fields, Json, changed
from shared.web.problems import Unavailable


async def me_screen(console: Console, request: Request, how: Values = NOTHING) -> Response:
    """The contact points with what their tests have told, and the form for one's own address.

    While notify is away the address can be written all the same: it is said then that it was not stored.
    """
    who = visitor(request)
    if who is None:
        return sign_in_first(request)
    try:
        contacts = (await console.asked("GET", "/v1/me/contact", request))["contacts"]
    except Unavailable:
        contacts = None
    now = console.api.transactions.clock.now()
    return console.show(request, "me.html", who, contacts=contacts, fresh=is_fresh(who, now), now=now, **how)


async def change_contact(console: Console, request: Request) -> Response:
    """Everybody for themselves."""

    def put(sent: Fields, _nothing: Json) -> tuple[str, Json]:
        return "/v1/me/contact", {"channel": "email", "address": sent.get("address", "")}

    return await changed(console, request, ("/me", me_screen), put, reads=None)


async def confirm(console: Console, request: Request) -> Response:
    """The test mail has arrived."""
    return await _posted(console, request, "/v1/me/contact/confirm", done="confirmed")


async def want_test(console: Console, request: Request) -> Response:
    """Send a test mail now."""
    return await _posted(console, request, "/v1/me/contact/proof", done="test_wanted")


async def _posted(console: Console, request: Request, path: str, *, done: str) -> Response:
    def put(sent: Fields, _nothing: Json) -> tuple[str, Json]:
        return path, {"desk_id": sent["desk_id"]} if sent.get("desk_id") else {}

    return await changed(console, request, ("/me", me_screen), put, reads=None, method="POST", done=done)
