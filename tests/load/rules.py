"""How a new rule set moves a year of reports: `python -m tests.load.rules [--reports 16000] [--seed 1] [OLD NEW]`.

A year is drawn with one seed from the labelled reports, with what they truly say; each is rated by both rule sets.
Prints a Markdown table of every move, and the rules that decided on either side.
"""

import argparse
import json
import random
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

from services.triage.domain import Rating, ReportFacts, RuleSet, rate
from services.triage.rules import VERSIONS, rule_set
from shared.events.codes import AgeBand, Answer
from shared.events.intake import SignFact
from shared.ids import ReportId, derived_id

REPORTS = Path("services/intake/reading/examples/reports")
FILES = ("a.jsonl", "b.jsonl")


def labelled() -> list[ReportFacts]:
    """The labelled reports as facts: their answers and what their texts truly say."""
    lines = [line for name in FILES for line in (REPORTS / name).read_text(encoding="utf-8").splitlines()]
    return [_facts(json.loads(line)) for line in lines]


def _facts(report: dict[str, Any]) -> ReportFacts:
    told = [*report["body"]["answers"], *({**each, "answer": each["polarity"]} for each in report["expect"]["signs"])]
    signs = [{name: each[name] for name in ("sign", "answer", "when", "date") if each.get(name)} for each in told]
    return ReportFacts(
        report_id=ReportId(derived_id(report["id"])),
        received_at=datetime.fromisoformat(report["body"]["received_at"]),
        signs=tuple(SignFact.model_validate({**each, "answer": Answer(each["answer"])}) for each in signs),
        age_bands=tuple(AgeBand(child["age_band"]) for child in report["body"]["children"]),
    )


def _decided_by(rating: Rating, rules: RuleSet) -> str:
    level = {rule.id for rule in rules.rules if rule.level is rating.level}
    return next((reason.rule for reason in rating.reasons if reason.rule in level), "–")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("versions", nargs="*", type=int, default=list(VERSIONS[-2:]))
    parser.add_argument("--reports", type=int, default=16_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    old, new = (rule_set(version) for version in asked.versions)
    drawn = Counter(random.Random(asked.seed).choices(range(len(labelled())), k=asked.reports))
    moves: Counter[tuple[str, str, str, str]] = Counter()
    for number, facts in enumerate(labelled()):
        was, now = (rate([facts], rules, as_of=facts.received_at) for rules in (old, new))
        if was.level is not now.level:
            moves[was.level.value, now.level.value, _decided_by(was, old), _decided_by(now, new)] += drawn[number]
    print(f"| from | to | by rule, set {old.version} | by rule, set {new.version} | of {asked.reports:,} |")
    print("|---|---|---|---|---:|")
    for (was_level, now_level, by, then), count in moves.most_common():
        print(f"| {was_level} | {now_level} | `{by}` | `{then}` | {count:,} |")
    print(f"\n{asked.reports - moves.total():,} reports stay where they were.")


if __name__ == "__main__":
    main()
