"""The Starlette application round a service's routes: health, headers, spans, problems, body limits."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from urllib.parse import parse_qsl

from opentelemetry.trace import Span, SpanKind
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.beside import beside
from shared.postgres.again import once_more
from shared.telemetry import metrics
from shared.telemetry.logging import error_code, log
from shared.telemetry.tracing import begun_by, mark_failed, span
from shared.web import assets
from shared.web.problems import HANDLERS, TooLarge, as_pages
from shared.web.screens import Screens

BODY_LIMIT = 256 * 1024
Ready = Callable[[], Awaitable[list[str]]]
"""Names what the process lacks to do its job; empty when it can."""
Away = Callable[[], list[str]]
"""Names what it can do without for a while: told, and no reason to send nobody its way."""
Alive = Callable[[], bool]
"""Whether to go on makes sense; where it does not, only a new start will help."""

_refused = metrics.Counter(
    "beredskab.http.refused", "Requests that failed here (5xx), or whose caller is unknown (401)."
)

_FORM = "application/x-www-form-urlencoded"
_BODY = "beredskab.body"
_UNTRACED = ("/live", "/ready", assets.PATH)
_BETWEEN_SERVICES = ("/events", "/internal/")
"""Addresses that the proxy shows to nobody outside: a caller's trace goes on there."""
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


def application(
    routes: Sequence[BaseRoute],
    *,
    ready: Ready,
    away: Away = list,
    alive: Alive = lambda: True,
    screens: Screens | None = None,
) -> ASGIApp:
    """The routes with `/live` (the process answers) and `/ready` (it can do its job; says what is missing or away).

    With `screens` come their files, and a browser that asks for a page gets a problem as a page.
    """

    async def live(_request: Request) -> JSONResponse:
        lives = alive()
        return JSONResponse({"live": lives}, 200 if lives else 503)

    async def readiness(_request: Request) -> JSONResponse:
        missing = await ready()
        told = {"ready": not missing, "missing": missing, "away": away()}
        return JSONResponse(told, 503 if missing else 200)

    everything = [Route("/live", live), Route("/ready", readiness), *(screens.routes if screens else [])]
    everything += map(_tried, routes)
    app = Starlette(routes=everything, exception_handlers=as_pages(screens, written) if screens else HANDLERS)
    return _Edge(app, everything)


def _tried(route: BaseRoute) -> BaseRoute:
    """The route, whose endpoint is called once more where the schema has changed below it."""
    if not isinstance(route, Route):
        return route

    async def answer(request: Request) -> Response:
        return await once_more(lambda: route.endpoint(request))

    return Route(route.path, answer, methods=[*(route.methods or ())])


async def body(request: Request, limit: int = BODY_LIMIT) -> bytes:
    """The request's body, the same at each call. Raises `TooLarge` as soon as it is longer than `limit` bytes."""
    kept: bytes | None = request.scope.get(_BODY)
    if kept is None:
        data = bytearray()
        async for chunk in request.stream():
            data += chunk
            if len(data) > limit:
                raise TooLarge(limit)
        kept = request.scope[_BODY] = bytes(data)
    return kept


def with_body(request: Request, content: bytes) -> Request:
    """The same request with another body, also where its own was read already."""
    return Request({**request.scope, _BODY: content})


async def fields(request: Request, limit: int = BODY_LIMIT, *, most: int = 2000) -> dict[str, str]:
    """The fields of a form (`application/x-www-form-urlencoded`); of equal names the last one counts.

    Raises `TooLarge`, also for more than `most` fields.
    """
    sent = await body(request, limit)
    try:
        return await beside(len(sent), _fields, sent, most)
    except ValueError:
        raise TooLarge(limit) from None


def _fields(sent: bytes, most: int) -> dict[str, str]:
    pairs = parse_qsl(sent.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=most)
    return {name: value.replace("\r\n", "\n") for name, value in pairs}


async def written(request: Request) -> Mapping[str, str]:
    """The fields of a form that could not be taken, to be shown again; none that another site may have filled in."""
    ours = request.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")
    if request.method != "POST" or _FORM not in request.headers.get("content-type", "") or not ours:
        return {}
    try:
        sent = await fields(request)
    except (TooLarge, ClientDisconnect, RuntimeError):  # too much, gone, or read by somebody who kept nothing of it
        return {}
    return sent if sum(map(len, sent.values())) <= BODY_LIMIT else {}


def _note_refused(running: Span, scope: Scope, route: str, status: int) -> None:
    """Count, log and mark what could not be done; count unknown callers too, because they may be our own services."""
    if status >= 500:
        mark_failed(running)
        log().error("http.refused", method=scope["method"], path=route, status=status)
    if status >= 500 or status == 401:
        _refused.add(1, {"http_route": route, "status": str(status)})


class _Edge:
    """Outermost: a SERVER span named by the route's template, safe headers, and 500 as a problem that says nothing."""

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute]) -> None:
        self._app = app
        self.routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        route = self._template(scope)
        if route in _UNTRACED:
            await self._guarded(scope, receive, send)
            return
        traceparent = dict(scope["headers"]).get(b"traceparent", b"").decode("latin-1")
        parent, links = begun_by(traceparent, trusted=route.startswith(_BETWEEN_SERVICES))
        attributes = {"http.request.method": scope["method"], "http.route": route, "url.scheme": scope["scheme"]}
        name = f"{scope['method']} {route}"
        with span(name, SpanKind.SERVER, attributes, parent=parent, links=links) as running:

            async def send_with_status(message: Message) -> None:
                if message["type"] == "http.response.start":
                    running.set_attribute("http.response.status_code", message["status"])
                    _note_refused(running, scope, route, message["status"])
                await send(message)

            await self._guarded(scope, receive, send_with_status)

    def _template(self, scope: Scope) -> str:
        for route in self.routes:
            if isinstance(route, Route) and route.matches(scope)[0] is not Match.NONE:
                return route.path
        return "unknown"

    async def _guarded(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception as error:  # Starlette has answered 500 and hands the error on to be logged
            log().error("http.failed", error=error_code(error), method=scope["method"])
