"""One case on one screen. Before any text: why does the person look into it, and do they know anybody in it?"""

import asyncio
import json
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias
from uuid import UUID

from asyncpg import Record
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.escalation.domain.access import ANSWERS, JUDGES, LEADS, is_fresh
from services.escalation.domain.timeline import TOLD, Entry, Moment, line
from services.escalation.handlers import draft as drafts
from services.escalation.handlers import reading as acts
from services.escalation.store import case, evidence, page, reading, report, rota
from services.escalation.web.api import NotFound, seen_case
from services.escalation.web.case import older_in
from services.escalation.web.console import Console, sign_in_first, visitor
from services.escalation.web.console.answers import in_full
from services.escalation.web.console.text import is_suspected, literally, segments
from services.escalation.web.console.timeline import drawn
from services.escalation.web.console.wall import number_in
from services.escalation.web.reasons import add_judgements, add_reasons
from services.escalation.web.view import SHOWN, as_told, case_as_told, glance
from shared.auth.grants import Grant, ReadPart, ReadPurpose
from shared.auth.people import Person
from shared.delivery.outbox import Transaction
from shared.ids import CaseId, ReportId
from shared.sealing import KeyRing
from shared.telemetry.logging import error_code, log
from shared.web.application import fields
from shared.web.language import language
from shared.web.problems import Unavailable
from shared.web.screens import HEADERS

Json: TypeAlias = dict[str, Any]
_ENTRIES = 400
"""Entries of the evidence from which a time line is read."""
SHOWN_AT_ONCE, PRINTED_AT_ONCE, NAMED_AT_ONCE = 10, 25, 40
"""Reports on one screen: each is a grant, evidence on both sides and a question to intake, about 20 ms in all."""


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
        told = await case_as_told(tx, case_id, who)
        said = await purpose_of(tx, who, case_id)
        known = said is not None and said[1] >= _newest(told)
        if printing and not known:
            return RedirectResponse(f"/cases/{case_id}", 303)
        if said is None:
            return console.show(request, "purpose.html", who, case=told)
        why, part = said[0], ReadPart.ALL if known else ReadPart.NAMES
        named = None if known else said[1]
        wanted = await _wanted(tx, case_id, request, _newest(told), printing=printing, named=named)
        if known:
            await add_reasons(tx, who, told, console.api.keys, why=why, reports=wanted)
        if printing and wanted:
            first, last = wanted[0]["report_no"], wanted[-1]["report_no"]
            await acts.printed(tx, who, case_id, first=first, up_to=last)
        grants = [await acts.grant(tx, who, case_id, _id(each), why=why, part=part) for each in reversed(wanted)]
        moments = line([_entry(row) for row in await evidence.newest(tx.conn, case_id, TOLD, at_most=_ENTRIES)])
        names = await reading.names(
            tx.conn, people_of(told) | _people_in(moments) | people_of({**told, "reports": wanted})
        )
        others = await _others(tx, who, case_id)
        assessments = await in_full(tx, who, case_id, _cited(told), keys=console.api.keys) if printing else []
    shown = await shown_of(console, told, wanted, grants)
    last = wanted[-1]["report_no"] if wanted else 0
    values: Json = {
        "case": told,
        "reports": shown,
        "assessments": assessments,
        "names": names,
        "others": others,
        "line": drawn(moments, names, language(request), now=console.api.transactions.clock.now()),
        "now": console.api.transactions.clock.now(),
        "older": wanted[0]["report_no"] - 1 if known and wanted else 0,
        "newer": min(last + SHOWN_AT_ONCE, _newest(told)) if last < _newest(told) else 0,
    }
    template = "print.html" if printing else "case.html" if known else "names.html"
    # Beside the event loop: a screen full of long texts takes longer than others may wait.
    return await asyncio.to_thread(console.show, request, template, who, why=why, printing=printing, **values)


def _entry(row: Record) -> Entry:
    return Entry(row["at"], row["act"], row["actor"], json.loads(row["facts"]))


