"""*Drift*: what an operator looks at first: the services, what waits or is set aside, who can be reached."""

from typing import Any, NamedTuple, TypeAlias

from starlette.requests import Request
from starlette.responses import Response

from services.escalation.web.console import Console, sign_in_first, visitor, words
from shared.web.language import Language, language

Json: TypeAlias = dict[str, Any]


class Line(NamedTuple):
    """A figure in words. `bad`: somebody should look."""

    text: str
    value: str
    bad: bool


_FIGURES = {
    "beredskab.escalation.unanswered": ("Sager, som ingen har svaret på", "Cases that nobody has answered", "n", 0),
    "beredskab.escalation.unanswered.age": ("Den ældste af dem, der haster", "The oldest urgent one", "age", 900),
    "beredskab.escalation.overdue": ("Det næste skridt er forsinket", "The next step is late", "age", 60),
    "beredskab.nobody.reachable": ("Sager, hvor ingen kunne nås", "Cases about which nobody was reached", "n", 1),
    "beredskab.deadline.missed": ("Frister overskredet det sidste døgn", "Deadlines missed in the last day", "n", 1),
    "beredskab.parked": ("Hændelser, der er lagt til side", "Events set aside", "n", 1),
    "beredskab.set.aside": ("Rækker, der ikke kunne behandles", "Rows that could not be worked on", "n", 1),
    "beredskab.outbox.rows": ("Hændelser, der venter på Kafka", "Events that wait for Kafka", "n", 0),
    "beredskab.outbox.age": ("Den ældste af dem", "The oldest of them", "age", 60),
    "beredskab.outbox.stuck": ("Hændelser, som Kafka afviser", "Events that Kafka refuses", "n", 1),
    "beredskab.canary.age": ("Siden den sidste prøve kom hele vejen", "Since the last trial went the whole way", "age",
                             1800),
    "beredskab.viewing.unusual": ("Personer, der læser usædvanligt meget", "People who read unusually much", "n", 1),
}  # fmt: skip
"""Each in both languages, a number or an age in seconds, and from where on somebody should look; 0 is never."""


async def operations_screen(console: Console, request: Request) -> Response:
    """The services, the figures, and the reach of the next hours."""
    who = visitor(request)
    if who is None:
        return sign_in_first(request)
    told = await console.asked("GET", "/v1/operations", request)
    reach = await console.asked("GET", "/v1/reach", request)
    values: Json = {"services": told["services"], "lines": lines(told["figures"], language(request)), "reach": reach}
    return console.show(request, "operations.html", who, now=console.api.transactions.clock.now(), **values)


def lines(figures: Json, lang: Language) -> list[Line]:
    """The figures that are there, in words."""
    found = []
    for name, (danish, english, kind, bad_from) in _FIGURES.items():
        if name in figures:
            value = figures[name]
            said = str(int(value)) if kind == "n" else _age(value, lang)
            found.append(Line(lang.say(danish, english), said, bool(bad_from) and value >= bad_from))
    return found


def _age(seconds: float, lang: Language) -> str:
    if seconds < 60:
        return lang.say("under et minut", "less than a minute") if seconds else "–"
    return words.wait(int(seconds // 60), lang)
