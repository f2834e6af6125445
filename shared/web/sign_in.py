"""The routes by which people sign in and out, and who is signed in on the browser that asks.

`GET /sign-in?to=/path[&fresh=1]` → the provider → `GET /sign-in/answer` → `/path`; `POST /sign-out` → a page of
ours → the provider, which ends its session too → `GET /signed-out`. Only paths of our own are returned to (no open
redirect), every sign-in makes a new session (no fixation), and the answer must come to the browser
that asked.
"""

import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.auth import NotSignedIn, sessions
from shared.auth.claims import PeopleTokens
from shared.auth.people import Details, Person
from shared.auth.provider import Provider, ProviderAway
from shared.auth.sessions import SIGN_IN_WITHIN, Kept, SignIn
from shared.auth.settings import SignInSettings
from shared.clock import Clock
from shared.postgres.faults import INFRASTRUCTURE
from shared.postgres.pool import Pool
from shared.sealing import KeyRing
from shared.telemetry.logging import log
from shared.web.application import fields, written
from shared.web.problems import Problem, Unavailable, as_pages
from shared.web.screens import Screens, same_origin

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_FORM_LIMIT = 16 * 1024
NAME_LIMIT, CODE_LIMIT = 100, 100

Failure: TypeAlias = Literal["sign_in_failed", "no_access", "provider_away"]


Allow: TypeAlias = Callable[[Person], Awaitable[Person | None]]
"""What the service allows the person of what their token says; None when they may not come in at all."""
LetIn: TypeAlias = Callable[[str, str], Awaitable[Person | None]]
"""Who comes in by a sealed code (`code, name`) while the provider is away; None where it is no code."""
NO_ACCESS = "not_among_the_people"
POLL = "x-poll"
"""Marks what a screen asks for by itself: it is no sign of life of the person before it."""


async def allow_all(person: Person) -> Person:
    """Everything the token says."""
    return person


@dataclass(frozen=True, slots=True)
class Desk:
    """Where people are recognised: their sessions, the provider that vouches for them, and what they are allowed.

    `people` checks the tokens of the local issuer, where there is one. `tells_who`: whether the log names who signed
    in; where reports are sent it does not, for the next line would tell what they reported. `let_in` is where people
    may come in by a sealed code while the provider is away; nothing prolongs their session.
    """

    name: str
    pool: Pool
    clock: Clock
    settings: SignInSettings
    provider: Provider
    keys: KeyRing
    people: PeopleTokens | None = None
    allow: Allow = allow_all
    tells_who: bool = True
    let_in: LetIn | None = None
    let_in_for: timedelta = timedelta(minutes=60)

    @property
    def session_cookie(self) -> str:
        """Named after the service: browsers keep cookies by host, and two services may share one."""
        return f"__Host-{self.name}"

    @property
    def sign_in_cookie(self) -> str:
        """Ties the provider's answer to the browser that asked."""
        return f"__Host-{self.name}-sign-in"

    async def person(self, request: Request) -> Person | None:
        """Who asks, by bearer token or else by the browser's session; None when nobody is known."""
        if header := request.headers.get("authorization"):
            return await self._by_token(header)
        word = request.cookies.get(self.session_cookie)
        if not word:
            return None
        now, active = self.clock.now(), POLL not in request.headers
        known = await sessions.person(self.pool, word, now=now, idle=self.settings.session_idle, active=active)
        return await self.allow(known) if known else None

    async def _by_token(self, header: str) -> Person | None:
        try:
            known = self.people.person(header) if self.people else None
        except NotSignedIn:  # it may be another service's, which its route reads
            return None
        return await self.allow(known) if known else None

    async def kept(self, request: Request) -> Kept:
        """What goes with the session of this browser; empty when there is none."""
        if signed_in(request) is None:
            return Kept()
        return await sessions.kept(self.pool, self.keys, request.cookies.get(self.session_cookie, ""))

    def forget(self, response: Response) -> None:
        """Have the browser forget our cookies, and no other host's as `Clear-Site-Data: "cookies"` would."""
        for cookie in (self.session_cookie, self.sign_in_cookie):
            response.delete_cookie(cookie, secure=True, httponly=True)


