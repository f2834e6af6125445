"""The receipt's pages: what was sent, what happens next, what not to do, how far it has come, what there is to add.

A page holds the two words in hidden fields, so that no cookie is needed and no address carries them.
"""

import asyncio
import json
import secrets as random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from services.intake.domain.receipt import Words, address_for, advice, report_at, words_for
from services.intake.handlers.receipt import progress
from services.intake.handlers.report import Accepted, copy_of, recall
from services.intake.store.receipt import Followed
from services.intake.web.fields import fields_in, fields_of
from services.intake.web.reports import Door, NoReceipt, answer, find
from services.intake.web.sections import checked
from shared.events.codes import AgeBand, ReporterKind
from shared.ids import ReportId
from shared.web.application import BODY_LIMIT
from shared.web.language import Language, Who, language
from shared.web.problems import Unavailable
from shared.web.screens import HEADERS, Screens, for_people

_LOOK = 1.0
_LOOKS = 600
"""How many looks a stream lasts; the page then opens another one."""
_QUIET = 15
_MOST_STREAMS = 300
_MOST_OF_ONE = 5
"""Live pages of one receipt: who has its words must not take the places of all others."""


def routes(door: Door, screens: Screens) -> list[Route]:
    """The routes."""
    live = Live(door, screens)
    return [
        Route("/receipt", partial(_ask, screens), methods=["GET"]),
        Route("/receipt/page/{address}", partial(_again, door, screens), methods=["GET"]),
        Route("/receipt/copy", partial(_or_mismatch, partial(_copy, door, screens), screens), methods=["POST"]),
        Route("/receipt", partial(_or_mismatch, partial(_show, door, screens), screens), methods=["POST"]),
        Route("/receipt/additions", partial(_or_mismatch, partial(_add, door, screens), screens), methods=["POST"]),
        Route("/receipt/events", partial(_or_mismatch, live.stream, screens), methods=["POST"]),
    ]


async def _ask(screens: Screens, request: Request) -> Response:
    return screens.page(request, "find.html", mismatch=False, words=Words("", ""))


async def _or_mismatch(act: Callable[[Request], Awaitable[Response]], screens: Screens, request: Request) -> Response:
    """Do the act; words that open nothing lead to the same page, whatever is wrong. It keeps what was typed."""
    try:
        return await act(request)
    except NoReceipt as no:
        return screens.page(request, "find.html", status=404, mismatch=True, words=no.words)


async def _show(door: Door, screens: Screens, request: Request) -> Response:
    found = await find(door, _words(await fields_of(request)))
    return await _shown(door, screens, request, found.report_id)


async def _again(door: Door, screens: Screens, request: Request) -> Response:
    """The receipt by its address, as long as that lasts; then by its words."""
    now = door.transactions.clock.now()
    report_id = report_at(request.path_params["address"], door.secrets.lookup, now)
    if report_id is None:
        return RedirectResponse(_here("/receipt", request), 303)
    return await _page(door, screens, request, report_id)


async def _shown(door: Door, screens: Screens, request: Request, report_id: ReportId) -> Response:
    """The receipt. A browser that goes to it is led to an address that Back and a reload can open again.

    A script of ours asks without going there: its page keeps its address, and its tab the words.
    """
    if request.headers.get("sec-fetch-mode", "navigate") != "navigate":
        return await _page(door, screens, request, report_id)
    address = address_for(report_id, door.secrets.lookup, door.transactions.clock.now())
    return RedirectResponse(_here(f"/receipt/page/{address}", request), 303)


def _here(path: str, request: Request) -> str:
    lang = language(request)
    return path if lang is Language.DANISH else f"{path}?lang={lang}"


async def _copy(door: Door, screens: Screens, request: Request) -> Response:
    """What was sent, for the file of a workplace: to reporters who are proven to report for their work alone."""
    words = _words(await fields_of(request))
    found = await find(door, words)
    if not found.informed:
        raise NoReceipt(words)
    all_of_it = [each.report_id for each in await progress(door.transactions, found.report_id)]
    lang = language(request)
    copies = await copy_of(door.transactions, door.secrets, all_of_it)
    sent = await asyncio.to_thread(lambda: [(at, checked(fields_in(body), lang)) for at, body in copies])
    own = words_for(found.report_id, door.secrets.lookup)
    return screens.page(request, "copy.html", sent=sent, reference=own.reference)


