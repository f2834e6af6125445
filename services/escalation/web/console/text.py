"""A report's text as it is shown: literally, with the places marked that the machine has read."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

_HIDDEN = re.compile("[\u0000-\u0008\u000b-\u001f\u007f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
"""Characters that cannot be seen and may turn the direction of what follows (Unicode UAX #9)."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of the text, and the numbers of the notes that belong to it."""

    text: str
    notes: tuple[int, ...] = ()


def literally(text: str) -> str:
    """The text with hidden characters made visible by their names: `‹U+202E›`."""
    return _HIDDEN.sub(lambda found: f"‹U+{ord(found[0]):04X}›", text)


def segments(text: str, marks: Sequence[dict[str, Any]]) -> list[Segment]:
    """The text in pieces, each with the marks (numbered from 1) that cover it. Marks may overlap."""
    spans = [(max(0, mark["start"]), min(len(text), mark["end"])) for mark in marks]
    cuts = sorted({0, len(text), *(at for span in spans for at in span if span[0] < span[1])})
    pieces = [
        Segment(
            literally(text[start:end]),
            tuple(n for n, (first, last) in enumerate(spans, start=1) if first <= start and end <= last),
        )
        for start, end in pairwise(cuts)
    ]
    return pieces or [Segment(literally(text))]
