"""escalation's copy of the rules' sentences is what triage publishes.

`python -m tests.contract.test_rule_words` writes the copy anew.
"""

import json
from pathlib import Path

from services.triage.rules import VERSIONS, rule_set

FILE = Path(__file__).parents[2] / "services/escalation/web/rule_words.json"


def sentences() -> str:
    """The sentences of every published rule set, as the file holds them."""
    words = {
        str(version): {
            rule.id: {
                "danish": rule.danish,
                "english": rule.english,
                "unanswered": bool(rule.unanswered),
                "suspected": bool(rule.suspected),
            }
            for rule in rule_set(version).rules
        }
        for version in VERSIONS
    }
    return json.dumps(words, ensure_ascii=False, indent=1) + "\n"


def test_the_sentences_of_reasons_are_those_of_the_published_rules() -> None:
    assert FILE.read_text(encoding="utf-8") == sentences()


if __name__ == "__main__":
    FILE.write_text(sentences(), encoding="utf-8")