class Recognising:
    """Round an application: whoever is signed in stands in the request; only our own pages may act in their name."""

    def __init__(self, app: ASGIApp, desk: Desk, screens: Screens) -> None:
        self.app = app
        self._desk = desk
        self._refused = as_pages(screens, written)[Problem]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            request, state = Request(scope, receive), scope.setdefault("state", {})
            try:
                person = await self._desk.person(request)
            except INFRASTRUCTURE as error:  # told where it has to be known who asks: not every page needs that
                person, state["unknown"] = None, error
            state["person"] = person
            by_cookie = person is not None and "authorization" not in request.headers
            if by_cookie and request.method not in _SAFE and not same_origin(request):
                await (await self._refused(request, _forged()))(scope, receive, send)
                return
        await self.app(scope, receive, send)


def signed_in(request: Request) -> Person | None:
    """Who asks: signed in on the browser that sent this, or named by its token; None when nobody is.

    Raises `INFRASTRUCTURE` where that could not be found out.
    """
    state = request.scope.get("state", {})
    if (error := state.get("unknown")) is not None:
        raise error
    person: Person | None = state.get("person")
    return person


def asked_by(request: Request) -> Person:
    """Who asks. Raises `NotSignedIn` when nobody is known."""
    person = signed_in(request)
    if person is None:
        raise NotSignedIn("nobody is signed in")
    return person


def _forged() -> Problem:
    return Problem(403, "forged", "Send the request from a page of this site: load it again and try once more.")


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
    return screens.page(request, "signed_out.html", status=401, kept=sent, again=True)


def sign_in_routes(desk: Desk, screens: Screens) -> list[Route]:
    """The routes."""
    return [
        Route("/sign-in", _shown(partial(_begin, desk), desk, screens)),
        Route("/sign-in/answer", _shown(partial(_answer, desk), desk, screens)),
        *([Route("/sign-in/break-glass", partial(_by_code, desk, screens), methods=["POST"])] if desk.let_in else []),
        Route("/sign-out", partial(_sign_out, desk, screens), methods=["POST"]),
        Route("/signed-out", partial(_signed_out, screens)),
        Route("/sign-out/back-channel", partial(_logged_out, desk), methods=["POST"]),
    ]


async def _begin(desk: Desk, request: Request) -> Response:
    sign_in = SignIn.begun(own_path(request.query_params.get("to")))
    address = await desk.provider.address(sign_in, fresh=request.query_params.get("fresh") == "1")
    await sessions.remember(desk.pool, sign_in, now=desk.clock.now())
    response = RedirectResponse(address, 303)
    set_cookie(response, desk.sign_in_cookie, sign_in.state, seconds=int(SIGN_IN_WITHIN.total_seconds()))
    return response


async def _answer(desk: Desk, request: Request) -> Response:
    now, state = desk.clock.now(), request.query_params.get("state", "")
    if not state or not hmac.compare_digest(state, request.cookies.get(desk.sign_in_cookie, "")):
        raise NotSignedIn("the answer belongs to another browser")
    sign_in = await sessions.recall(desk.pool, state, now=now)
    if sign_in is None:
        raise NotSignedIn("the sign-in is too old")
    who = await desk.provider.identity(request.query_params.get("code", ""), sign_in, now=now)
    if await desk.allow(who.person) is None:
        raise NotSignedIn("nobody here knows the person", NO_ACCESS)
    await sessions.end(desk.pool, request.cookies.get(desk.session_cookie, ""))
    at_most, asked = desk.settings.session_at_most, desk.settings.oidc_scope != "openid"
    word = await sessions.start(
        desk.pool,
        who.person,
        provider_session=who.provider_session,
        now=now,
        at_most=at_most,
        keys=desk.keys,
        kept=Kept(who.details if asked else Details(), who.id_token),
    )
    if desk.tells_who:
        log().info("person.signed_in", person_id=who.person.person_id)
    response = RedirectResponse(sign_in.return_to, 303)
    desk.forget(response)
    set_cookie(response, desk.session_cookie, word, seconds=int(at_most.total_seconds()))
    return response


