"""What belongs to a case, as forms: what a link, an unlinking and a split send."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from services.escalation.domain.access import ANSWERS
from services.escalation.domain.search import Sought, sought
from services.escalation.web.api import NotFound, seen_case
from services.escalation.web.console import Console, sign_in_first, visitor
from services.escalation.web.console.act import posted
from services.escalation.web.view import case_as_told
from shared.auth.people import Person
from shared.web.application import fields
from shared.web.problems import Problem
from shared.web.sign_in import signed_out

Json = dict[str, Any]


async def link_screen(console: Console, request: Request) -> Response:
    """The form by which two cases are linked by hand."""
    who = visitor(request)
    if who is None:
        return sign_in_first(request)
    return _shown(console, request, who, await _case(console, request, who), {})


async def link(console: Console, request: Request) -> Response:
    """Link the case with the one whose code was written; where that is none that the person sees, the form again."""
    who, sent = visitor(request), await fields(request)
    if who is None:
        return signed_out(request, console.screens, sent)
    told = await _case(console, request, who)
    other = await _named(console, request, sent.get("other", "").strip())
    if other is None:
        return _shown(console, request, who, told, sent, status=422)
    record = posted(console, "/v1/cases/{id}/link", done="linked", shape=lambda said: {**_said(said), "case_id": other})
    return await record(request)


async def _case(console: Console, request: Request, who: Person) -> Json:
    if not who.roles & ANSWERS:
        raise NotFound
    async with console.api.transactions.begin("show form") as tx:
        return await case_as_told(tx, await seen_case(tx, request, who, lock=False), who)


async def _named(console: Console, request: Request, written: str) -> str | None:
    """The one other case that is found by that; that it was looked for is evidence there."""
    try:
        found = await console.asked("POST", "/v1/search", request, {"sought": written[:100]})
    except Problem as problem:
        if problem.status != 422:
            raise
        return None
    others = [str(each["case_id"]) for each in found["cases"] if each["case_id"] != str(request.path_params["id"])]
    return others[0] if len(others) == 1 else None


def _shown(
    console: Console, request: Request, who: Person, told: Json, sent: Mapping[str, str], *, status: int = 200
) -> Response:
    """The form, with what was written in it; a CPR number is never written back onto a screen."""
    kept = {name: value for name, value in sent.items() if name != "other" or sought(value) is not Sought.CHILD}
    return console.show(request, "form_link.html", who, status=status, case=told, kept=kept, trouble=status == 422)


def split(sent: Mapping[str, str]) -> Json:
    """The fields as the API's body: every report that is ticked, and the child that a form is about."""
    ids = [name.removeprefix("report.") for name in sent if name.startswith("report.")]
    return {**_said(sent), "report_ids": ids, "child_ids": [sent["child"]] if sent.get("child") else []}


def unlink(sent: Mapping[str, str]) -> Json:
    """The fields as the API's body."""
    return {**_said(sent), "case_id": sent.get("case_id", "")}


def proposal(sent: Mapping[str, str]) -> Json:
    """The fields as the API's body."""
    return {**_said(sent), "joins": sent.get("joins") == "true"}


def _said(sent: Mapping[str, str]) -> Json:
    version = sent.get("version", "")
    return {"version": int(version) if version.isdecimal() else 0, "reason": sent.get("reason", "")}
