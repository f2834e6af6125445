"""The forms of the screens. Each posts to the API's own act, and leads back to the case as it is then."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.escalation.web.api import FORM
from services.escalation.web.console import Console, sign_in_first, visitor
from shared.web.application import fields
from shared.web.problems import Problem

Fields: TypeAlias = Mapping[str, str]
Act = Callable[[Request], Awaitable[Response]]


def posted(console: Console, act: Act, *, done: str, shape: Callable[[Fields], Any] | None = None) -> Act:
    """A form for an act. `done` names the sentence that confirms it; a refusal is said on a page, nothing is lost.

    `shape` makes the act's JSON of the fields, where that is more than their names and values.
    """

    async def post(request: Request) -> Response:
        if visitor(request) is None:
            return sign_in_first(request)
        sent = await fields(request)
        try:
            answer = await act(_with(request, sent if shape is None else shape(sent), as_form=not shape))
        except Problem as problem:
            if problem.status == 404:
                raise
            return _refused(console, request, problem, sent)
        case_id = json.loads(bytes(answer.body)).get("case_id") if answer.body else request.path_params.get("id")
        back = f"/cases/{case_id}" if case_id and answer.status_code != 204 else "/work"
        return RedirectResponse(f"{back}?done={done}", 303)

    return post


def _with(request: Request, content: Any, *, as_form: bool) -> Request:
    """The same request with this content: the form itself has been read, and is needed again if the act is refused."""
    written = (urlencode(content) if as_form else json.dumps(content)).encode()
    others = [(name, value) for name, value in request.scope["headers"] if name != b"content-type"]

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": written, "more_body": False}

    headers = [*others, (b"content-type", FORM.encode() if as_form else b"application/json")]
    return Request({**request.scope, "headers": headers}, receive)


def _refused(console: Console, request: Request, problem: Problem, sent: Fields) -> Response:
    who = visitor(request)
    assert who is not None
    told = problem.members.get("case")
    kept = {**sent, "version": str(told["version"])} if told else dict(sent)
    values = {"code": problem.code, "case": told, "problem": problem.members, "kept": kept}
    return console.show(request, "refused.html", who, status=problem.status, **values)
