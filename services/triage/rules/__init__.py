"""The rule sets: one data file a version, published as it is. A version that has rated a case is never edited."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from services.triage.domain import ANY, Rule, RuleSet, Tense, Term
from shared.events.codes import Level
from shared.signs import SIGNS, SignId

_FOLDER = Path(__file__).parent
VERSIONS: tuple[int, ...] = tuple(sorted(int(file.stem) for file in _FOLDER.glob("[0-9]*.toml")))
"""The versions there are, oldest first."""
FIELDS = frozenset(
    {
        "id",
        "level",
        "danish",
        "english",
        "source",
        "one_of_each",
        "different",
        "minors_only",
        "unanswered",
        "suspected",
    }
)
"""Everything a rule may speak of. There is no field for who somebody is or where they come from."""
_ID = re.compile(r"[a-z][a-z0-9_]{1,39}")
_TERM_FIELDS = frozenset({"sign", "within_days", "undated"})
_SUSPECTED = (ANY, *dict.fromkeys(sign.tier for sign in SIGNS.values()))
_SAFE_SIGNS = frozenset({"address.protected_found"})
"""Names of signs that only sound like what is refused: this one tells of a danger, not of an address."""


class RuleRefused(Exception):
    """A rule set that must not be used. `rule` is the id of the rule, `reason` says what to change."""

    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(f"rule {rule}: {reason}")
        self.rule = rule
        self.reason = reason


@cache
def rule_set(version: int) -> RuleSet:
    """The rule set of that version. Raises `LookupError` when there is none."""
    if version not in VERSIONS:
        raise LookupError(f"there is no rule set {version}; there are {VERSIONS}")
    return parse((_FOLDER / f"{version}.toml").read_text(encoding="utf-8"))


def newest() -> RuleSet:
    """The rule set that new ratings are made by."""
    return rule_set(VERSIONS[-1])


def parse(text: str) -> RuleSet:
    """A rule set from its file's text. Raises `RuleRefused`."""
    data = tomllib.loads(text)
    groups: dict[str, tuple[Term, ...]] = {}
    for name, entries in data.get("groups", {}).items():
        groups[name] = tuple(_terms("groups", entries, groups))  # a group may name those above it
    rules = tuple(_rule(entry, groups) for entry in data["rules"])
    ids = [rule.id for rule in rules]
    for rule_id in ids:
        if ids.count(rule_id) > 1:
            raise RuleRefused(rule_id, "the id is used twice")
    changes = data["changes"]
    return RuleSet(data["version"], data["published"], (changes["danish"], changes["english"]), rules)


def _rule(entry: Mapping[str, Any], groups: Mapping[str, tuple[Term, ...]]) -> Rule:
    rule_id = str(entry.get("id"))
    _refuse_foreign(rule_id, entry)
    return Rule(
        id=rule_id,
        level=Level(entry["level"]),
        danish=entry["danish"],
        english=entry["english"],
        source=entry["source"],
        one_of_each=tuple(tuple(_terms(rule_id, group, groups)) for group in entry.get("one_of_each", ())),
        different=entry.get("different", 1),
        minors_only=entry.get("minors_only", False),
        unanswered=tuple(_sign(rule_id, sign) for sign in entry.get("unanswered", ())),
        suspected=entry.get("suspected", ""),
    )


def _terms(rule_id: str, entries: list[Any], groups: Mapping[str, tuple[Term, ...]]) -> Iterator[Term]:
    """A name without a dot is a group; `sign@now` and `sign@earlier` ask for the time; a table asks for the date."""
    for entry in entries:
        if isinstance(entry, str) and entry in groups:
            yield from groups[entry]
            continue
        table: dict[str, Any] = {"sign": entry} if isinstance(entry, str) else dict(entry)
        if table.keys() - _TERM_FIELDS:
            raise RuleRefused(rule_id, f"{min(table.keys() - _TERM_FIELDS)} is nothing a rule may ask of a sign")
        name, _, tense = table["sign"].partition("@")
        yield Term(_sign(rule_id, name), Tense(tense or "ever"), table.get("within_days"), table.get("undated", False))


def _sign(rule_id: str, name: str) -> SignId:
    if name not in SIGNS:
        raise RuleRefused(rule_id, f"{name} is not a sign of the catalogue")
    _refuse_words(rule_id, "" if name in _SAFE_SIGNS else name)
    return SignId(name)


def _refuse_foreign(rule_id: str, entry: Mapping[str, Any]) -> None:
    if not _ID.fullmatch(rule_id):
        raise RuleRefused(rule_id, "an id is a lower-case word")
    if entry.keys() - FIELDS:
        raise RuleRefused(rule_id, f"{min(entry.keys() - FIELDS)} is nothing a rule may speak of")
    groups = entry.get("one_of_each", [])
    suspected = entry.get("suspected")
    if sum(map(bool, (groups, entry.get("unanswered"), suspected))) != 1 or not all(groups):
        raise RuleRefused(rule_id, "it needs one of one_of_each, unanswered and suspected, with no empty list")
    if suspected and suspected not in _SUSPECTED:
        raise RuleRefused(rule_id, f"suspected is one of {', '.join(_SUSPECTED)}")
    for text in (rule_id, entry["danish"], entry["english"]):
        _refuse_words(rule_id, text)


def _refuse_words(rule_id: str, text: str) -> None:
    """Who somebody is, believes, speaks or comes from is no reason to be rated higher or lower."""
    for word in re.findall(r"\w+", text.lower().replace("_", " ")):
        if word.startswith(_refused("beginnings")) or word in _refused("words"):
            raise RuleRefused(rule_id, f"it names “{word}”, and no rule may name what a person is or comes from")


@cache
def _refused(table: str) -> tuple[str, ...]:
    data = tomllib.loads((_FOLDER / "refused.toml").read_text(encoding="utf-8"))
    return tuple(word for words in data[table].values() for word in words)
