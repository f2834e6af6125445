"""The reporter's form: one page, a check page, *Send*. Without JavaScript what was written travels in hidden fields.

Nothing is kept here between the pages, nothing is mandatory, and nobody is asked who they are: it sets no cookies.
"""

import gzip
import secrets as random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from services.intake.web.drafts import DraftKeys
from services.intake.web.fields import body_of, fields_of
from services.intake.web.questions import Question, questions
from services.intake.web.receipt import sent
from services.intake.web.reports import Door, answer, canary_of
from services.intake.web.sections import (
    FIELDS,
    MOST_SIBLINGS,
    PARTS,
    SECTIONS,
    SUSPECTED,
    checked,
    is_asked,
    sibling,
    siblings,
    unread_cprs,
    who_of,
    without_sibling,
)
from shared.postgres.again import once_more
from shared.postgres.faults import INFRASTRUCTURE
from shared.telemetry.logging import error_code, log
from shared.web.application import BODY_LIMIT, body
from shared.web.language import Language, language
from shared.web.problems import TooLarge
from shared.web.screens import HEADERS, Screens, for_people
from shared.web.sign_in import Desk, signed_in

_CLEAR = {"Clear-Site-Data": '"cache", "storage"'}
"""Not `"cookies"`: those of every host under the same domain would go, the neighbours' too."""
_NOT_THE_CONCERN = frozenset({"kind", "age", *(field.name for field in PARTS["reporter"].fields)})
"""A report that answers nothing beside these is empty: it is warned of, and sent all the same."""


@dataclass(frozen=True, slots=True)
class Form:
    """What the form's pages stand on. `empty` is the empty form in each language, plain and compressed, drawn once."""

    door: Door
    screens: Screens
    shared_devices: bool
    desk: Desk | None
    empty: Mapping[Language, tuple[bytes, bytes]]


def routes(door: Door, screens: Screens, *, shared_devices: bool, desk: Desk | None = None) -> list[Route]:
    """The routes."""
    may_sign_in = desk is not None and not shared_devices
    empty = {lang: _empty(screens, lang, shared_devices=shared_devices, may_sign_in=may_sign_in) for lang in Language}
    form = Form(door, screens, shared_devices, desk, empty)
    drafts = DraftKeys(door.secrets.lookup, door.transactions.clock)
    return [
        Route("/", partial(_get, form), methods=["GET"]),
        Route("/", partial(_again, form), methods=["POST"]),
        Route("/check", partial(_check, form), methods=["POST"]),
        Route("/ask", partial(_ask, form), methods=["POST"]),
        Route("/send", partial(_send, form), methods=["POST"]),
        Route("/draft", partial(_draft, drafts), methods=["POST"]),
        Route("/paper", partial(_paper, form), methods=["GET"]),
        Route("/oplysninger", partial(_page, form, "privacy.html"), methods=["GET"]),
        Route("/tilgaengelighed", partial(_page, form, "accessibility.html"), methods=["GET"]),
        Route("/exit", partial(_exit, screens, desk), methods=["GET"]),
    ]


def _empty(screens: Screens, lang: Language, *, shared_devices: bool, may_sign_in: bool) -> tuple[bytes, bytes]:
    values = _form({}, shared_devices=shared_devices, may_sign_in=may_sign_in)
    page = screens.html("form.html", lang, path="/", **values).encode()
    return page, gzip.compress(page, mtime=0)


