"""Words: what a word as written may be a form of, and whether it is Danish at all.

Lemmas come from simplemma's Danish dictionary, streamed so that it costs 30 MB instead of 120, and from our own list of
irregular and phone-written forms, which it gets wrong.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from simplemma.strategies.dictionaries import LOW_MEMORY_DICTIONARY_FACTORY

from services.intake.reading.text import fold

_RESTORED = (("ae", "æ"), ("oe", "ø"), ("aa", "å"), ("o", "ø"), ("a", "å"), ("a", "æ"))
_SHORTEST_RESTORED = 4


@dataclass(frozen=True, slots=True)
class Word:
    """A word: its folded form with those of its lemmas, and whether the dictionary or our list knows it."""

    forms: frozenset[str]
    known: bool


@dataclass(frozen=True, slots=True)
class Dictionary:
    """`own` maps a folded form to its lemmas; `danish` is simplemma's."""

    own: Mapping[str, frozenset[str]]
    danish: Mapping[str, str]

    def word(self, written: str) -> Word:
        """Look a word up as written, in small letters."""
        folded = fold(written)
        own = self.own.get(folded, frozenset())
        lemma = self.danish.get(written) or next(self._restored(written), None)
        lemmas = {fold(lemma)} if lemma else set()
        return Word(frozenset({folded, *own, *lemmas}), bool(own or lemma))

    def _restored(self, written: str) -> Iterator[str]:
        """Lemmas of the word with æ, ø, å put back, where somebody typed without them."""
        if len(written) < _SHORTEST_RESTORED or not written.isascii():
            return
        for typed, meant in _RESTORED:
            lemma = self.danish.get(written.replace(typed, meant)) if typed in written else None
            if lemma:
                yield lemma


def load(path: Path) -> Dictionary:
    """The dictionary with our own forms: `lemma = "form form"`, one lemma a line."""
    own: dict[str, set[str]] = {}
    for lemma, forms in tomllib.loads(path.read_text(encoding="utf-8"))["forms"].items():
        for form in (lemma, *forms.split()):
            own.setdefault(fold(form), set()).add(fold(lemma))
    known = {form: frozenset(lemmas) for form, lemmas in own.items()}
    return Dictionary(known, LOW_MEMORY_DICTIONARY_FACTORY.get_dictionary("da"))
