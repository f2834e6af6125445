"""Given what labelled reports really say, the newest rules rate them inside their range."""

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from services.triage.domain import ReportFacts, rate
from services.triage.rules import newest
from shared.events.codes import AgeBand, Answer, Grade, Level
from shared.events.intake import SignFact
from shared.ids import ReportId, derived_id
from shared.signs import SIGNS

REPORTS = [
    json.loads(line)
    for name in ("a.jsonl", "b.jsonl")
    for line in (Path("services/intake/reading/examples/reports") / name).read_text(encoding="utf-8").splitlines()
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


def report_of(labelled: dict[str, Any], grade: Grade = Grade.SAID) -> ReportFacts:
    """The answers of a labelled report, and what its text says as if the reader had found it so surely."""
    body = labelled["body"]
    signs = [fact(told, told["answer"]) for told in body["answers"]]
    found = [fact(told, told["polarity"]) for told in labelled["expect"]["signs"]]
    return ReportFacts(
        report_id=ReportId(derived_id(labelled["id"])),
        received_at=datetime.fromisoformat(body["received_at"]),
        signs=(*signs, *(each.model_copy(update={"grade": grade}) for each in found)),
        age_bands=tuple(AgeBand(child["age_band"]) for child in body["children"]),
    )


@pytest.mark.parametrize("labelled", REPORTS, ids=lambda labelled: labelled["id"])
def test_a_labelled_report_is_rated_inside_its_range(labelled: dict[str, Any]) -> None:
    expected, report = labelled["expect"], report_of(labelled)
    rank = rate([report], newest(), as_of=report.received_at).level.rank
    inside = Level(expected["level_min"]).rank <= rank <= Level(expected["level_max"]).rank
    assert inside or labelled["id"] in BEYOND


@pytest.mark.parametrize("labelled", REPORTS, ids=lambda labelled: labelled["id"])
def test_what_a_labelled_report_says_makes_it_by_suspicion_alone_as_high_as_its_highest_sign_allows(
    labelled: dict[str, Any],
) -> None:
    """The level by hand: of what the answers leave open, a red line is high, anything else elevated."""
    report = report_of(labelled, Grade.SUSPECTED)
    by_answers = replace(report, signs=tuple(each for each in report.signs if each.grade is Grade.SAID))
    answered = {each.sign for each in by_answers.signs if each.answer is not Answer.UNKNOWN}
    open_ends = {each["sign"] for each in labelled["expect"]["signs"] if each["polarity"] == "said"} - answered
    tiers = {SIGNS[sign].tier for sign in open_ends}
    floor = Level.HIGH if "acute" in tiers else Level.ELEVATED if tiers else Level.LOW
    answers_alone = rate([by_answers], newest(), as_of=report.received_at).level
    level = rate([report], newest(), as_of=report.received_at).level
    assert level.rank == max(floor.rank, answers_alone.rank)
