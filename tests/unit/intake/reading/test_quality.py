"""What is read of Danish texts that people marked: those the lexicon grew by, and those it never was tuned to."""

import json

import pytest

from services.intake.reading import read_by_patterns
from tests.unit.intake.reading.quality import DATA, HELD_OUT, OWN, RECEIVED_AT, marked, tally


def test_of_the_development_set_nine_in_ten_signs_are_found_and_few_besides() -> None:
    result = tally(marked(OWN))
    assert result.recall > 0.9, result.missed
    assert result.precision > 0.9, result.besides


def test_of_the_held_out_set_three_in_four_signs_are_found_and_few_besides() -> None:
    result = tally(marked(HELD_OUT))
    assert result.recall > 0.75, result.missed
    assert result.precision > 0.85, result.besides


def test_the_sets_are_wide_enough_to_tell_something() -> None:
    texts = marked(OWN) + marked(HELD_OUT)
    assert len(texts) >= 150
    assert len({one["sign"] for each in texts for one in each["signs"]}) >= 43
    assert sum(not each["signs"] for each in texts) >= 25


@pytest.mark.parametrize(
    "line", (DATA / "example-reports.jsonl").read_text(encoding="utf-8").splitlines(), ids=lambda line: line[8:12]
)
def test_an_example_report_is_read_as_marked(line: str) -> None:
    report = json.loads(line)
    text = report["body"]["text"]
    read = read_by_patterns(text, received_at=RECEIVED_AT).found
    places = {(one.sign, one.answer.value): [] for one in read}  # type: dict[tuple[str, str], list[range]]
    for one in read:
        places[one.sign, one.answer.value].append(range(one.start, one.end))
    for wanted in report["expect"]["must_read"]:
        start = text.index(wanted["quote"])
        quote = range(start, start + len(wanted["quote"]))
        found = places.get((wanted["sign"], wanted["polarity"]), [])
        assert any(set(place) & set(quote) for place in found), wanted["quote"]
    for unwanted in report["expect"]["must_not_read"]:
        assert (unwanted["sign"], unwanted["polarity"]) not in places, unwanted["why"]
