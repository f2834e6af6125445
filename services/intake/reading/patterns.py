"""The language of the lexicon's patterns, and their search in a sentence.

    word       the word in any form          word*  *word  *word*   beginning, ending, part
    =word      exactly this form             (a|b|c d)              one of these
    @name      a class of `words.toml`       [word]                 may be missing
    ..         up to 3 words between         ...                    up to 8 words between
    a & b      both, in any order, close together

Words stand next to each other where no dots are; little words (`fillers` in `scope.toml`) may always stand between.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

_ITEM = re.compile(r"[()\[\]|]|[^\s()\[\]|]+")
_CLOSING = {"(": ")", "[": "]"}
GAPS = {"..": 3, "...": 8}
CLOSE = 8
"""Most words from the first to the last of what stands `a & b`."""
MOST_VARIANTS = 256

Specs = frozenset[str]
"""What one word may be, as written in a pattern."""
Positions = Mapping[int, Sequence[int]]
"""Where in a sentence each element stands."""


class BadPattern(Exception):
    """The pattern cannot be read."""


@dataclass(frozen=True, slots=True)
class Step:
    """One word of a pattern: which element, and how many words at most lie between it and the one before."""

    element: int
    gap: int


Part = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One word of a pattern as written, with the gap before it."""

    specs: Specs
    gap: int


Words = tuple[Item, ...]


def parse(pattern: str, classes: Mapping[str, Specs]) -> Iterator[list[list[Item]]]:
    """The pattern's variants: each a list of parts, each a list of words with the gap before them."""
    parts = [_Parser(part, classes).sequences() for part in re.split(r"\s&\s", pattern)]
    if prod(len(part) for part in parts) > MOST_VARIANTS or not all(sequence for part in parts for sequence in part):
        raise BadPattern(pattern)
    yield from ([list(sequence) for sequence in variant] for variant in product(*parts))


class _Parser:
    """Reads one part; words that may be missing, and brackets with several words, make variants."""

    def __init__(self, written: str, classes: Mapping[str, Specs]) -> None:
        self._written = written
        self._classes = classes
        self._items = _ITEM.findall(written)
        self._at = 0

    def sequences(self) -> list[Words]:
        """All variants. Raises `BadPattern`."""
        sequences = self._alternatives()
        if self._at < len(self._items):
            raise BadPattern(self._written)
        return sequences

    def _alternatives(self) -> list[Words]:
        """What stands between bars; single words become one choice."""
        sequences = self._sequence()
        while self._next() == "|":
            self._at += 1
            sequences += self._sequence()
        alone = [each for each in sequences if len(each) == 1 and not each[0].gap]
        if len(alone) < 2:
            return sequences
        together = Item(frozenset().union(*(each[0].specs for each in alone)), 0)
        return [(together,), *(each for each in sequences if each not in alone)]

    def _sequence(self) -> list[Words]:
        sequences: list[Words] = [()]
        gap = 0
        while (item := self._next()) not in (None, "|", ")", "]"):
            assert item is not None
            self._at += 1
            if item in GAPS:
                gap = GAPS[item]
                continue
            choices = [_after(choice, gap) for choice in self._choices(item)]
            sequences = [(*one, *other) for one in sequences for other in choices]
            gap = 0
        if len(sequences) > MOST_VARIANTS:
            raise BadPattern(self._written)
        return sequences

    def _choices(self, item: str) -> list[Words]:
        if item not in _CLOSING:
            return [(Item(_specs(item, self._classes), 0),)]
        choices = self._alternatives()
        if self._next() != _CLOSING[item]:
            raise BadPattern(self._written)
        self._at += 1
        return [*choices, ()] if item == "[" else choices

    def _next(self) -> str | None:
        return self._items[self._at] if self._at < len(self._items) else None


def _after(sequence: Words, gap: int) -> Words:
    """The sequence with a gap before it."""
    return (Item(sequence[0].specs, gap), *sequence[1:]) if sequence and gap else sequence


def _specs(word: str, classes: Mapping[str, Specs]) -> Specs:
    if not word.startswith("@"):
        return frozenset({word})
    if word[1:] not in classes:
        raise BadPattern(word)
    return classes[word[1:]]


def find(parts: Sequence[Part], positions: Positions, rank: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """The places where all parts stand; `rank` counts a sentence's words, fillers left out."""
    first, *others = parts
    for start in positions[first[0].element]:
        found = _walk(first, start, positions, rank)
        for other in others:
            found = found and _beside(found, other, positions, rank)
        if found:
            yield tuple(sorted(found))


def _walk(part: Part, start: int, positions: Positions, rank: Sequence[int]) -> tuple[int, ...]:
    """The positions of a part that begins at `start`; none where it does not stand there."""
    if len(part) == 1:
        return (start,)
    following = part[1]
    for place in positions[following.element]:
        if place > start and rank[place] - rank[start] <= 1 + following.gap:
            rest = _walk(part[1:], place, positions, rank)
            if rest:
                return (start, *rest)
    return ()


def _beside(found: tuple[int, ...], part: Part, positions: Positions, rank: Sequence[int]) -> tuple[int, ...]:
    """What was found together with the nearest place of the part, where that is close."""
    best: tuple[int, ...] = ()
    for start in positions[part[0].element]:
        more = _walk(part, start, positions, rank)
        if more and not set(more) & set(found):
            both = tuple(sorted({*found, *more}))
            if _width(both, rank) <= CLOSE and (not best or _width(both, rank) < _width(best, rank)):
                best = both
    return best


def _width(places: tuple[int, ...], rank: Sequence[int]) -> int:
    return rank[places[-1]] - rank[places[0]]
