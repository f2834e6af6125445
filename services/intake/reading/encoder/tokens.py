"""Cutting text into the pieces that the model knows: SentencePiece's unigram model (Kudo 2018), the likeliest cut."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

import marisa_trie
import numpy as np

from services.intake.reading.encoder.weights import Vocabulary

_SPACE = "\u2581"
"""What stands for a space, at the beginning of a word."""
_UNKNOWN_COSTS = 10.0
_LONGEST_WORD = 200
"""Characters of a word that are looked at: what is longer is no word."""
_WORDS_KEPT = 20_000


class Tokenizer:
    """Cuts texts into numbers of pieces. No piece crosses a space, so each word is cut by itself, once."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._normal = dict(vocabulary.normal)
        self._trie = marisa_trie.Trie(vocabulary.pieces)
        self._number = np.zeros(len(self._trie), np.int32)
        self._number[[self._trie[piece] for piece in vocabulary.pieces]] = np.arange(len(vocabulary.pieces))
        self._scores = vocabulary.scores
        self._unknown = vocabulary.unknown
        self._unknown_score = float(vocabulary.scores.min()) - _UNKNOWN_COSTS
        self._ends = (vocabulary.begin, vocabulary.end)
        self._cut = lru_cache(_WORDS_KEPT)(self._cut_word)

    def numbers(self, text: str, *, at_most: int) -> list[int]:
        """The pieces of a text between the marks of its beginning and end, `at_most` in all; what follows is left out.

        No more characters are looked at than pieces could hold.
        """
        begin, end = self._ends
        found = [begin]
        whole = text[: 16 * at_most].encode("utf-8", "replace").decode()  # halves of a surrogate pair are no text
        for word in self._words(whole):
            found += self._cut(word)
            if len(found) >= at_most:
                break
        return [*found[: at_most - 1], end]

    def _words(self, text: str) -> Iterator[str]:
        normal = text.translate(self._normal)
        for word in normal.split(" "):
            if word:
                yield _SPACE + word[:_LONGEST_WORD]

    def _cut_word(self, word: str) -> Sequence[int]:
        """The likeliest cut (Viterbi): the best way to each place, from the best ways to the places before it."""
        best = [0.0] + [float("-inf")] * len(word)
        back: list[tuple[int, int]] = [(0, self._unknown)] * (len(word) + 1)
        for start in range(len(word)):
            ways = [(start + 1, self._unknown, self._unknown_score)]
            for piece, key in self._trie.iter_prefixes_with_ids(word[start:]):
                number = int(self._number[key])
                if number != self._unknown:
                    ways.append((start + len(piece), number, float(self._scores[number])))
            for to, number, score in ways:
                if best[start] + score > best[to]:
                    best[to], back[to] = best[start] + score, (start, number)
        found, place = [], len(word)
        while place:
            place, number = back[place]
            found.append(number)
        return tuple(reversed(found))