async def _add(door: Door, screens: Screens, request: Request) -> Response:
    """Store what there was to add as a report of its own, in the same case."""
    fields = await fields_of(request)
    found = await find(door, _words(fields))
    text = fields.get("text", "")
    raw = json.dumps({"text": text}, ensure_ascii=False).encode("utf-8", "surrogatepass")
    if len(raw) > BODY_LIMIT or not text.strip():
        return await _page(door, screens, request, found.report_id, text=text)
    key = fields.get("key") or None
    accepted = await door.accept(request, raw, key=key, adds_to=found.report_id)
    if not for_people(request):
        return JSONResponse(answer(accepted, door.secrets), 201)
    return await _shown(door, screens, request, found.report_id)


async def _page(door: Door, screens: Screens, request: Request, report_id: ReportId, *, text: str = "") -> Response:
    accepted = await recall(door.transactions, door.secrets, report_id)
    told = await progress(door.transactions, report_id)
    return _receipt(door, screens, request, accepted, told, text=text)


async def sent(door: Door, screens: Screens, request: Request, accepted: Accepted) -> Response:
    """The receipt as the answer to *Send*."""
    return await _shown(door, screens, request, accepted.report_id)


def _receipt(
    door: Door, screens: Screens, request: Request, accepted: Accepted, told: Sequence[Followed], *, text: str = ""
) -> Response:
    draft = accepted.draft
    band = draft.children[0].age_band if draft.children else AgeBand.UNKNOWN
    return screens.page(
        request,
        "receipt.html",
        status=413 if text.strip() else 200,
        words=words_for(accepted.report_id, door.secrets.lookup),
        received_at=accepted.received_at,
        advice=advice(draft.signs, draft.reporter_kind, conflict_declared=draft.conflict_declared),
        who=Who.of(band),
        adult=band is AgeBand.ADULT,
        mine=draft.reporter_kind is ReporterKind.SELF,
        private=draft.reporter_kind in (ReporterKind.FAMILY, ReporterKind.OTHER),
        key=random.token_urlsafe(16),
        text=text,
        reports=told,
        now=door.transactions.clock.now(),
    )


def _words(fields: Mapping[str, str]) -> Words:
    return Words(fields.get("reference", ""), fields.get("code", ""))


@dataclass(slots=True)
class Live:
    """Tells open receipt pages what happens, as Server-Sent Events; a page that is told nothing asks again by hand."""

    door: Door
    screens: Screens
    open: Counter[ReportId] = field(default_factory=Counter)

    async def stream(self, request: Request) -> Response:
        """The progress now, and again whenever it changes."""
        found = await find(self.door, _words(await fields_of(request)))
        if self._full(found.report_id):
            raise Unavailable("Too many pages are open. Ask again.")
        return StreamingResponse(
            self._events(found.report_id, language(request)), headers=HEADERS, media_type="text/event-stream"
        )

    def _full(self, report_id: ReportId) -> bool:
        return self.open[report_id] >= _MOST_OF_ONE or self.open.total() >= _MOST_STREAMS

    async def _events(self, report_id: ReportId, lang: Language) -> AsyncIterator[str]:
        if self._full(report_id):
            return
        self.open[report_id] += 1
        try:
            before = None
            for look in range(_LOOKS):
                told = await progress(self.door.transactions, report_id)
                now = self.door.transactions.clock.now()
                html = self.screens.html("progress.html", lang, path="/receipt", reports=told, now=now)
                if html != before:
                    yield "".join(f"data: {line}\n" for line in html.splitlines()) + "\n"
                elif look % _QUIET == 0:
                    yield ":\n\n"
                before = html
                await asyncio.sleep(_LOOK)
        finally:
            self.open -= Counter([report_id])
