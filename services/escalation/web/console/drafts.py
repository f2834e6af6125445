"""What is written in a form and not sent yet is kept while it is written, so that nothing is lost by looking away."""

import re

from starlette.requests import Request
from starlette.responses import Response

from services.escalation.domain.access import ANSWERS
from services.escalation.handlers import draft as drafts
from services.escalation.store import report
from services.escalation.web.api import Body, NotFound, acting
from services.escalation.web.console import Console, visitor, without_content
from services.escalation.web.console.case import FORMS
from shared.web.application import fields

_WHAT = re.compile(r"([a-z]+)(?:-(all|again|[1-9][0-9]{0,5}))?")
"""A form, and which of several on its screen: that of a report's number say."""
_NOT_KEPT = frozenset({"version", "draft"})
"""What a form sends beside what people write."""


async def save(console: Console, request: Request) -> Response:
    """Keep what is written; the place for it beside the field says when that was."""
    who = visitor(request)
    if who is None:
        return Response(status_code=401)
    what = request.path_params["what"]
    found = _WHAT.fullmatch(what)
    if found is None or not who.roles & FORMS.get(found[1], frozenset()):
        raise NotFound
    sent = await fields(request)
    written = {name: value for name, value in sent.items() if name not in _NOT_KEPT}
    async with acting(console.api, without_content(request), Body, may=ANSWERS) as act:
        if (found[2] or "").isdecimal() and int(found[2]) > await report.shown_up_to(act.tx.conn, act.case_id):
            raise NotFound
        await drafts.save(act.tx, who, act.case_id, what, written, form=0, keys=console.api.keys)
        saved_at = act.tx.now
    return console.show(request, "draft_saved.html", who, saved_at=saved_at)
