"""The example reports: each is rated inside its range by its answers and what can be read in its text."""

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

LINES = Path("tests/data/example-reports.jsonl").read_text(encoding="utf-8").splitlines()


def fact(told: dict[str, Any], answer: str) -> SignFact:
    fields = {key: told[key] for key in ("sign", "when", "date") if key in told}
    return SignFact.model_validate({**fields, "answer": Answer(answer)})


@pytest.mark.parametrize("example", [json.loads(line) for line in LINES], ids=lambda example: example["id"])
def test_an_example_is_rated_inside_its_range(example: dict[str, Any]) -> None:
    body, expected = example["body"], example["expect"]
    answers = [fact(told, told["answer"]) for told in body["answers"]]
    readings = [fact(told, told["polarity"]) for told in expected["must_read"]]
    report = ReportFacts(
        report_id=ReportId(derived_id(example["id"])),
        received_at=datetime.fromisoformat(body["received_at"]),
        signs=(*answers, *readings),
        age_bands=tuple(AgeBand(child["age_band"]) for child in body["children"]),
    )
    level = rate([report], newest(), as_of=report.received_at).level
    assert Level(expected["level_min"]).rank <= level.rank <= Level(expected["level_max"]).rank