def _people_in(moments: Sequence[Moment]) -> set[UUID]:
    """Everybody whom the time line names."""
    entries = [entry for moment in moments for entry in moment.entries]
    return {named for entry in entries for named in (entry.actor, entry.recipient) if named}


async def _wanted(
    tx: Transaction, case_id: CaseId, request: Request, newest: int, *, printing: bool, named: int | None
) -> list[Json]:
    """The newest reports, or those up to the number in the address; the first after `named`, where names come first."""
    if named is not None:
        return [as_told(each) for each in await report.after(tx.conn, case_id, named, limit=NAMED_AT_ONCE)]
    to, limit = request.query_params.get("to", ""), PRINTED_AT_ONCE if printing else SHOWN_AT_ONCE
    up_to = int(to) if to.isdecimal() and len(to) < 7 else newest
    found = await report.up_to(tx.conn, case_id, up_to, limit=limit)
    return [as_told(each) for each in found or await report.up_to(tx.conn, case_id, newest, limit=limit)]


def _cited(told: Json) -> list[UUID]:
    """The assessments that are printed: the newest, and those on which a lift rests that stands."""
    newest = [each["assessment_id"] for each in told["assessments"][-1:]]
    lifts = [each["assessment_id"] for each in told["hold"] if each["assessment_id"]]
    return [UUID(each) for each in dict.fromkeys(newest + lifts)]


async def beside(
    tx: Transaction, who: Person, case_id: CaseId, told: Json, *, keys: KeyRing
) -> tuple[list[Json], list[Grant]]:
    """The newest reports with grants to read them beside a form; none before the questions that come first."""
    said = await purpose_of(tx, who, case_id)
    if said is None or said[1] < _newest(told):
        return [], []
    wanted = told["reports"][-SHOWN_AT_ONCE:]
    await add_judgements(tx, who, case_id, wanted, keys, why=said[0])
    return wanted, [
        await acts.grant(tx, who, case_id, _id(each), why=said[0], part=ReadPart.ALL) for each in reversed(wanted)
    ]


async def assessment_screen(console: Console, request: Request) -> Response:
    """One recorded risk assessment in full. That it was opened is evidence."""
    who = visitor(request)
    if who is None:
        return sign_in_first(request)
    named = request.path_params["assessment_id"]
    async with console.api.transactions.begin("show assessment") as tx:
        case_id = await seen_case(tx, request, who, lock=True)
        told = await case_as_told(tx, case_id, who)
        said = await purpose_of(tx, who, case_id)
        if said is None or said[1] < _newest(told):
            return RedirectResponse(f"/cases/{case_id}", 303)
        found = await in_full(tx, who, case_id, [named], keys=console.api.keys)
        names = await reading.names(tx.conn, people_of(told))
    if not found:
        raise NotFound
    now = console.api.transactions.clock.now()
    return console.show(request, "assessment_read.html", who, case=told, assessments=found, names=names, now=now)