def _form(
    values: Mapping[str, str],
    *,
    shared_devices: bool,
    may_sign_in: bool = False,
    is_signed_in: bool = False,
    filled_in: bool = False,
) -> dict[str, Any]:
    """What the form's template needs. On devices that people share, nobody's own details are offered either."""
    own = ("name", "organization-title", "tel")
    kept = ("off",) * len(own) if shared_devices else own
    there = siblings(values)
    return {
        "sections": SECTIONS,
        "values": values,
        "answered_before": {field.name: values[field.name] for field in SUSPECTED.fields if field.name in values},
        "filled_in": filled_in,
        "is_signed_in": is_signed_in,
        "may_sign_in": may_sign_in,
        "siblings": there,
        "unread": unread_cprs(values),
        "next_sibling": sibling(len(there) // 2 + 1),
        **dict(zip(("own_name", "own_work", "own_tel"), kept, strict=True)),
    }


async def _get(form: Form, request: Request) -> Response:
    """The empty form: the same bytes for everybody, so that they may be compressed; with their own name for staff."""
    if _is_known(request):
        own = await _own(form, request)
        values = _form(own, shared_devices=form.shared_devices, is_signed_in=True, filled_in=bool(own))
        return form.screens.page(request, "form.html", **values)
    plain, compressed = form.empty[language(request)]
    headers = {**HEADERS, "Vary": "Accept-Encoding"}
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(plain, headers=headers, media_type="text/html")
    return Response(compressed, headers=headers | {"Content-Encoding": "gzip"}, media_type="text/html")


def _is_known(request: Request) -> bool:
    """Whether whoever asks is signed in; not where that cannot be found out: the form is there all the same."""
    try:
        return signed_in(request) is not None
    except INFRASTRUCTURE:
        return False


async def _own(form: Form, request: Request) -> dict[str, str]:
    """What the sign-in says of whoever is signed in. Nothing on devices that people share: it may be a colleague's."""
    if form.desk is None or form.shared_devices:
        return {}
    said = (await form.desk.kept(request)).details
    own = {"reporter_name": said.name, "workplace": said.institution}
    return {name: value for name, value in own.items() if value}


async def _again(form: Form, request: Request) -> Response:
    """The form as it was left: to change something, read on in the other language, add or remove a sibling."""
    fields = await fields_of(request)
    values = _known(fields)
    if fields.get("add") == "sibling" and len(siblings(values)) < 2 * MOST_SIBLINGS:
        values |= {field.name: "" for field in sibling(len(siblings(values)) // 2 + 1)}
    elif fields.get("remove", "").isdecimal():
        values = without_sibling(values, int(fields["remove"]))
    shown = _form(values, shared_devices=form.shared_devices, is_signed_in=_is_known(request))
    return form.screens.page(request, "form.html", **shown)


async def _check(form: Form, request: Request) -> Response:
    values = _told(await fields_of(request))
    asked = await _questions(form, request, values)
    return _check_page(form, request, values, key=random.token_urlsafe(16), asked=asked)


async def _ask(form: Form, request: Request) -> Response:
    """The questions for the check page of a browser that draws it itself."""
    asked = await _questions(form, request, _told(await fields_of(request)))
    return form.screens.page(request, "asked.html", questions=asked, fields=FIELDS, of_form="report")


async def _questions(form: Form, request: Request, values: Mapping[str, str]) -> list[Question]:
    """What to ask about a report before it is sent; nothing of it is stored."""
    return await questions(body_of(values), form.door.worker, form.door.transactions.clock, language(request))


def _check_page(
    form: Form,
    request: Request,
    values: Mapping[str, str],
    *,
    key: str,
    asked: Sequence[Question] = (),
    trouble: int = 0,
) -> Response:
    given = {name: value for name, value in values.items() if value.strip()}
    return form.screens.page(
        request,
        "check.html",
        status=trouble or 200,
        values=given,
        empty=not given.keys() - _NOT_THE_CONCERN,
        key=key,
        questions=asked,
        fields=FIELDS,
        trouble=trouble,
        who=who_of(given),
        rows=checked(given, language(request)),
        unread=unread_cprs(given),
    )


async def _send(form: Form, request: Request) -> Response:
    """Store the report; the same key and words are the same report, however often they arrive."""
    fields = await fields_of(request)
    raw = body_of(_told(fields))
    key = fields.get("key") or None
    try:
        if len(raw) > BODY_LIMIT:
            raise TooLarge(BODY_LIMIT)
        accepted = await canary_of(form.door, request)
        if accepted is None:
            accepted = await once_more(lambda: form.door.accept(request, raw, key=key))
    except Exception as error:  # a fault of ours too: what was written must not be gone
        log().error("report.not_accepted", error=error_code(error))
        if not for_people(request):
            raise
        trouble = 413 if isinstance(error, TooLarge) else 503
        return _check_page(form, request, _known(fields), key=key or random.token_urlsafe(16), trouble=trouble)
    if not for_people(request):
        return JSONResponse(answer(accepted, form.door.secrets), 201)
    return await sent(form.door, form.screens, request, accepted)


def _known(fields: Mapping[str, str]) -> dict[str, str]:
    """The fields that are the form's, in its order."""
    names = [*FIELDS, *(field.name for n in range(1, MOST_SIBLINGS + 1) for field in sibling(n))]
    return {name: fields[name] for name in names if name in fields}


def _told(fields: Mapping[str, str]) -> dict[str, str]:
    """Those that are sent: what the other answers leave on the page."""
    known = _known(fields)
    return {name: value for name, value in known.items() if name not in FIELDS or is_asked(FIELDS[name], known)}


async def _draft(drafts: DraftKeys, request: Request) -> Response:
    """The key to a draft that a tab keeps sealed: a new one, or the one of the draft that is named."""
    named = (await body(request, 200)).decode("ascii", "replace")
    draft = drafts.opened(named) if named else drafts.new()
    return JSONResponse({"draft": draft.id, "key": draft.key} if draft else {}, 200 if draft else 410)


async def _paper(form: Form, request: Request) -> Response:
    return form.screens.page(request, "paper.html", sections=SECTIONS, siblings=sibling(1))


async def _page(form: Form, template: str, request: Request) -> Response:
    return form.screens.page(request, template)


async def _exit(screens: Screens, desk: Desk | None, _request: Request) -> Response:
    """Away from here, and nothing of ours left behind in this browser."""
    response = RedirectResponse(screens.settings.exit_url, 303, {**HEADERS, **_CLEAR})
    if desk is not None:
        desk.forget(response)
    return response
