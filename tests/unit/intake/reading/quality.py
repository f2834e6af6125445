"""How well patterns read texts: found with the right answer at the right place, against what a person marked in them.

A line of `tests/data/reading-heldout.jsonl` and of the example bank's `own.jsonl`: `text`, `signs` that must be read
(sign, answer, quote), `also`: what may be.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from services.intake.reading import Found, read_by_patterns

DATA = Path(__file__).parents[3] / "data"
OWN = Path("services/intake/reading/examples/own.jsonl")
HELD_OUT = DATA / "reading-heldout.jsonl"
RECEIVED_AT = datetime(2026, 3, 10, 13, 0, tzinfo=UTC)


@dataclass
class Tally:
    """What was found of what should be, and what was found besides."""

    found: int = 0
    missed: list[str] = field(default_factory=list)
    besides: list[str] = field(default_factory=list)

    @property
    def recall(self) -> float:
        return self.found / (self.found + len(self.missed))

    @property
    def precision(self) -> float:
        return self.found / (self.found + len(self.besides))


def marked(path: Path) -> list[dict[str, Any]]:
    """The marked texts of a file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def tally(texts: Sequence[dict[str, Any]]) -> Tally:
    """Read the texts and count."""
    result = Tally()
    for each in texts:
        _count(each, result)
    return result


def _count(marked: dict[str, Any], result: Tally) -> None:
    text = marked["text"]
    read = read_by_patterns(text, received_at=RECEIVED_AT).found
    for one in marked["signs"]:
        hits = list(_at(read, text, one))
        result.found += bool(hits)
        result.missed += [] if hits else [f"{one['sign']} {one['answer']}: {one['quote']}"]
    expected = {found for one in (*marked["signs"], *marked.get("also", ())) for found in _at(read, text, one)}
    result.besides += [f"{one.sign} {one.answer}: {text[one.start : one.end]}" for one in read if one not in expected]


def _at(read: Sequence[Found], text: str, one: dict[str, Any]) -> Iterator[Found]:
    start = text.index(one["quote"])
    end = start + len(one["quote"])
    yield from (
        found
        for found in read
        if (found.sign, found.answer) == (one["sign"], one["answer"]) and found.start < end and start < found.end
    )
