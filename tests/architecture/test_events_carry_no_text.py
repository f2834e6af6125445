"""No event can carry what people wrote: every string in its schema is an id, an instant, a date or a listed code."""

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

import pytest
from pydantic import Field

from shared.events.envelope import EVENTS
from shared.events.model import Event

_CLOSED = ("enum", "const", "pattern", "$ref")
_FORMATS = ("uuid", "date-time", "date")


def open_strings(schema: dict[str, Any], path: str) -> Iterator[str]:
    """The places of a JSON schema where any text could stand."""
    kind = schema.get("type")
    if kind == "string" and not any(key in schema for key in _CLOSED) and schema.get("format") not in _FORMATS:
        yield path
    if kind == "object" and "properties" not in schema:
        yield path
    if not schema.keys() & {"type", "anyOf", "allOf", "oneOf", "enum", "const", "$ref"}:
        yield path
    for name, inner in schema.get("properties", {}).items():
        yield from open_strings(inner, f"{path}.{name}")
    for key in ("anyOf", "allOf", "oneOf"):
        for inner in schema.get(key, []):
            yield from open_strings(inner, path)
    if isinstance(schema.get("items"), dict):
        yield from open_strings(schema["items"], f"{path}[]")
    for name, inner in schema.get("$defs", {}).items():
        yield from open_strings(inner, name)


@pytest.mark.parametrize("model", EVENTS.values(), ids=lambda model: model.type)
def test_an_event_has_no_place_for_free_text(model: type[Event]) -> None:
    assert list(open_strings(model.model_json_schema(), model.__name__)) == []


def test_the_walk_finds_a_place_for_free_text() -> None:
    class Leaky(Event):
        topic: ClassVar[str] = "x"
        type: ClassVar[str] = "x"
        note: str
        notes: tuple[str, ...] = ()
        anything: Any = None
        more: Annotated[dict[str, int], Field(default_factory=dict)]

    found = list(open_strings(Leaky.model_json_schema(), "Leaky"))
    assert found == ["Leaky.note", "Leaky.notes[]", "Leaky.anything", "Leaky.more"]
