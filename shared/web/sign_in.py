"""The routes by which people sign in and out, and who is signed in on the browser that asks.

`GET /sign-in?to=/path[&fresh=1]` → the provider → `GET /sign-in/answer` → `/path`. Only paths of our own are
returned to (no open redirect), every sign-in makes a new session (no fixation), and the answer must come to the browser
that asked.
"""

import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.auth import NotSignedIn, sessions
from shared.auth.people import Details, Person
from shared.auth.provider import Provider, ProviderAway
from shared.auth.sessions import SIGN_IN_WITHIN, SignIn
from shared.auth.settings import SignInSettings
from shared.clock import Clock
from shared.postgres.pool import Pool
from shared.telemetry.logging import log
from shared.web.application import fields
from shared.web.problems import Problem, Unavailable
from shared.web.screens import Screens, same_origin

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_FORM_LIMIT = 16 * 1024

Failure: TypeAlias = Literal["sign_in_failed", "provider_away"]


@dataclass(frozen=True, slots=True)
class Desk:
    """Where people are recognised: their sessions, and the provider that vouches for them."""

    name: str
    pool: Pool
    clock: Clock
    settings: SignInSettings
    provider: Provider

    @property
    def session_cookie(self) -> str:
        """Named after the service: browsers keep cookies by host, and two services may share one."""
        return f"__Host-{self.name}"

    @property
    def sign_in_cookie(self) -> str:
        """Ties the provider's answer to the browser that asked."""
        return f"__Host-{self.name}-sign-in"

    async def person(self, request: Request) -> Person | None:
        """Who is signed in on this browser, None when nobody is."""
        word = request.cookies.get(self.session_cookie)
        if not word:
            return None
        limits = {"idle": self.settings.session_idle, "at_most": self.settings.session_at_most}
        return await sessions.person(self.pool, word, now=self.clock.now(), **limits)

    async def details(self, request: Request) -> Details:
        """What the provider said of whoever is signed in on this browser, as far as this service asks for it."""
        if signed_in(request) is None:
            return Details()
        return await sessions.details(self.pool, request.cookies.get(self.session_cookie, ""))


class Recognising:
    """Round an application: whoever is signed in stands in the request; only our own pages may act in their name."""

    def __init__(self, app: ASGIApp, desk: Desk) -> None:
        self.app = app
        self._desk = desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and "authorization" not in Headers(scope=scope):
            request = Request(scope)
            person = await self._desk.person(request)
            scope.setdefault("state", {})["person"] = person
            if person is not None and request.method not in _SAFE and not same_origin(request):
                await _forged()(scope, receive, send)
                return
        await self.app(scope, receive, send)


def signed_in(request: Request) -> Person | None:
    """Who is signed in on the browser that sent this; None when nobody is, or where nobody can sign in."""
    person: Person | None = request.scope.get("state", {}).get("person")
    return person


def _forged() -> Response:
    detail = "Send the request from a page of this site: load it again and try once more."
    return Problem(403, "forged", detail).response()


def own_path(wanted: str | None) -> str:
    """The path that was wanted, if it is one of ours; else the first screen."""
    parts = urlsplit(wanted or "")
    ours = not parts.scheme and not parts.netloc and parts.path.startswith("/") and "\\" not in parts.path
    return parts.path if ours and not parts.path.startswith("//") and parts.path.isprintable() else "/"


def sign_in_address(request: Request, *, fresh: bool = False) -> str:
    """Where a person is sent who must sign in before they see what they asked for."""
    return f"/sign-in?to={request.url.path}{'&fresh=1' if fresh else ''}"


def signed_out(request: Request, screens: Screens, sent: Mapping[str, str]) -> Response:
    """For a form that is sent after its session has ended: everything in it, to be sent again after a sign-in.

    Only what a page of ours has sent: another site could otherwise put words into somebody's mouth.
    """
    if not same_origin(request):
        return RedirectResponse(sign_in_address(request), 303)
    return screens.page(request, "signed_out.html", status=401, kept=sent)


