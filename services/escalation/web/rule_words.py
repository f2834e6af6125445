"""The sentences of triage's published rules, which head each reason (`rule_words.json`, a compared copy).

Services never import each other, and a rating must be explained while triage is away.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Sentence:
    """One rule's own sentence. `unanswered`: it holds because nobody answered for its signs.

    `suspected`: it holds for signs that are only suspected, which a person is to be asked about.
    """

    danish: str
    english: str
    unanswered: bool
    suspected: bool


_FILE = Path(__file__).with_suffix(".json")
_SENTENCES: Mapping[str, Mapping[str, Sentence]] = {
    version: {rule: Sentence(**words) for rule, words in rules.items()}
    for version, rules in json.loads(_FILE.read_text(encoding="utf-8")).items()
}
_UNKNOWN = ("En regel gælder, som denne udgave ikke kender.", "A rule holds that this release does not know.")


def sentence(rule_set: int, reason: Mapping[str, Any]) -> Sentence:
    """The sentence of the rule that a reason names; of a newer triage's rule only that it holds."""
    known = _SENTENCES.get(str(rule_set), {}).get(reason["rule"])
    return known or Sentence(*_UNKNOWN, unanswered=bool(reason.get("unanswered")), suspected=not reason["signs"])
