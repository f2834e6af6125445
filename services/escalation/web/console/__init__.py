"""The console: what a consultant, a person with authority or a leader sees, on a phone at night and on a desk by day.

Screens read what the API tells; forms post to the API's own acts, so that there is one way to do a thing.
"""

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from services.escalation.domain.access import ANSWERS
from services.escalation.web.api import Api
from services.escalation.web.console import words
from services.escalation.web.console.text import literally
from services.escalation.web.disclosures import Disclosures
from shared.auth.people import Person
from shared.calendar import local
from shared.clock import Clock
from shared.settings import ScreenSettings
from shared.web.application import with_body
from shared.web.language import language
from shared.web.screens import Screens
from shared.web.sign_in import sign_in_address, signed_in

Door: TypeAlias = Callable[[Request], Awaitable[Response]]
Values: TypeAlias = Mapping[str, Any]
"""What a screen is shown with: `status`, `done`, `kept`, where a form was refused."""
NOTHING: Values = MappingProxyType({})


def doors_of(routes: Iterable[BaseRoute]) -> dict[tuple[str, str], Door]:
    """The acts behind the API's routes."""
    return {
        (method, route.path): route.endpoint
        for route in routes
        if isinstance(route, Route)
        for method in route.methods or ()
    }


def with_content(request: Request, content: bytes, *, kind: str = "application/json") -> Request:
    """The same request with another body: a screen asks the API in the person's name."""
    others = [(name, value) for name, value in request.scope["headers"] if name != b"content-type"]
    asked = with_body(request, content)
    asked.scope["headers"] = [*others, (b"content-type", kind.encode())]
    return asked


def without_content(request: Request) -> Request:
    """The same request without its body, which has been read."""
    return with_content(request, b"")


@dataclass(frozen=True, slots=True)
class Console:
    """What the screens are given."""

    api: Api
    screens: Screens
    disclosures: Disclosures
    doors: Mapping[tuple[str, str], Door]
    """The API's acts by method and path: what a form posts to, and where a screen looks."""

    async def asked(self, method: str, path: str, request: Request, content: Any = None) -> dict[str, Any]:
        """What the API answers this person. Raises its problems."""
        answer = await self.doors[method, path](with_content(request, json.dumps(content).encode()))
        told: dict[str, Any] = json.loads(bytes(answer.body)) if answer.body else {}
        return told

    def show(self, request: Request, template: str, who: Person, *, status: int = 200, **values: Any) -> Response:
        """A screen.

        `sees_cases`: whether the person may see any. `done` says how a form went, `kept` what was written in one that
        was refused.
        """
        how = {"done": request.query_params.get("done", ""), "kept": {}}
        return self.screens.page(
            request,
            template,
            status=status,
            who=who,
            sees_cases=bool(who.roles & ANSWERS),
            words=words,
            literally=literally,
            **how | values,
        )


def screens_of(settings: ScreenSettings, clock: Clock) -> Screens:
    """The console's pages, those that tell of an error or a sign-in too.

    All are dark from 20 to 07, whatever the device says: nobody is woken by a white page.
    """

    def at_night() -> bool:
        hour = local(clock.now()).hour
        return hour >= 20 or hour < 7

    return Screens(Path(__file__).parents[1], settings, {"at_night": at_night})


def onward(request: Request, path: str, *, done: str) -> Response:
    """To a screen in the language of the form, with the sentence that tells how it went."""
    lang = language(request)
    return RedirectResponse(f"{path}?done={done}" + lang.say("", f"&lang={lang}"), 303)


def sign_in_first(request: Request) -> Response:
    """To the sign-in, and back here."""
    return RedirectResponse(sign_in_address(request), 303)


def visitor(request: Request) -> Person | None:
    """Who is signed in."""
    return signed_in(request)
