"""Errors as RFC 9457 problems. They say what to do and never repeat what was sent."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from shared.auth import NotSignedIn
from shared.postgres.faults import INFRASTRUCTURE
from shared.telemetry.logging import error_code, log
from shared.web.screens import Screens, for_people, same_origin


class Problem(Exception):
    """An answer that is not the one hoped for. `code` names its kind, `detail` says in words what to do."""

    def __init__(
        self, status: int, code: str, detail: str, *, headers: Mapping[str, str] | None = None, **members: Any
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = headers
        self.members = members

    def response(self) -> JSONResponse:
        """The problem as `application/problem+json`; `members` are added to it (RFC 9457 § 3.2)."""
        fields = {"type": f"urn:beredskab:problem:{self.code}", "title": self.code.replace("_", " ")}
        content = {**fields, "status": self.status, "detail": self.detail, **self.members}
        return JSONResponse(content, self.status, self.headers, media_type="application/problem+json")


class TooLarge(Problem):
    """The body is longer than this address takes (RFC 9110 § 15.5.14)."""

    def __init__(self, limit: int) -> None:
        super().__init__(413, "too_large", f"Send at most {limit} bytes.")


class Unavailable(Problem):
    """Something we stand on is away: try again (RFC 9110 § 15.6.4)."""

    def __init__(self, detail: str, **members: Any) -> None:
        super().__init__(503, "unavailable", detail, headers={"Retry-After": "2"}, **members)


async def on_problem(_request: Request, error: Exception) -> JSONResponse:
    """A problem raised by a route."""
    assert isinstance(error, Problem)
    return error.response()


async def on_not_signed_in(_request: Request, _error: Exception) -> JSONResponse:
    """No valid token (RFC 6750 § 3)."""
    headers = {"WWW-Authenticate": "Bearer"}
    return Problem(401, "not_signed_in", "Sign in and send a valid bearer token.", headers=headers).response()


async def on_infrastructure(request: Request, error: Exception) -> JSONResponse:
    """The database is away, perhaps since it stored what was asked: whoever lost the answer to a COMMIT cannot know."""
    log().error("http.unavailable", error=error_code(error), method=request.method)
    return Unavailable("The service cannot reach its database. Look whether it was stored, and try again.").response()


async def on_http(_request: Request, error: Exception) -> JSONResponse:
    """Starlette's own refusals: no such path, wrong method."""
    status = getattr(error, "status_code", 500)
    code = {404: "not_found", 405: "method_not_allowed"}.get(status, "refused")
    return Problem(status, code, "Look up the address and the method in the service's OpenAPI document.").response()


async def on_gone(_request: Request, _error: Exception) -> JSONResponse:
    """The client went away, or was too slow, before all was said. Nothing of ours failed."""
    return Problem(408, "timed_out", "Send the whole request at once.").response()


async def on_failure(_request: Request, _error: Exception) -> JSONResponse:
    """A fault of ours. What went wrong is in the log, as a name."""
    return Problem(500, "failed", "The service failed. Try again; if it goes on, tell the operators.").response()


Handler = Callable[[Request, Exception], Awaitable[JSONResponse]]
HANDLERS: Mapping[int | type[Exception], Handler] = {
    Problem: on_problem,
    NotSignedIn: on_not_signed_in,
    404: on_http,
    405: on_http,
    ClientDisconnect: on_gone,
    Exception: on_failure,
    **dict.fromkeys(INFRASTRUCTURE, on_infrastructure),
}


Written = Callable[[Request], Awaitable[Mapping[str, str]]]
"""Gives what people have written in the form that a request brings."""
_PASSES = frozenset({401, 408, 500, 502, 503, 504})
"""What may go well when the same is sent once more."""


def as_pages(
    screens: Screens, written: Written
) -> Mapping[int | type[Exception], Callable[[Request, Exception], Awaitable[Response]]]:
    """The handlers for a service with screens: who asks for a page is told in words what to do, on a page.

    What they wrote stands there: to be sent again where that may help, and to be copied where it does not.
    """

    def paged(handler: Handler) -> Callable[[Request, Exception], Awaitable[Response]]:
        async def answer(request: Request, error: Exception) -> Response:
            problem = await handler(request, error)
            if not for_people(request):
                return problem
            code, kept = problem.status_code, await written(request)
            again = code in _PASSES and same_origin(request)
            return screens.page(request, "problem.html", status=code, code=code, kept=kept, again=again)

        return answer

    return {kind: paged(handler) for kind, handler in HANDLERS.items()}
