"""The forms of the screens. Each posts to the API's own act, and leads back to the case as it is then."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias
from urllib.parse import urlencode
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from services.escalation.store import draft as drafts
from services.escalation.web.api import FORM
from services.escalation.web.console import Console, Door, onward, visitor, with_content
from shared.ids import CaseId
from shared.web.application import fields
from shared.web.problems import Problem
from shared.web.sign_in import signed_out

Fields: TypeAlias = Mapping[str, str]
Shape: TypeAlias = Callable[[Fields], Any]
Refusal: TypeAlias = Callable[[Console, Request, Problem, Fields], Awaitable[Response]]


async def refused(console: Console, request: Request, problem: Problem, sent: Fields) -> Response:
    """Why it was not saved, on a screen of its own, with what was written."""
    who = visitor(request)
    assert who is not None
    told = problem.members.get("case")
    kept = {**sent, "version": str(told["version"])} if told else dict(sent)
    values = {"code": problem.code, "case": told, "problem": problem.members, "kept": kept}
    return console.show(request, "refused.html", who, status=problem.status, **values)


def posted(console: Console, path: str, *, done: str, shape: Shape | None = None, refusal: Refusal = refused) -> Door:
    """A form for an act of the API. `done` names the sentence that confirms it; a refusal is said, nothing is lost.

    `shape` makes the act's JSON of the fields, where that is more than their names and values; `refusal` tells a
    refusal, where the form itself does that better.
    """

    async def post(request: Request) -> Response:
        sent = await fields(request)
        if visitor(request) is None:
            return signed_out(request, console.screens, sent)
        try:
            answer = await console.doors["POST", path](_filled(request, sent, shape))
        except Problem as problem:
            if problem.status == 404:
                raise
            return await refusal(console, request, problem, sent)
        told = json.loads(bytes(answer.body)) if answer.body else {}
        case_id = told.get("case_id", request.path_params.get("id"))
        await _drop_draft(console, request, case_id, sent)
        back = f"/cases/{case_id}" if case_id and answer.body else "/work"
        return onward(request, back, done=done)

    return post


async def _drop_draft(console: Console, request: Request, case_id: object, sent: Fields) -> None:
    """What was written is sent: the draft that the form names is no longer needed."""
    who, what = visitor(request), sent.get("draft", "")
    if who is not None and what and case_id:
        async with console.api.transactions.begin("drop draft") as tx:
            await drafts.drop(tx.conn, CaseId(UUID(str(case_id))), who.person_id, what)


def _filled(request: Request, sent: Fields, shape: Shape | None) -> Request:
    if shape is not None:
        return with_content(request, json.dumps(shape(sent)).encode())
    return with_content(request, urlencode(sent).encode(), kind=FORM)
