"""The risk assessment as a form: twenty questions in five parts, any order, no points; a draft is kept."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.escalation.domain.access import ASSESSES
from services.escalation.domain.assessment import FORM
from services.escalation.handlers import assessment as assessments
from services.escalation.web.api import Body, acting
from services.escalation.web.console import Console, sign_in_first, visitor
from services.escalation.web.console.wall import number_in
from shared.web.application import fields, with_body

PARTS = (
    (("Det, vi ved", "What we know"), (1, 2, 3, 4)),
    (("Fare", "Danger"), (5, 6, 7, 17)),
    (("Planer", "Plans"), (8, 9, 10, 11)),
    (("Barnet", "The child"), (12, 13, 14, 16)),
    (("Næste skridt", "Next steps"), (15, 18, 19, 20)),
)
"""The parts of the form, by the numbers of their questions."""


async def assessment_screen(console: Console, request: Request) -> Response:
    """The form with what the person has written so far."""
    who = visitor(request)
    if who is None:
        return sign_in_first(request)
    async with acting(console.api, request, Body, may=ASSESSES) as act:
        told = await act.told()
        found = await assessments.draft(act.tx, who, act.case_id, keys=console.api.keys)
    row, answers = found or (None, {})
    parts = [(title, [(n, FORM.questions[n - 1]) for n in numbers]) for title, numbers in PARTS]
    saved_at = row["saved_at"] if row else None
    values: dict[str, Any] = {"case": told, "parts": parts, "answers": answers, "saved_at": saved_at}
    return console.show(request, "assessment.html", who, now=console.api.transactions.clock.now(), **values)


async def save_draft(console: Console, request: Request) -> Response:
    """Keep what is written: by script after each field, or by the button."""
    who = visitor(request)
    if who is None:
        return Response(status_code=401)
    sent = await fields(request)
    async with acting(console.api, with_body(request, b""), Body, may=ASSESSES) as act:
        await assessments.save_draft(act.tx, who, act.case_id, answers_in(sent), keys=console.api.keys)
        saved_at, case_id = act.tx.now, act.case_id
    if "hx-request" in request.headers:
        return console.show(request, "draft_saved.html", who, saved_at=saved_at)
    return RedirectResponse(f"/cases/{case_id}/assessment?done=draft", 303)


def shaped(sent: Mapping[str, str]) -> dict[str, Any]:
    """The fields as the API's body."""
    return {
        "covers_report_no": number_in(sent, "covers_report_no"),
        "level": sent.get("level", ""),
        "acute": sent.get("acute") == "yes",
        "answers": answers_in(sent),
    }


def answers_in(sent: Mapping[str, str]) -> dict[str, Any]:
    """The answers by question: words, ticks, or both."""
    found: dict[str, Any] = {}
    for question in FORM.questions:
        ticks = [each.code for each in question.options if f"{question.id}.{each.code}" in sent]
        words = sent.get(question.id, "").strip()
        if words and ticks:
            found[question.id] = {"options": ticks, "words": words}
        elif words or ticks:
            found[question.id] = words or ticks
    return found
