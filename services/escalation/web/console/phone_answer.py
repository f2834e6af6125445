"""A leader writes down an answer given by phone: who gave it, when, about which reports, and what they promised."""

from typing import Any, TypeAlias
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from services.escalation.domain.access import LEADS
from services.escalation.store import rota
from services.escalation.web.api import NotFound, seen_case
from services.escalation.web.console import Console, sign_in_first, visitor
from services.escalation.web.console.act import Fields, posted
from services.escalation.web.console.wall import instant_in, number_in, trouble_in
from services.escalation.web.view import case_as_told
from shared.auth.people import Person
from shared.calendar import local
from shared.delivery.outbox import Transaction
from shared.ids import CaseId
from shared.web.problems import Problem

PROMISES = (15, 30, 60, 120, 240, 480)
"""How long a person may promise to take, in minutes; the API takes any."""
Json: TypeAlias = dict[str, Any]


async def answer_screen(console: Console, request: Request) -> Response:
    """The form, for leaders alone."""
    who = visitor(request)
    if who is None:
        return sign_in_first(request)
    if not who.roles & LEADS:
        raise NotFound
    now = local(console.api.transactions.clock.now())
    which = "second" if now.fold else "first"
    return await _shown(console, request, who, {"said_at": f"{now:%Y-%m-%dT%H:%M}", "said_at.which": which})


async def save_answer(console: Console, request: Request) -> Response:
    """Save it by the API's act; what that refuses is shown in the form again."""
    path = "/v1/cases/{id}/phone-answer"
    return await posted(console, path, done="phone_answered", shape=_shaped, refusal=_shown_again)(request)


async def _shown_again(console: Console, request: Request, problem: Problem, sent: Fields) -> Response:
    """The form with what was sent, the case as it is now, and why it was not saved."""
    who = visitor(request)
    assert who is not None
    if not who.roles & LEADS:
        raise problem
    why = trouble_in(sent, "said_at") if problem.code == "invalid" else None
    return await _shown(console, request, who, sent, status=problem.status, why=why or problem.code)


def _shaped(sent: Fields) -> Json:
    """The fields as the API's body; what is missing is left to it to say."""
    said_at = instant_in(sent, "said_at")
    numbers = {name: number_in(sent, name) for name in _NUMBERS if sent.get(name, "").isdecimal()}
    return {"version": 0, "person_id": sent.get("person_id", ""), "said_at": said_at} | numbers


_NUMBERS = ("version", "covers_report_no", "promise_minutes")


async def _shown(
    console: Console, request: Request, who: Person, sent: Fields, *, status: int = 200, why: str | None = None
) -> Response:
    async with console.api.transactions.begin("show form") as tx:
        case_id = await seen_case(tx, request, who, lock=False)
        told = await case_as_told(tx, case_id, who)
        people = await _could_have_said(tx, case_id, told)
    values: Json = {"case": told, "sent": sent, "promises": PROMISES, **people}
    twice = trouble_in({"said_at": sent.get("said_at", "")}, "said_at") == "twice"
    now = console.api.transactions.clock.now()
    template = "form_phone_answer.html"
    return console.show(request, template, who, status=status, why=why, twice=twice, now=now, **values)


async def _could_have_said(tx: Transaction, case_id: CaseId, told: Json) -> Json:
    """Those who were paged, and those who are on duty besides; where there are none, all who may take the case."""
    able = await rota.who_may_take(tx.conn, case_id)
    asked = {UUID(page["recipient"]["id"]) for page in told["pages"]}
    on_duty = (await rota.rota(tx.conn, case_id, tx.now)).on_call
    paged = [each for each in able if each["person_id"] in asked]
    others = [each for each in able if each["person_id"] in on_duty and each not in paged]
    return {"paged": paged, "others": others or ([] if paged else able), "on_duty": bool(others)}
