"""The leader's screens: how the rota is changed, whether somebody can be reached now."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from starlette.requests import Request
from starlette.responses import Response

from services.escalation.web.console import NOTHING, Console, Values, onward, sign_in_first, visitor, words
from services.escalation.web.console.bars import days_of, of_reach
from services.escalation.web.console.hold import instant
from services.escalation.web.console.wall import number_in
from services.escalation.web.console.week import rota_screen
from shared.calendar import local
from shared.web.application import fields
from shared.web.language import language
from shared.web.problems import Problem
from shared.web.sign_in import signed_out

Json: TypeAlias = dict[str, Any]
Fields: TypeAlias = Mapping[str, str]
Screen: TypeAlias = Callable[[Console, Request, Values], Awaitable[Response]]


async def reach_screen(console: Console, request: Request) -> Response:
    """Can we reach somebody now? Then the next 72 hours, the first gap first."""
    who = visitor(request)
    if who is None:
        return sign_in_first(request)
    reach = await console.asked("GET", "/v1/reach", request)
    marks = days_of(reach)
    values: Json = {
        "reach": reach,
        "strip": of_reach(reach),
        "marks": marks,
        "now": console.api.transactions.clock.now(),
    }
    days = ", ".join(words.day(local(each).isoweekday(), language(request)) for _, each in marks)
    return console.show(request, "reach.html", who, days=days, **values)


async def change_rota(console: Console, request: Request) -> Response:
    """Add one thing to the rota, or take one away; a rota that somebody changed meanwhile is shown anew."""

    def put(sent: Fields, rota: Json) -> tuple[str, Json]:
        kind = sent.get("kind", "")
        kept = {name: list(rota[name]) for name in ("weekly", "shifts", "swaps", "absences")}
        if kind in kept and "remove" in sent:
            place = sent["remove"]
            kept[kind] = [each for n, each in enumerate(kept[kind]) if str(n) != place]
        elif kind in kept:
            kept[kind].append(_ADDED[kind](sent))
        return "/v1/rota", {"version": number_in(sent, "version"), **kept}

    return await changed(console, request, ("/rota", rota_screen), put, reads="/v1/rota")


async def screen(
    console: Console, request: Request, template: str, *, values: Values = NOTHING, **looks: str
) -> Response:
    """A screen of what the API answers at these addresses. Raises its problems."""
    who = visitor(request)
    if who is None:
        return sign_in_first(request)
    found: Json = {name: await console.asked("GET", path, request) for name, path in looks.items()}
    return console.show(request, template, who, now=console.api.transactions.clock.now(), **found, **values)


async def changed(
    console: Console,
    request: Request,
    screen: tuple[str, Screen],
    put: Callable[[Fields, Json], tuple[str, Json]],
    *,
    reads: str | None,
    method: str = "PUT",
    done: str = "saved",
) -> Response:
    """What a form wants, put to the API; then its screen, with the sentence that tells how it went.

    Refused, it is shown as it now stands, with what was written still in the form.
    """
    address, show = screen
    sent = await fields(request)
    if visitor(request) is None:
        return signed_out(request, console.screens, sent)
    stands = await console.asked("GET", reads, request) if reads else {}
    path, content = put(sent, stands)
    try:
        await console.asked(method, path, request, content)
    except Problem as problem:
        if problem.code in ("not_found", "forbidden"):
            raise
        return await show(console, request, {"status": problem.status, "done": problem.code, "kept": sent})
    return onward(request, address, done=done)


def _span(sent: Fields) -> Json:
    return {"starts_at": instant(sent.get("starts", "")), "ends_at": instant(sent.get("ends", ""))}


def _weekly(sent: Fields) -> Json:
    days = [n for n in range(1, 8) if f"day.{n}" in sent]
    times = {"starts": sent.get("from", ""), "ends": sent.get("to", "")}
    return {"person": sent.get("person", ""), "days": days, **times, "first": sent.get("first", "")}


_ADDED: Mapping[str, Callable[[Fields], Json]] = {
    "weekly": _weekly,
    "shifts": lambda sent: {"person": sent.get("person", ""), "span": _span(sent)},
    "swaps": lambda sent: {"off": sent.get("off", ""), "on": sent.get("on", ""), "span": _span(sent)},
    "absences": lambda sent: {"person": sent.get("person", ""), "span": _span(sent)},
}
