"""The events: their committed schemas and golden samples (`docs/events/`) are what the code says, and stay readable.

After a change that only adds, write the files anew: `python -m tests.contract.test_events`.
"""

import json
from pathlib import Path

import pytest

from shared.events.envelope import EVENTS
from shared.events.model import Event
from tests.support.samples import SAMPLES

FOLDER = Path(__file__).parents[2] / "docs" / "events"


def schema_text(model: type[Event]) -> str:
    document = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:{model.type}"}
    return json.dumps(document | model.model_json_schema(), indent=1, ensure_ascii=False) + "\n"


def sample_text(event: Event) -> str:
    return event.model_dump_json(indent=1) + "\n"


@pytest.mark.parametrize("model", EVENTS.values(), ids=lambda model: model.type)
def test_the_committed_schema_is_the_codes(model: type[Event]) -> None:
    assert (FOLDER / f"{model.type}.schema.json").read_text(encoding="utf-8") == schema_text(model)


@pytest.mark.parametrize("event", SAMPLES, ids=lambda event: event.type)
def test_the_golden_sample_is_read_and_written_alike(event: Event) -> None:
    golden = (FOLDER / f"{event.type}.sample.json").read_text(encoding="utf-8")
    assert type(event).model_validate_json(golden) == event
    assert sample_text(event) == golden


@pytest.mark.parametrize("event", SAMPLES, ids=lambda event: event.type)
def test_a_field_of_a_later_version_is_skipped(event: Event) -> None:
    later = json.loads(event.model_dump_json()) | {"added_later": {"a": 1}}
    assert type(event).model_validate_json(json.dumps(later)) == event


def test_every_event_has_a_sample() -> None:
    assert {event.type for event in SAMPLES} == set(EVENTS)


def test_no_sample_of_a_version_is_ever_removed() -> None:
    for golden in FOLDER.glob("*.sample.json"):
        assert golden.name.removesuffix(".sample.json") in EVENTS


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for known in EVENTS.values():
        (FOLDER / f"{known.type}.schema.json").write_text(schema_text(known), encoding="utf-8")
    for sample in SAMPLES:
        (FOLDER / f"{sample.type}.sample.json").write_text(sample_text(sample), encoding="utf-8")
