"""A report's text as it is shown: literally, with the places marked that the machine has read."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

_HIDDEN = re.compile("[\u0000-\u0008\u000b-\u001f\u007f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
"""Characters that cannot be seen and may turn the direction of what follows (Unicode UAX #9)."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of the text, and the numbers of the notes that belong to it. `maybe`: each of them only suspects."""

    text: str
    notes: tuple[int, ...] = ()
    maybe: bool = False


def is_suspected(mark: Mapping[str, Any]) -> bool:
    """Whether the machine only suspects what it marks: a question, never told as a fact."""
    return mark.get("grade") == "suspected"


def literally(text: str) -> str:
    """The text with hidden characters made visible by their names: `‹U+202E›`."""
    return _HIDDEN.sub(lambda found: f"‹U+{ord(found[0]):04X}›", text)


def segments(text: str, marks: Sequence[dict[str, Any]]) -> list[Segment]:
    """The text in pieces, each with the marks (numbered from 1) that cover it. Marks may overlap.

    One sweep over the places where a mark begins or ends: asking each piece for each mark is quadratic.
    """
    begins, ends = defaultdict[int, list[int]](list), defaultdict[int, list[int]](list)
    for n, mark in enumerate(marks, start=1):
        first, last = max(0, mark["start"]), min(len(text), mark["end"])
        if first < last:
            begins[first].append(n)
            ends[last].append(n)
    covering: set[int] = set()
    pieces: list[Segment] = []
    for start, end in pairwise(sorted({0, len(text), *begins, *ends})):
        covering -= set(ends.get(start, ()))
        covering |= set(begins.get(start, ()))
        maybe = bool(covering) and all(is_suspected(marks[n - 1]) for n in covering)
        pieces.append(Segment(literally(text[start:end]), tuple(sorted(covering)), maybe))
    return pieces or [Segment(literally(text))]
