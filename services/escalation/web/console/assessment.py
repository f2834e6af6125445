"""The risk assessment as a form: twenty questions in five parts, any order, no points; a draft is kept."""

import asyncio
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.escalation.domain.access import ASSESSES
from services.escalation.domain.assessment import FORM
from services.escalation.handlers import draft as drafts
from services.escalation.store import reading
from services.escalation.web.api import Body, acting
from services.escalation.web.console import Console, sign_in_first, visitor, without_content
from services.escalation.web.console.answers import numbered
from services.escalation.web.console.case import beside, people_of, shown_of
from services.escalation.web.console.wall import number_in
from shared.web.application import fields


async def assessment_screen(console: Console, request: Request) -> Response:
    """The form with what the person has written so far."""
    who = visitor(request)
    if who is None:
        return sign_in_first(request)
    async with acting(console.api, request, Body, may=ASSESSES) as act:
        told = await act.told()
        found = (await drafts.of(act.tx, who, act.case_id, keys=console.api.keys)).get(drafts.ASSESSMENT)
        wanted, grants = await beside(act.tx, who, act.case_id, told, keys=console.api.keys)
        names = await reading.names(act.tx.conn, people_of(told))
    reports = await shown_of(console, told, wanted, grants)
    kept = {"answers": found.answers, "saved_at": found.saved_at} if found else {"answers": {}, "saved_at": None}
    values: dict[str, Any] = {"case": told, "parts": numbered(FORM), "reports": reports, "names": names, **kept}
    now = console.api.transactions.clock.now()
    return await asyncio.to_thread(console.show, request, "assessment.html", who, now=now, **values)


async def save_draft(console: Console, request: Request) -> Response:
    """Keep what is written: by script after each field, or by the button."""
    who = visitor(request)
    if who is None:
        return Response(status_code=401)
    sent = await fields(request)
    async with acting(console.api, without_content(request), Body, may=ASSESSES) as act:
        answers, keys = answers_in(sent), console.api.keys
        await drafts.save(act.tx, who, act.case_id, drafts.ASSESSMENT, answers, form=FORM.version, keys=keys)
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