def sign_in_routes(desk: Desk, screens: Screens) -> list[Route]:
    """The routes."""
    return [
        Route("/sign-in", _shown(partial(_begin, desk), screens)),
        Route("/sign-in/answer", _shown(partial(_answer, desk), screens)),
        Route("/sign-out", partial(_sign_out, desk), methods=["POST"]),
        Route("/sign-out/back-channel", partial(_logged_out, desk), methods=["POST"]),
    ]


async def _begin(desk: Desk, request: Request) -> Response:
    sign_in = SignIn.begun(own_path(request.query_params.get("to")))
    address = await desk.provider.address(sign_in, fresh=request.query_params.get("fresh") == "1")
    await sessions.remember(desk.pool, sign_in, now=desk.clock.now())
    response = RedirectResponse(address, 303)
    _set_cookie(response, desk.sign_in_cookie, sign_in.state, seconds=int(SIGN_IN_WITHIN.total_seconds()))
    return response


async def _answer(desk: Desk, request: Request) -> Response:
    now, state = desk.clock.now(), request.query_params.get("state", "")
    if not state or not hmac.compare_digest(state, request.cookies.get(desk.sign_in_cookie, "")):
        raise NotSignedIn("the answer belongs to another browser")
    sign_in = await sessions.recall(desk.pool, state, now=now)
    if sign_in is None:
        raise NotSignedIn("the sign-in is too old")
    who = await desk.provider.identity(request.query_params.get("code", ""), sign_in, now=now)
    await sessions.end(desk.pool, request.cookies.get(desk.session_cookie, ""))
    at_most, asked = desk.settings.session_at_most, desk.settings.oidc_scope != "openid"
    word = await sessions.start(
        desk.pool,
        who.person,
        provider_session=who.provider_session,
        now=now,
        at_most=at_most,
        details=who.details if asked else None,
    )
    log().info("person.signed_in", person_id=who.person.person_id)
    response = RedirectResponse(sign_in.return_to, 303)
    response.delete_cookie(desk.sign_in_cookie, secure=True, httponly=True)
    _set_cookie(response, desk.session_cookie, word, seconds=int(at_most.total_seconds()))
    return response


async def _sign_out(desk: Desk, request: Request) -> Response:
    person = signed_in(request)
    if person is not None:
        await sessions.end_of_person(desk.pool, person.person_id)
        log().info("person.signed_out", person_id=person.person_id)
    response = RedirectResponse("/", 303)
    response.delete_cookie(desk.session_cookie, secure=True, httponly=True)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


async def _logged_out(desk: Desk, request: Request) -> Response:
    token = (await fields(request, _FORM_LIMIT)).get("logout_token", "")
    try:
        ended = await desk.provider.logged_out(token, now=desk.clock.now())
    except NotSignedIn:
        raise Problem(400, "invalid_request", "Send a valid logout token.") from None
    except ProviderAway:
        raise Unavailable("The keys of the identity provider cannot be fetched. Send it again.") from None
    await sessions.end_of_provider(desk.pool, provider_session=ended.provider_session, person_id=ended.person_id)
    return Response(status_code=200)


def _shown(
    step: Callable[[Request], Awaitable[Response]], screens: Screens
) -> Callable[[Request], Awaitable[Response]]:
    def failed(request: Request, why: Failure) -> Response:
        return screens.page(request, "sign_in_failed.html", status=503 if why == "provider_away" else 403, why=why)

    async def shown(request: Request) -> Response:
        try:
            return await step(request)
        except NotSignedIn:
            log().warning("sign_in.failed")
            return failed(request, "sign_in_failed")
        except ProviderAway:
            log().error("sign_in.provider_away")
            return failed(request, "provider_away")

    return shown


def _set_cookie(response: Response, name: str, value: str, *, seconds: int) -> None:
    response.set_cookie(name, value, max_age=seconds, path="/", secure=True, httponly=True, samesite="lax")
