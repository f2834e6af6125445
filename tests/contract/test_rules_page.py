"""`docs/rules.md` lists every rule of the newest set with its law, its code and its test; none is left out or empty.

`python -m tests.contract.test_rules_page` writes that part of the page anew.
"""

import re
from pathlib import Path

import pytest

from services.triage.domain import Rule
from services.triage.rules import newest
from tests.unit.triage.test_rules import EXAMPLES

PAGE = Path(__file__).parents[2] / "docs" / "rules.md"
START, END = "<!-- each rule: start -->\n", "<!-- each rule: end -->\n"
_TEST = "../tests/unit/triage/test_rules.py"


def table() -> str:
    """The rows of all rules, the highest level first."""
    head = ["| rule | level | it says | law, or *ours* | test, with its example |", "|---|---|---|---|---|"]
    return "\n".join([*head, *map(_row, newest().by_level)]) + "\n"


def _row(rule: Rule) -> str:
    source = re.sub(r"^Vores regel", "*ours*", rule.source)
    proof = f"[test_without_the_rule_its_example_is_rated_lower]({_TEST}): `{EXAMPLES[rule.id]}`"
    return f"| `{rule.id}` | {rule.level} | {rule.english} | {source} | {proof} |"


def test_the_page_lists_every_rule_as_it_is() -> None:
    assert PAGE.read_text(encoding="utf-8").partition(START)[2].partition(END)[0] == table()


@pytest.mark.parametrize("rule", newest().rules, ids=lambda rule: rule.id)
def test_a_rule_names_a_paragraph_or_says_that_it_is_ours(rule: Rule) -> None:
    assert rule.source.startswith("Vores regel") or "§" in rule.source
    assert "§ 115" not in rule.source
    assert not re.search(r"§ \d+ stk\.", rule.source), "Danish citations have a comma: § 18, stk. 3"


if __name__ == "__main__":
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    PAGE.write_text(before + START + table() + END + rest.partition(END)[2], encoding="utf-8")
