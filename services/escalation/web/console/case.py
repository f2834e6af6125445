"""One case on one screen. Before any text: why does the person look into it, and do they know anybody in it?"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.escalation.domain.access import ANSWERS, JUDGES, LEADS, is_fresh
from services.escalation.handlers import reading as acts
from services.escalation.store import case, page, reading, rota
from services.escalation.web.api import NotFound, seen_case
from services.escalation.web.console import Console, sign_in_first, visitor
from services.escalation.web.console.text import literally, segments
from services.escalation.web.console.wall import number_in
from services.escalation.web.view import case_as_told
from shared.auth.grants import Grant, ReadPart, ReadPurpose
from shared.auth.people import Person
from shared.delivery.outbox import Transaction
from shared.ids import CaseId, ReportId
from shared.web.application import fields

Json: TypeAlias = dict[str, Any]


async def case_screen(console: Console, request: Request) -> Response:
    """The case; before it the questions that come first."""
    return await _case(console, request, printing=False)


async def print_screen(console: Console, request: Request) -> Response:
    """The case on paper, noted in its evidence before anything is shown. Who was not asked first goes there."""
    return await _case(console, request, printing=True)


async def _case(console: Console, request: Request, *, printing: bool) -> Response:
    who = visitor(request)
    if who is None:
        return sign_in_first(request)
    async with console.api.transactions.begin("show case") as tx:
        case_id = await seen_case(tx, request, who, lock=True)
        told = await case_as_told(tx, case_id, who, console.api.keys)
        said = await _purpose(tx, who, case_id)
        known = said is not None and said[1] >= _newest(told)
        if printing and not known:
            return RedirectResponse(f"/cases/{case_id}", 303)
        if said is None:
            return console.show(request, "purpose.html", who, case=told)
        if printing:
            await acts.printed(tx, who, case_id, up_to=_newest(told))
        why, part = said[0], ReadPart.ALL if known else ReadPart.NAMES
        wanted = [each for each in told["reports"] if known or each["report_no"] > said[1]]
        grants = [await acts.grant(tx, who, case_id, _id(each), why=why, part=part) for each in reversed(wanted)]
        names = await reading.names(tx.conn, people_of(told))
        others = await _others(tx, who, case_id)
    shown = await _shown(console, wanted, grants)
    values: Json = {
        "case": told,
        "reports": shown,
        "names": names,
        "others": others,
        "now": console.api.transactions.clock.now(),
    }
    template = "print.html" if printing else "case.html" if known else "names.html"
    return console.show(request, template, who, why=why, printing=printing, **values)


FORMS = {
    **dict.fromkeys(
        ("cannot", "conflict", "hold", "close", "handover", "raise", "lower", "phone", "unit", "unlink", "split"),
        ANSWERS,
    ),
    "judgement": JUDGES,
    "exclusion": LEADS,
}
"""The small forms that lead to an act, and whose they are."""


async def form_screen(console: Console, request: Request) -> Response:
    """A form of its own screen, for an act that takes more than one tap."""
    return await shown_form(console, request, request.path_params["form"], kept={})


async def shown_form(console: Console, request: Request, form: str, *, kept: Mapping[str, str]) -> Response:
    """The form, with what the person had written in it."""
    who = visitor(request)
    if who is None:
        return sign_in_first(request)
    if not who.roles & FORMS.get(form, frozenset()):
        raise NotFound
    async with console.api.transactions.begin("show form") as tx:
        case_id = await seen_case(tx, request, who, lock=False)
        told = await case_as_told(tx, case_id, who, console.api.keys)
        names = await reading.names(tx.conn, people_of(told))
        people = await rota.who_may_take(tx.conn, case_id)
        read = await reading.read_whole(tx.conn, case_id, who.person_id)
    now = console.api.transactions.clock.now()
    template = f"form_{'level' if form in ('raise', 'lower') else form}.html"
    values: Json = {"form": form, "case": told, "names": names, "people": people, "now": now, "kept": kept}
    values["read"] = {str(each) for each in read}
    return console.show(request, template, who, fresh=is_fresh(who, now), **values)


async def news(console: Console, request: Request) -> Response:
    """What has come since the screen was made: a line in a place that is kept free for it, so that nothing moves."""
    who = visitor(request)
    if who is None:
        return Response(status_code=401)
    async with console.api.transactions.begin("show news") as tx:
        case_id = await seen_case(tx, request, who, lock=False)
        told = await case_as_told(tx, case_id, who, console.api.keys)
    had = request.query_params
    newer = had.get("version") != str(told["version"])
    values: Json = {"newer": newer, "reports_newer": had.get("reports") != str(_newest(told))}
    higher = had.get("level") != str(told["level"])
    return console.show(request, "news.html", who, case=told, higher=higher, **values)


async def say_purpose(console: Console, request: Request) -> Response:
    """Why the person looks into the case."""
    return await _answered(console, request, "purpose")


async def know_nobody(console: Console, request: Request) -> Response:
    """They know nobody of those named: the case is shown."""
    return await _answered(console, request, "up_to")


async def _answered(console: Console, request: Request, asked: str) -> Response:
    who = visitor(request)
    if who is None:
        return sign_in_first(request)
    sent = await fields(request)
    answer = sent.get(asked, "")
    async with console.api.transactions.begin("answer first question") as tx:
        case_id = await seen_case(tx, request, who, lock=True)
        told = await case_as_told(tx, case_id, who, console.api.keys)
        if asked == "purpose" and answer in {why.value for why in ReadPurpose if why is not ReadPurpose.PAGE}:
            await acts.say_purpose(tx, who, case_id, ReadPurpose(answer))
        if asked == "up_to" and (up_to := number_in(sent, asked)):
            await acts.knows_nobody(tx, who, case_id, up_to=min(up_to, _newest(told)))
    return RedirectResponse(f"/cases/{case_id}", 303)


async def _others(tx: Transaction, who: Person, case_id: CaseId) -> int:
    """How many other cases ask the person right now."""
    waiting = [row["case_id"] for row in await case.work(tx.conn, who) if row["case_id"] != case_id]
    return len(await page.asks(tx.conn, who.person_id, waiting))


async def _purpose(tx: Transaction, who: Person, case_id: CaseId) -> tuple[ReadPurpose, int] | None:
    said = await reading.purpose(tx.conn, case_id, who.person_id)
    if said is None and await reading.was_asked(tx.conn, case_id, who.person_id):
        await acts.say_purpose(tx, who, case_id, ReadPurpose.PAGE)
        said = await reading.purpose(tx.conn, case_id, who.person_id)
    return said


async def _shown(console: Console, reports: Sequence[Json], grants: Sequence[Grant]) -> list[Json]:
    """The reports with what is written in them, newest first; `shown` is None where intake does not answer."""
    async with asyncio.timeout(10):
        texts = await console.disclosures.read(grants)
    return [_literal(each, text) for each, text in zip(reversed(reports), texts, strict=True)]


def _literal(report: Json, shown: Json | None) -> Json:
    if shown is None or "text" not in shown:
        return {**report, "shown": shown, "segments": []}
    as_written = literally(shown["as_written"]) if shown["as_written"] else None
    pieces = segments(shown["text"], [mark for mark in shown["marks"] if mark["field"] == "text"])
    contrary = [_with_notes(each, shown["marks"]) for each in shown.get("contradictions", [])]
    shown = {**shown, "as_written": as_written, "contradictions": contrary}
    return {**report, "shown": shown, "segments": pieces}


def _with_notes(contradiction: Json, marks: Sequence[Json]) -> Json:
    """With the numbers of the notes that say otherwise than the answer."""
    sign, answered = contradiction["sign"], contradiction["answered"]
    found = enumerate(marks, start=1)
    notes = [n for n, mark in found if mark["sign"] == sign and mark["answer"] not in (answered, "unknown")]
    return {**contradiction, "notes": notes}


def _newest(told: Json) -> int:
    return max((each["report_no"] for each in told["reports"]), default=0)


def _id(report: Json) -> ReportId:
    return ReportId(UUID(report["report_id"]))


def people_of(told: Json) -> set[UUID]:
    """Everybody whom the case names."""
    judges = {each["judged"]["by"] for each in told["reports"] if each["judged"]}
    asked = {each["recipient"]["id"] for each in told["pages"]}
    lifts = {each["by"] for each in told["hold"]} | {each["ended"]["by"] for each in told["hold"] if each["ended"]}
    assessed = {each["by"] for each in told["assessments"]}
    responsible = {told["escalation"]["responsible"]} if told["escalation"] else set()
    return {
        UUID(each)
        for each in judges | asked | lifts | assessed | {each["by"] for each in told["countersigns"]} | responsible
        if each
    }
