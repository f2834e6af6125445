"""The published rules: JSON for programs, a page in Danish for people. Open to everybody, since they hold no case."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.triage.domain import Rule, RuleSet, Tense, Term
from services.triage.rules import VERSIONS, newest, rule_set
from shared.events.codes import Level
from shared.signs import SIGNS
from shared.web.problems import Problem

_FOLDER = Path(__file__).parent
_PAGES = Environment(loader=FileSystemLoader(_FOLDER), autoescape=True, trim_blocks=True, lstrip_blocks=True)
_PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Vary": "Accept",
}
_LEVELS = {Level.ACUTE: "Akut", Level.HIGH: "Høj", Level.ELEVATED: "Forhøjet", Level.LOW: "Lav"}


async def get_rules(request: Request) -> Response:
    """The versions there are; a person is shown the newest."""
    if _wants_page(request):
        return _page(newest())
    versions = [{"version": version, "url": f"/rules/{version}"} for version in VERSIONS]
    return JSONResponse({"newest": VERSIONS[-1], "versions": versions}, headers={"Vary": "Accept"})


async def get_rule_set(request: Request) -> Response:
    """One version, whole."""
    version = request.path_params["version"]
    if version not in VERSIONS:
        raise Problem(404, "no_such_rule_set", f"There are {', '.join(map(str, VERSIONS))}.")
    if _wants_page(request):
        return _page(rule_set(version))
    return JSONResponse(published(rule_set(version)), headers={"Vary": "Accept"})


async def get_style(_request: Request) -> Response:
    """The style of the page."""
    return Response((_FOLDER / "rules.css").read_text(encoding="utf-8"), media_type="text/css")


ROUTES = (
    Route("/rules", get_rules),
    Route("/rules/style.css", get_style),
    Route("/rules/{version:int}", get_rule_set),
)


def published(rules: RuleSet) -> dict[str, Any]:
    """A rule set with everything that is needed to rate by hand: its rules, and the words of the signs they name."""
    named = {sign for rule in rules.rules for sign in (*rule.signs, *rule.unanswered)}
    return {
        "version": rules.version,
        "published": rules.published.isoformat(),
        "changes": [_change(each) for each in _until(rules)],
        "levels": [level.value for level in sorted(Level, key=lambda level: -level.rank)],
        "reading": _READING,
        "rules": [_rule(rule) for rule in rules.by_level],
        "signs": {id: {"danish": SIGNS[id].danish, "english": SIGNS[id].english} for id in SIGNS if id in named},
    }


def _until(rules: RuleSet) -> list[RuleSet]:
    """This version and those before it, newest first."""
    return [rule_set(version) for version in reversed(VERSIONS) if version <= rules.version]


def _change(rules: RuleSet) -> dict[str, Any]:
    published = {"version": rules.version, "published": rules.published.isoformat()}
    return {**published, "danish": rules.changes[0], "english": rules.changes[1]}


_READING = (
    "The rating is the highest level of the rules that hold; low when none does. A sign stands at the highest of what "
    "all reports of the case and of linked cases say of it: denied < unknown < said. A rule holds when every list in "
    "one_of_each has a sign that was said, and at least `different` different signs in all. when: now is whatever is "
    "not said to be of earlier, ever is either. within_days: the sign's date is at most so many days after the day of "
    "as_of in Copenhagen, or has passed; undated: a sign without a date counts too. minors_only: a child is under 18 "
    "or of unknown age. unanswered: the rule holds instead when one of these was neither said of now nor denied, or "
    "when a text could not be read. How many reports there are is never counted."
)


def _rule(rule: Rule) -> dict[str, Any]:
    texts = {"id": rule.id, "level": rule.level.value, "danish": rule.danish, "english": rule.english}
    if rule.unanswered:
        return {**texts, "source": rule.source, "unanswered": list(rule.unanswered)}
    return {
        **texts,
        "source": rule.source,
        "one_of_each": [[_term(term) for term in group] for group in rule.one_of_each],
        "different": rule.different,
        "minors_only": rule.minors_only,
    }


def _term(term: Term) -> dict[str, Any]:
    dated = {} if term.within_days is None else {"within_days": term.within_days, "undated": term.undated}
    return {"sign": term.sign, "when": term.tense.value, **dated}


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


def _page(rules: RuleSet) -> Response:
    levels = [
        (level.value, name, [rule for rule in rules.rules if rule.level is level]) for level, name in _LEVELS.items()
    ]
    page = _PAGES.get_template("rules.html").render(
        rules=rules, levels=levels, log=_until(rules), newest=VERSIONS[-1], words=_words, signs=SIGNS
    )
    return Response(page, media_type="text/html", headers=_PAGE_HEADERS)


def _words(term: Term) -> str:
    """A sign as a rule asks for it, in Danish."""
    words = SIGNS[term.sign].danish
    if term.tense is not Tense.EVER:
        words += " – aktuelt" if term.tense is Tense.NOW else " – tidligere"
    if term.within_days is not None:
        words += f" – om højst {term.within_days} dage" + (" eller uden kendt dato" if term.undated else "")
    return words
