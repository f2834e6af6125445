"""What the classifier looks at: of each unit its vector, its neighbours', what patterns find in it, and its words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from services.intake.domain.reading import Found
from services.intake.reading.encoder import Encoder
from services.intake.reading.encoder.weights import Floats
from services.intake.reading.lexical import LEXICON
from services.intake.reading.neutral import Neutral
from services.intake.reading.text import Sentence, Token, fold, sentences
from services.intake.reading.units import Unit, units
from shared.events.codes import Answer
from shared.signs import PLACE

MOST_UNITS = 400
"""Units of a text that are looked at: some 6,000 words. Patterns read what follows."""


def _known(word: str) -> bool:
    return LEXICON.dictionary.word(word).known


_NEUTRAL = Neutral(_known)


@dataclass(frozen=True, slots=True)
class Features:
    """A text as the classifier sees it, a row for each unit. `hits`: units × signs × (said, denied)."""

    units: Sequence[Unit]
    vectors: Floats
    neighbours: Floats
    hits: Floats
    terms: Sequence[frozenset[int]]


def features(text: str, read: Iterable[Found], encoder: Encoder) -> Features:
    """Look at a plain text in which patterns have found what `read` says."""
    found = list(sentences(text))
    cut = list(units(found))[:MOST_UNITS]
    tokens = _tokens_of(cut, found)
    neutral = [_NEUTRAL.text(each, text, unit.start, unit.end) for unit, each in zip(cut, tokens, strict=True)]
    vectors = encoder.vectors(neutral)
    return Features(cut, vectors, _neighbours(vectors), _hits(cut, read), [terms(each) for each in neutral])


def _tokens_of(cut: Sequence[Unit], found: Sequence[Sentence]) -> list[list[Token]]:
    every = [token for sentence in found for token in sentence.tokens]
    n, result = 0, []
    for unit in cut:
        first = n
        while n < len(every) and every[n].start < unit.end:
            n += 1
        result.append(every[first:n])
    return result


def _neighbours(vectors: Floats) -> Floats:
    """The mean of the vectors before and after; nothing where a unit stands alone."""
    padded = np.pad(vectors, ((1, 1), (0, 0)))
    count = np.full((len(vectors), 1), 2, np.float32)
    if len(vectors):
        count[0] -= 1
        count[-1] -= 1
    return np.asarray((padded[:-2] + padded[2:]) / np.maximum(count, 1), np.float32)


def _hits(cut: Sequence[Unit], read: Iterable[Found]) -> Floats:
    hits = np.zeros((len(cut), len(PLACE), 2), np.float32)
    for found in read:
        for n, unit in enumerate(cut):
            if found.start < unit.end and found.end > unit.start:
                hits[n, PLACE[found.sign], int(found.answer is Answer.DENIED)] = 1
    return hits


def terms(text: str) -> frozenset[int]:
    """The numbers of a unit's words, each in its base form, and of its pairs of words."""
    words = [_base(token.written) for sentence in sentences(text) for token in sentence.tokens if not token.mark]
    pairs = (f"{one} {other}" for one, other in pairwise(words))
    return frozenset(map(_number, (*words, *pairs)))


def _base(written: str) -> str:
    """The first of the word's base forms; itself where the dictionary knows none."""
    folded = fold(written)
    return min(LEXICON.dictionary.word(written).forms - {folded}, default=folded)


def _number(term: str) -> int:
    return int.from_bytes(blake2b(term.encode("utf-8", "replace"), digest_size=4).digest(), "big")


def rows(terms_of: Sequence[frozenset[int]], known: NDArray[np.uint32]) -> list[NDArray[np.int64]]:
    """For each unit the places of its terms among the known ones, which are sorted."""
    result = []
    for each in terms_of:
        asked = np.array(sorted(each), np.uint32)
        places = np.searchsorted(known, asked)
        places = places[places < len(known)]
        result.append(places[known[places] == asked[: len(places)]])
    return result
