"""Given what labelled reports really say, the newest rules rate them inside their range."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from services.triage.domain import ReportFacts, rate
from services.triage.rules import newest
from shared.events.codes import AgeBand, Answer, Level
from shared.events.intake import SignFact
from shared.ids import ReportId, derived_id

REPORTS = [
    json.loads(line)
    for name in ("reports-a.jsonl", "reports-b.jsonl")
    for line in (Path("tests/data") / name).read_text(encoding="utf-8").splitlines()
]
BEYOND = {
    "b062": "a journey within hours and nothing else said: elevated by the rule that spares the holidays",
    "b097": "the day of the suicide plan stands in the text, which the labels do not date",
}
"""What the rules cannot rate by the coded signs alone, and why."""


def fact(told: dict[str, Any], answer: str) -> SignFact:
    fields = {key: told[key] for key in ("sign", "when", "date") if told.get(key)}
    return SignFact.model_validate({**fields, "answer": Answer(answer)})


def test_there_are_enough_reports_to_tell_something() -> None:
    assert len(REPORTS) == 240
    assert len(BEYOND) <= 2


@pytest.mark.parametrize("labelled", REPORTS, ids=lambda labelled: labelled["id"])
def test_a_labelled_report_is_rated_inside_its_range(labelled: dict[str, Any]) -> None:
    body, expected = labelled["body"], labelled["expect"]
    signs = [fact(told, told["answer"]) for told in body["answers"]]
    signs += [fact(told, told["polarity"]) for told in expected["signs"]]
    report = ReportFacts(
        report_id=ReportId(derived_id(labelled["id"])),
        received_at=datetime.fromisoformat(body["received_at"]),
        signs=tuple(signs),
        age_bands=tuple(AgeBand(child["age_band"]) for child in body["children"]),
    )
    rank = rate([report], newest(), as_of=report.received_at).level.rank
    inside = Level(expected["level_min"]).rank <= rank <= Level(expected["level_max"]).rank
    assert inside or labelled["id"] in BEYOND