async def _by_code(desk: Desk, screens: Screens, request: Request) -> Response:
    """Let in whoever has a sealed code, as long as nobody can sign in."""
    sent = await fields(request, _FORM_LIMIT)
    if not same_origin(request):
        raise _forged()
    code, name = sent.get("code", ""), " ".join(sent.get("name", "").split())
    away = await desk.provider.is_away()
    written = 0 < len(name) <= NAME_LIMIT and name.isprintable() and len(code) <= CODE_LIMIT
    person = await desk.let_in(code, name) if desk.let_in and away and written else None
    if person is None:
        why = ("no_code" if written else "no_name") if away else "not_away"
        return screens.page(request, "break_glass_refused.html", status=403, why=why, kept={"name": name})
    now = desk.clock.now()
    word = await sessions.start(desk.pool, person, provider_session=None, now=now, at_most=desk.let_in_for)
    response = RedirectResponse("/", 303)
    set_cookie(response, desk.session_cookie, word, seconds=int(desk.let_in_for.total_seconds()))
    return response


async def _sign_out(desk: Desk, screens: Screens, request: Request) -> Response:
    """End the person's sessions, then the provider's: its address is followed from a page of ours.

    A form may not lead to another site (`form-action`), and where the provider is away our page is all there is.
    """
    person, id_token = signed_in(request), (await desk.kept(request)).id_token
    if person is not None:
        await sessions.end_of_people(desk.pool, [person.person_id])
        if desk.tells_who:
            log().info("person.signed_out", person_id=person.person_id)
    onward = await _provider_logout(desk, id_token)
    response: Response = RedirectResponse("/signed-out", 303)
    if onward:
        response = screens.page(request, "goodbye.html", headers={"Refresh": f"0; url={onward}"}, onward=onward)
    desk.forget(response)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


async def _provider_logout(desk: Desk, id_token: str) -> str | None:
    try:
        return await desk.provider.logout_address(id_token) if id_token else None
    except (ProviderAway, NotSignedIn):
        log().error("sign_out.provider_away")
        return None


async def _signed_out(screens: Screens, request: Request) -> Response:
    return screens.page(request, "goodbye.html", onward=None)


async def _logged_out(desk: Desk, request: Request) -> Response:
    token = (await fields(request, _FORM_LIMIT)).get("logout_token", "")
    try:
        ended = await desk.provider.logged_out(token, now=desk.clock.now())
    except NotSignedIn as error:
        log().warning("sign_out.refused", reason=error.reason)
        raise Problem(400, "invalid_request", "Send a valid logout token.") from None
    except ProviderAway:
        raise Unavailable("The keys of the identity provider cannot be fetched. Send it again.") from None
    await sessions.end_of_provider(desk.pool, provider_session=ended.provider_session, person_id=ended.person_id)
    return Response(status_code=200)


def _shown(
    step: Callable[[Request], Awaitable[Response]], desk: Desk, screens: Screens
) -> Callable[[Request], Awaitable[Response]]:
    def failed(request: Request, why: Failure) -> Response:
        status, codes = 503 if why == "provider_away" else 403, desk.let_in is not None
        return screens.page(request, "sign_in_failed.html", status=status, why=why, codes=codes, kept={})

    async def shown(request: Request) -> Response:
        try:
            return await step(request)
        except NotSignedIn as error:
            log().warning("sign_in.failed", reason=error.reason)
            return failed(request, "no_access" if error.reason == NO_ACCESS else "sign_in_failed")
        except ProviderAway:
            log().error("sign_in.provider_away")
            return failed(request, "provider_away")

    return shown


def set_cookie(response: Response, name: str, value: str, *, seconds: int) -> None:
    """Give the browser a cookie that goes to this host alone and that no script sees."""
    response.set_cookie(name, value, max_age=seconds, path="/", secure=True, httponly=True, samesite="lax")
