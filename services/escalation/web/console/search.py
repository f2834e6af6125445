"""*Find en sag*, and the closed cases. What is looked for comes in a form's body and goes nowhere from there."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from services.escalation.domain.search import Sought, sought
from services.escalation.web.console import Console, sign_in_first, visitor
from shared.auth.people import Person
from shared.web.application import fields
from shared.web.problems import Problem
from shared.web.sign_in import signed_out


async def search_screen(console: Console, request: Request) -> Response:
    """The form."""
    who = visitor(request)
    return sign_in_first(request) if who is None else _shown(console, request, who)


async def find(console: Console, request: Request) -> Response:
    """What was found. A CPR number is never written back onto a screen."""
    who, written = visitor(request), (await fields(request)).get("sought", "").strip()
    if who is None:
        return signed_out(request, console.screens, {})
    again = written if sought(written) in (Sought.REFERENCE, Sought.CODE) else ""
    try:
        found = await console.asked("POST", "/v1/search", request, {"sought": written[:100]})
    except Problem as problem:
        if problem.status not in (422, 503):
            raise
        return _shown(console, request, who, status=problem.status, trouble=problem.code, again=again)
    return _shown(console, request, who, found=found, again=again)


def _shown(console: Console, request: Request, who: Person, status: int = 200, **values: Any) -> Response:
    now = console.api.transactions.clock.now()
    values = {"found": None, "trouble": "", "again": "", **values}
    return console.show(request, "search.html", who, status=status, now=now, **values)


async def closed_screen(console: Console, request: Request) -> Response:
    """A page of the closed cases."""
    who = visitor(request)
    if who is None:
        return sign_in_first(request)
    found = await console.asked("GET", "/v1/closed", request)
    now = console.api.transactions.clock.now()
    return console.show(request, "closed.html", who, found=found, now=now)
