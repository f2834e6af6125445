"""A rule set that has rated cases gives the same bytes for ever."""

from datetime import datetime

import pytest

from services.triage.domain import encoded, facts_in, rate, snapshot
from services.triage.rules import VERSIONS, rule_set
from tests.support.facts import AS_OF
from tests.unit.triage.golden import golden_file, inputs, parts


@pytest.mark.parametrize("version", VERSIONS)
def test_the_golden_facts_give_the_golden_bytes(version: int) -> None:
    lines = golden_file(version).read_text(encoding="utf-8").splitlines()
    assert len(lines) == 200
    for line in lines:
        as_of, facts, rating = parts(line)
        again = rate(facts_in(facts.encode()), rule_set(version), as_of=datetime.fromisoformat(as_of))
        assert encoded(again).decode() == rating


@pytest.mark.parametrize("version", VERSIONS)
def test_the_golden_ratings_are_of_every_level_and_name_every_rule(version: int) -> None:
    ratings = [rate(reports, rule_set(version), as_of=AS_OF) for reports in inputs(version)]
    assert {rating.level.value for rating in ratings} == {"low", "elevated", "high", "acute"}
    assert any(rating.rerate_at for rating in ratings)
    assert {reason.rule for rating in ratings for reason in rating.reasons} == {
        rule.id for rule in rule_set(version).rules
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_the_golden_inputs_can_be_made_again(version: int) -> None:
    made = [snapshot(reports).decode() for reports in inputs(version)]
    assert made == [parts(line)[1] for line in golden_file(version).read_text(encoding="utf-8").splitlines()]
