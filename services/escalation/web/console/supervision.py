"""*Tilsyn*: who read what, by case, to be taken along as a file; and who looked for a case."""

import asyncio
import csv
import io
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from services.escalation.store import reading
from services.escalation.store.evidence import READS
from services.escalation.web.console import Console, sign_in_first, visitor, words
from shared.calendar import local
from shared.web.language import Language, language
from shared.web.screens import HEADERS

Json: TypeAlias = dict[str, Any]
SHOWN_AT_ONCE = 200
"""Readings of a case on one screen. The file has them all."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet takes for a formula."""


async def home_screen(console: Console, request: Request) -> Response:
    """The cases that somebody looked into of late."""
    return await _screen(console, request, "supervision.html", "/v1/reads")


async def searches_screen(console: Console, request: Request) -> Response:
    """Who looked for a case."""
    return await _screen(console, request, "searches.html", "/v1/searches")


async def case_screen(console: Console, request: Request) -> Response:
    """Who read what of one case, and whether its evidence is whole."""
    return await _screen(console, request, "supervised.html", "/v1/cases/{id}/evidence")


async def _screen(console: Console, request: Request, template: str, path: str) -> Response:
    who = visitor(request)
    if who is None:
        return sign_in_first(request)
    found = await console.asked("GET", path, request)
    entries = [each for each in reversed(found.get("entries", ())) if each["act"] in READS]
    names = await _names(console, [*entries, *found.get("searches", ())])
    values: Json = {"found": found, "entries": entries[:SHOWN_AT_ONCE], "count": len(entries), "names": names}
    now = console.api.transactions.clock.now()
    return console.show(request, template, who, now=now, done_by=done_by, purpose=purpose, sought=SOUGHT, **values)


async def export_case(console: Console, request: Request) -> Response:
    """The readings of one case as a file."""
    return await _export(console, request, "GET", "/v1/cases/{id}/evidence")


async def export_all(console: Console, request: Request) -> Response:
    """The readings of the last month as a file."""
    return await _export(console, request, "POST", "/v1/reads/export")


async def _export(console: Console, request: Request, method: str, path: str) -> Response:
    if visitor(request) is None:
        return sign_in_first(request)
    found = await console.asked(method, path, request)
    entries = [{"case_id": found.get("case_id"), **each} for each in found["entries"] if each["act"] in READS]
    names, complete = await _names(console, entries), found.get("complete", True)
    text = await asyncio.to_thread(table, entries, names, language(request), complete=complete)
    day = local(console.api.transactions.clock.now()).date()
    headers = {**HEADERS, "Content-Disposition": f'attachment; filename="tilsyn-{day}.csv"'}
    # Spreadsheets take UTF-8 for it only where a byte order mark says so.
    return Response("\ufeff" + text, media_type="text/csv; charset=utf-8", headers=headers)


def table(entries: Iterable[Json], names: Mapping[str, str], lang: Language, *, complete: bool = True) -> str:
    """The readings as rows, each with the number and the hash by which it is found in the case's evidence.

    The last row says so where there were more than one file takes.
    """
    written = io.StringIO()
    rows = csv.writer(written, delimiter=";")
    head = ("tidspunkt", "sag", "sags-id", "navn", "person-id", "handling", "formål", "underretnings-id", "nr", "hash")
    english = ("time", "case", "case id", "name", "person id", "act", "purpose", "report id", "n", "hash")
    rows.writerow(lang.say(*each) for each in zip(head, english, strict=True))
    for each in entries:
        at, actor = local(datetime.fromisoformat(each["at"])), each["actor"] or ""
        case = (words.short(each["case_id"]), each["case_id"])
        said = (done_by(each, lang), purpose(each, lang), each["facts"].get("report_id", ""))
        cells = (f"{at:%Y-%m-%d %H:%M:%S}", *case, names.get(actor, ""), actor, *said, each["n"], each["hash"])
        rows.writerow(_plain(str(cell)) for cell in cells)
    if not complete:
        rows.writerow([lang.say("Der er flere: Hent dem sag for sag.", "There are more: download them case by case.")])
    return written.getvalue()


def _plain(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


async def _names(console: Console, entries: Iterable[Json]) -> dict[str, str]:
    named = {each.get("actor") or each.get("by") for each in entries}
    async with console.api.transactions.begin("read names") as tx:
        return await reading.names(tx.conn, {UUID(each) for each in named if each})


_DONE = {
    "case_viewed": ("åbnede sagen", "opened the case"),
    "case_found": ("fandt sagen: {by}", "found the case: {by}"),
    "report_read": ("læste en underretning: {part}", "read a report: {part}"),
    "reasons_read": ("læste begrundelser", "read reasons"),
    "assessment_read": ("læste en risikovurdering", "read a risk assessment"),
    "printed": ("printede underretning {first}–{last}", "printed reports {first}–{last}"),
    "evidence_read": ("læste sporet", "read the evidence"),
    "unusual_reading": ("▲ læste i {cases} sager på en time", "▲ read in {cases} cases within an hour"),
    "unusual_viewing": ("▲ åbnede {cases} sager på en time", "▲ opened {cases} cases within an hour"),
}
SOUGHT = {
    "reference": ("ved reference", "by reference"),
    "code": ("ved sagens kode", "by the case's code"),
    "child": ("ved CPR-nummer", "by CPR number"),
}
_PARTS = {
    "names": ("navnene", "the names"),
    "all": ("teksten", "the text"),
    "whole": ("teksten, som den blev sendt", "the text as it was sent"),
}
_PURPOSES = {"page": ("tilkaldt", "paged"), **words.PURPOSES}


def done_by(entry: Json, lang: Language) -> str:
    """What somebody did, in words."""
    facts = entry["facts"]
    return lang.say(*_DONE[entry["act"]]).format(
        by=lang.say(*SOUGHT.get(facts.get("by", ""), ("", ""))),
        part=lang.say(*_PARTS.get(facts.get("part", ""), ("", ""))),
        first=facts.get("from_report_no", ""),
        last=facts.get("up_to_report_no", ""),
        cases=facts.get("cases", ""),
    )


def purpose(entry: Json, lang: Language) -> str:
    """Why they looked, as they said it themselves; empty where nobody asked."""
    return lang.say(*_PURPOSES.get(entry["facts"].get("purpose", ""), ("", "")))