async def whole_screen(console: Console, request: Request) -> Response:
    """One report as it was sent, as plain text: for what is too long or too deep to be shown among others."""
    who = visitor(request)
    if who is None:
        return sign_in_first(request)
    async with console.api.transactions.begin("show whole report") as tx:
        case_id = await seen_case(tx, request, who, lock=True)
        said = await purpose_of(tx, who, case_id)
        found = await report.number_in(tx.conn, case_id, request.path_params["report_id"])
        if found is None:
            raise NotFound
        if said is None or found > said[1]:
            return RedirectResponse(f"/cases/{case_id}", 303)
        report_id = ReportId(request.path_params["report_id"])
        grant = await acts.grant(tx, who, case_id, report_id, why=said[0], part=ReadPart.WHOLE)
    (shown,) = await console.disclosures.read([grant])
    if shown is None:
        raise Unavailable("The report cannot be shown right now. Ask again.")
    text = await asyncio.to_thread(literally, shown["whole"])
    return Response(text, headers=HEADERS, media_type="text/plain; charset=utf-8")


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
    older = older_in(request) if form == "split" else 0
    async with console.api.transactions.begin("show form") as tx:
        case_id = await seen_case(tx, request, who, lock=form == "hold")
        told = await case_as_told(tx, case_id, who, older=older)
        assessments = await _for_hold(tx, who, case_id, told, console.api.keys) if form == "hold" else []
        if form in ("judgement", "close"):
            told["reports"] = [as_told(each) for each in await report.unjudged(tx.conn, case_id, limit=SHOWN)]
        names = await reading.names(tx.conn, people_of(told))
        people = await rota.who_may_take(tx.conn, case_id)
        read = await reading.read_whole(tx.conn, case_id, who.person_id)
        written = await drafts.of(tx, who, case_id, keys=console.api.keys)
    now = console.api.transactions.clock.now()
    template = f"form_{'level' if form in ('raise', 'lower') else form}.html"
    values: Json = {"form": form, "case": told, "names": names, "people": people, "now": now, "older": older}
    values |= {"kept": kept or (written[form].answers if form in written else {}), "drafts": written}
    values |= {"assessments": assessments}
    values["read"] = {str(each) for each in read}
    return console.show(request, template, who, fresh=is_fresh(who, now), **values)


async def _for_hold(tx: Transaction, who: Person, case_id: CaseId, told: Json, keys: KeyRing) -> list[Json]:
    """The assessment on which a lift would rest: the newest that covers all that has come. Adds the hold's reasons.

    Nothing of it before the questions that come first.
    """
    said = await reading.purpose(tx.conn, case_id, who.person_id)
    if said is None or said[1] < _newest(told):
        return []
    await add_reasons(tx, who, told, keys, why=said[0])
    basis = [UUID(each["assessment_id"]) for each in told["assessments"] if each["current"]][-1:]
    return await in_full(tx, who, case_id, basis if who.roles & JUDGES else [], keys=keys)


async def news(console: Console, request: Request) -> Response:
    """What has come since the screen was made: a line in a place that is kept free for it, so that nothing moves."""
    who = visitor(request)
    if who is None:
        return Response(status_code=401)
    async with console.api.transactions.begin("show news") as tx:
        told = await glance(tx, await seen_case(tx, request, who, lock=False))
    had = request.query_params
    newer = had.get("version") != str(told["version"])
    values: Json = {"newer": newer, "reports_newer": had.get("reports") != str(told["newest_report_no"])}
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
        told = await case_as_told(tx, case_id, who)
        if asked == "purpose" and answer in {why.value for why in ReadPurpose if why is not ReadPurpose.PAGE}:
            await acts.say_purpose(tx, who, case_id, ReadPurpose(answer))
        if asked == "up_to" and (up_to := number_in(sent, asked)):
            await acts.knows_nobody(tx, who, case_id, up_to=min(up_to, _newest(told)))
    return RedirectResponse(f"/cases/{case_id}", 303)


async def _others(tx: Transaction, who: Person, case_id: CaseId) -> int:
    """How many other cases ask the person right now."""
    waiting = [row["case_id"] for row in await case.work(tx.conn, who) if row["case_id"] != case_id]
    return len(await page.asks(tx.conn, who, waiting))


async def purpose_of(tx: Transaction, who: Person, case_id: CaseId) -> tuple[ReadPurpose, int] | None:
    said = await reading.purpose(tx.conn, case_id, who.person_id)
    if said is None and await reading.was_asked(tx.conn, case_id, who.person_id):
        await acts.say_purpose(tx, who, case_id, ReadPurpose.PAGE)
        said = await reading.purpose(tx.conn, case_id, who.person_id)
    return said


