"""The contact hold as a form and its last page: for one recipient, until a moment of Copenhagen's clock."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from services.escalation.domain.hold import Action
from services.escalation.store import reading
from services.escalation.web.api import FORM
from services.escalation.web.console import Console, visitor, with_content
from services.escalation.web.console.act import posted, refused
from services.escalation.web.console.case import people_of, shown_form
from services.escalation.web.console.wall import number_in
from services.escalation.web.hold import weighed
from shared.calendar import wall_instant
from shared.web.application import fields
from shared.web.problems import Problem
from shared.web.sign_in import signed_out


async def decide(console: Console, request: Request) -> Response:
    """A decision on the hold. One that opens it is first said in plain words: that page's button alone records it."""
    sent = await fields(request)
    if "sure" in sent or sent.get("action") == Action.REINSTATE:
        record = posted(console, "/v1/cases/{id}/hold", done="hold", shape=shaped)
        return await record(with_content(request, urlencode(sent).encode(), kind=FORM))
    if visitor(request) is None:
        return signed_out(request, console.screens, sent)
    if "change" in sent:
        return await shown_form(console, request, "hold", kept=sent)
    return await _last_page(console, request, sent)


async def _last_page(console: Console, request: Request, sent: Mapping[str, str]) -> Response:
    who = visitor(request)
    assert who is not None
    try:
        told, step = await weighed(console.api, with_content(request, json.dumps(shaped(sent)).encode()))
    except Problem as problem:
        if problem.status == 404:
            raise
        return await refused(console, request, problem, sent)
    async with console.api.transactions.begin("show last page") as tx:
        names = await reading.names(tx.conn, people_of(told))
    now = console.api.transactions.clock.now()
    return console.show(request, "hold_last.html", who, case=told, step=step, sent=sent, names=names, now=now)


def shaped(sent: Mapping[str, str]) -> dict[str, Any]:
    """The fields as the API's body. What is left empty is left out: the rules say what is missing."""
    given = {name: value for name, value in sent.items() if value.strip()}
    asked: dict[str, Any] = {name: given[name] for name in _WORDS if name in given}
    asked |= {"version": number_in(given, "version"), "mediation": "mediation" in given}
    return asked | ({"until": until} if (until := instant(given.get("until", ""))) else {})


_WORDS = ("recipient", "action", "reason", "assessment_id")


def instant(written: str) -> str | None:
    """`2026-12-01T16:00` on Copenhagen's clock as an instant; None where it is no moment."""
    at = wall_instant(written)
    return at.isoformat() if at else None
