"""Cutting a text into units, about a sentence each: what is turned into one vector.

A sentence that runs on, as people dictate, is cut where a clause begins.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from services.intake.reading.text import Sentence, Token

MOST_TOKENS = 26
_FEWEST_TOKENS = 8
_LAST_TOKENS = 3
_BEGIN_A_CLAUSE = frozenset(
    [
        "og",
        "men",
        "så",
        "fordi",
        "for",
        "at",
        "da",
        "når",
        "hvis",
        "som",
        "der",
        "eller",
        "mens",
        "hvor",
        "altså",
        "samtidig",
        "bagefter",
        "derefter",
    ]
)


class Unit(NamedTuple):
    """A stretch of a plain text."""

    start: int
    end: int


def units(sentences: Iterator[Sentence] | Sequence[Sentence]) -> Iterator[Unit]:
    """The units of these sentences, in order."""
    for sentence in sentences:
        tokens = list(sentence.tokens)
        while sum(not token.mark for token in tokens) > MOST_TOKENS:
            cut = max(
                range(_FEWEST_TOKENS, min(len(tokens) - _LAST_TOKENS, MOST_TOKENS)), key=lambda n: _fit(tokens, n)
            )
            yield Unit(tokens[0].start, tokens[cut - 1].end)
            tokens = tokens[cut:]
        yield Unit(tokens[0].start, tokens[-1].end)


def _fit(tokens: Sequence[Token], place: int) -> tuple[int, int]:
    """How well a cut before that token fits: at a mark best, before a clause next, late rather than early."""
    token = tokens[place]
    return 2 if token.mark else 1 if token.written in _BEGIN_A_CLAUSE else 0, place