async def shown_of(console: Console, told: Json, reports: Sequence[Json], grants: Sequence[Grant]) -> list[Json]:
    """The reports with what is written in them, newest first; `shown` is None where one cannot be shown."""
    texts = await console.disclosures.read(grants)
    open_ends = frozenset(told["rating"]["unknowns"]) if told["rating"] else None
    ready = partial(_apart, open_ends=open_ends)
    found = await asyncio.to_thread(lambda: list(map(ready, reversed(reports), texts)))
    numbers = {each["report_id"]: each["report_no"] for each in (*told["reports"], *reports)}
    return [{**each, **_like(each, found, numbers)} for each in found]


def _like(report: Json, found: Sequence[Json], numbers: Mapping[str, int]) -> Json:
    """What an addition or a call leaves out, from the report it belongs to: `like` is that one's number.

    `same_reporter` says whether it is one reporter's, and so whose name and age stand there.
    """
    shown = report["shown"] or {}
    adds_to = numbers.get(shown.get("adds_to") or "")
    earlier = [each for each in found if each["report_no"] < report["report_no"] and each["shown"]]
    wanted = [each for each in earlier if each["report_no"] == adds_to] if adds_to else earlier[::-1]
    nothing: Json = {"report_no": adds_to, "shown": {}}
    of = next((each for each in wanted if each["shown"].get("children")), nothing)
    lacks = bool(shown) and not shown.get("children") and bool(adds_to or report["entered_by"])
    borrowed: Json = {"adds_to": adds_to, "like": of["report_no"] if lacks else None}
    borrowed["like_children"] = of["shown"].get("children", []) if lacks else []
    return borrowed | {"like_reporter": of["shown"].get("reporter", {}) if adds_to else {}}


def _apart(report: Json, shown: Json | None, open_ends: Collection[str] | None) -> Json:
    """Each report is made ready by itself: one that cannot be shown must not hide the others."""
    try:
        return _literal(report, shown, open_ends)
    except Exception as error:
        log().error("report.not_shown", report_id=report["report_id"], error=error_code(error))
        return {**report, "shown": None, "segments": []}


def _literal(report: Json, shown: Json | None, open_ends: Collection[str] | None) -> Json:
    """With its text in pieces. What is suspected is asked only while nobody has answered: a person's word stands."""
    if shown is None or "text" not in shown:
        return {**report, "shown": shown, "segments": []}
    marks = [
        each for each in shown["marks"] if not is_suspected(each) or open_ends is None or each["sign"] in open_ends
    ]
    pieces = segments(shown["text"], [mark for mark in marks if mark["field"] == "text"])
    contrary = [_with_notes(each, marks) for each in shown.get("contradictions", [])]
    shown = {**shown, "marks": marks, "contradictions": contrary}
    return {**report, "shown": shown, "segments": pieces}


def _with_notes(contradiction: Json, marks: Sequence[Json]) -> Json:
    """With the numbers of the notes that say otherwise than the answer."""
    sign, answered = contradiction["sign"], contradiction["answered"]
    found = enumerate(marks, start=1)
    others = ((n, mark["answer"]) for n, mark in found if mark["sign"] == sign and not is_suspected(mark))
    notes = [n for n, answer in others if answer not in (answered, "unknown")]
    return {**contradiction, "notes": notes}


def _newest(told: Json) -> int:
    newest: int = told["newest_report_no"]
    return newest


def _id(report: Json) -> ReportId:
    return ReportId(UUID(report["report_id"]))


def people_of(told: Json) -> set[UUID]:
    """Everybody whom the case names."""
    judges = {each["judged"]["by"] for each in told["reports"] if each["judged"]}
    asked = {each["recipient"]["id"] for each in told["pages"]}
    lifts = {each["by"] for each in told["hold"]} | {each["ended"]["by"] for each in told["hold"] if each["ended"]}
    assessed = {each["by"] for each in told["assessments"]}
    running = told["escalation"] or {}
    responsible = {running.get("responsible"), running.get("offered_to"), (told["handover"] or {}).get("by")}
    wrote = {each["entered_by"] for each in told["reports"]}
    return {
        UUID(each)
        for each in judges
        | asked
        | lifts
        | assessed
        | wrote
        | {each["by"] for each in told["countersigns"]}
        | responsible
        if each
    }
