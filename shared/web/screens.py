"""Screens: pages for people, drawn by Jinja2 on the design system, alike in both services that have them.

A service makes one `Screens` with its own `templates/` and `static/` beside its routes. Its templates extend
`page.html` and say every sentence in both languages at once: `{{ say("Ring {duty}.", "Call {duty}.") }}`. What is said
is a constant of ours; values are handed to it and are escaped, whatever people wrote into them.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import BaseRoute

from shared.settings import ScreenSettings
from shared.web.assets import Assets
from shared.web.language import Language, Who, language

_SHARED = Path(__file__).parent / "templates"
ALARM = Markup('<a class="tel" href="tel:112">112</a>')
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
"""Beside what every answer has (`no-store`, `no-referrer`, `nosniff`): nothing from elsewhere, no script in a page."""


class Screens:
    """A service's screens. `folder` holds its `templates` and `static`."""

    def __init__(self, folder: Path, settings: ScreenSettings, more: Mapping[str, Any] | None = None) -> None:
        """`more` is what the service's own pages have besides, by name."""
        self.settings = settings
        self.assets = Assets(folder / "static")
        self._templates = Environment(
            loader=ChoiceLoader([FileSystemLoader(folder / "templates"), FileSystemLoader(_SHARED)]),
            autoescape=True,
            undefined=StrictUndefined,
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals |= {
            "say": _say,
            "about": _about,
            "static": self.assets.url,
            "icon": self._icon,
            "site": settings.site,
            "duty": tel(settings.duty_phone),
            "alarm": ALARM,
            **(more or {}),
        }

    @property
    def routes(self) -> list[BaseRoute]:
        """What the pages fetch."""
        return [self.assets.route()]

    def page(
        self,
        request: Request,
        template: str,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **values: Any,
    ) -> HTMLResponse:
        """A page, or a part of one for a page that is already there, in the request's language."""
        path = "/" + quote(request.scope["path"].lstrip("/"))
        query = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]
        html = self.html(template, language(request), path=path, query=query, **values)
        return HTMLResponse(html, status, {**HEADERS, **(headers or {})})

    def html(
        self, template: str, lang: Language, *, path: str, query: Sequence[tuple[str, str]] = (), **values: Any
    ) -> str:
        """The text of a page.

        Always there are `lang`, `path`, `other` (this page in the other language) and `here` (an address of ours in
        this one).
        """
        suffix = "" if lang is Language.DANISH else f"?lang={lang}"
        asked = [*query, ("lang", lang.other.value)] if lang is Language.DANISH else query
        other = f"{path}?{urlencode(asked)}" if asked else path
        return self._templates.get_template(template).render(
            lang=lang, path=path, other=other, here=_with(suffix), **values
        )

    def _icon(self, name: str, kind: str = "") -> Markup:
        """An icon of the design system, drawn in the page; words beside it say the same."""
        svg = self.assets.text(f"dkfds/img/svg-icons/{name}.svg")
        return Markup(svg.replace("<svg ", f'<svg class="icon-svg {kind}" aria-hidden="true" focusable="false" ', 1))


@pass_context
def _say(context: Context, danish: str, english: str, **values: Any) -> Markup:
    """A sentence in the page's language. `{duty}` and `{alarm}` are phone numbers to tap."""
    known = {"duty": context["duty"], "alarm": ALARM}
    return Markup(context["lang"].say(danish, english)).format(**known, **values)


@pass_context
def _about(context: Context, danish: str, english: str, own: tuple[str, str] = ("", "")) -> Markup:
    """A sentence about `{b}`: named as the page's `who`, or in all four ways while the page does not know the age.

    `own` are the words for a reader whom the sentence is about: where `mine` says so, or beside the other ways.
    """
    lang: Language = context["lang"]
    sentence, to_oneself = lang.say(danish, english), lang.say(*own)
    if (who := context.get("who")) is not None:
        return escape(to_oneself if to_oneself and context.get("mine") else who.named(sentence, lang))
    named = [(each.value, each.named(sentence, lang)) for each in Who] if "{b}" in sentence else [("any", sentence)]
    if len(named) == 1 and not to_oneself:
        return escape(sentence)
    others = " other" if to_oneself else ""
    ways = [Markup('<span class="who {}{}">{}</span>').format(name, others, words) for name, words in named]
    if to_oneself:
        ways.append(Markup('<span class="who own">{}</span>').format(to_oneself))
    return Markup("").join(ways)


def _with(suffix: str) -> Callable[[str], str]:
    return lambda path: path + suffix


def tel(number: str) -> Markup:
    """A phone number to tap."""
    return Markup('<a class="tel" href="tel:{}">{}</a>').format(re.sub(r"[^0-9+]", "", number), number)


def same_origin(request: Request) -> bool:
    """Whether a page of ours sent this request: to be asked before any act that a cookie stands for (CSRF).

    Browsers say so themselves (Fetch Metadata); those that do not, name the origin. Neither said: not ours.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    return request.headers.get("origin") == f"{request.url.scheme}://{request.url.netloc}"


def for_people(request: Request) -> bool:
    """Whether a browser asks for a page, and not a program for data."""
    return "text/html" in request.headers.get("accept", "")
