"""The published rules: JSON for programs, a page for people. Open to everybody, since they hold no case."""

from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.triage.domain import GRADED, Rule, RuleSet, Tense, Term
from services.triage.rules import VERSIONS, newest, rule_set
from shared.events.codes import Level
from shared.signs import SIGNS, Sign
from shared.web.language import Language
from shared.web.problems import Problem
from shared.web.screens import Screens, for_people

_VARY = {"Vary": "Accept"}
_LEVELS = {
    Level.ACUTE: ("Akut", "Acute"),
    Level.HIGH: ("Høj", "High"),
    Level.ELEVATED: ("Forhøjet", "Elevated"),
    Level.LOW: ("Lav", "Low"),
}


def routes(screens: Screens) -> list[Route]:
    """The routes."""
    return [
        Route("/rules", partial(_get_rules, screens)),
        Route("/rules/{version:int}", partial(_get_rule_set, screens)),
    ]


async def _get_rules(screens: Screens, request: Request) -> Response:
    """The versions there are; a person is shown the newest."""
    if for_people(request):
        return _page(screens, request, newest())
    versions = [{"version": version, "url": f"/rules/{version}"} for version in VERSIONS]
    return JSONResponse({"newest": VERSIONS[-1], "versions": versions}, headers=_VARY)


async def _get_rule_set(screens: Screens, request: Request) -> Response:
    """One version, whole."""
    version = request.path_params["version"]
    if version not in VERSIONS:
        raise Problem(404, "no_such_rule_set", f"There are {', '.join(map(str, VERSIONS))}.")
    if for_people(request):
        return _page(screens, request, rule_set(version))
    return JSONResponse(published(rule_set(version)), headers=_VARY)


def published(rules: RuleSet) -> dict[str, Any]:
    """A rule set with everything that is needed to rate by hand: its rules, and the words of the signs they name."""
    corrected = source_corrected_in(rules)
    named = {sign for rule in rules.rules for sign in (*rule.signs, *rule.unanswered)}
    return {
        "version": rules.version,
        "published": rules.published.isoformat(),
        "changes": [_change(each) for each in _until(rules)],
        "levels": [level.value for level in sorted(Level, key=lambda level: -level.rank)],
        "reading": _READING,
        "rules": [_rule(rule, corrected.get(rule.id)) for rule in rules.by_level],
        "signs": {id: _sign(SIGNS[id]) for id in SIGNS if id in named},
    }


def _sign(sign: Sign) -> dict[str, str]:
    return {"danish": sign.danish, "english": sign.english, "tier": sign.tier}


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
    "when a text could not be read. suspected: the rule holds instead when the reader thinks that a text tells of a "
    "sign of this tier (any: of any sign), and nobody has answered it with yes or no. From rule set 3 on it is "
    "unknown to every other rule, what the reader is sure of is said, and only people deny. How many reports there are "
    "is never counted."
)


def source_corrected_in(rules: RuleSet) -> dict[str, int]:
    """Find the first later version that corrects each rule's source, by rule id: an old version is never edited."""
    later = [rule_set(version) for version in VERSIONS if version > rules.version]
    return {
        rule.id: min(each.version for each in later if rule.id in each.sources and each.sources[rule.id] != rule.source)
        for rule in rules.rules
        if any(each.sources.get(rule.id, rule.source) != rule.source for each in later)
    }


def _rule(rule: Rule, corrected_in: int | None) -> dict[str, Any]:
    texts = {"id": rule.id, "level": rule.level.value, "danish": rule.danish, "english": rule.english}
    source = {"source": rule.source, **({"source_corrected_in": corrected_in} if corrected_in else {})}
    if rule.unanswered:
        return {**texts, **source, "unanswered": list(rule.unanswered)}
    if rule.suspected:
        return {**texts, **source, "suspected": rule.suspected}
    return {
        **texts,
        **source,
        "one_of_each": [[_term(term) for term in group] for group in rule.one_of_each],
        "different": rule.different,
        "minors_only": rule.minors_only,
    }


def _term(term: Term) -> dict[str, Any]:
    dated = {} if term.within_days is None else {"within_days": term.within_days, "undated": term.undated}
    return {"sign": term.sign, "when": term.tense.value, **dated}


def _page(screens: Screens, request: Request, rules: RuleSet) -> Response:
    levels = [
        (level.value, name, [rule for rule in rules.rules if rule.level is level]) for level, name in _LEVELS.items()
    ]
    return screens.page(
        request,
        "rules.html",
        headers=_VARY,
        rules=rules,
        levels=levels,
        log=_until(rules),
        newest=VERSIONS[-1],
        graded=GRADED,
        signs=SIGNS,
        words=_words,
        corrected=source_corrected_in(rules),
    )


def _words(term: Term, lang: Language) -> str:
    """A sign as a rule asks for it."""
    sign = SIGNS[term.sign]
    words = lang.say(sign.danish, sign.english)
    if term.tense is not Tense.EVER:
        words += (
            lang.say(" – aktuelt", " – current") if term.tense is Tense.NOW else lang.say(" – tidligere", " – earlier")
        )
    if term.within_days is not None:
        words += lang.say(f" – om højst {term.within_days} dage", f" – within {term.within_days} days")
    return words + (lang.say(" eller uden kendt dato", " or without a known date") if term.undated else "")
