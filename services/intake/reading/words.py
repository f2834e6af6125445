"""Words: what a word as written may be a form of, and whether it is Danish at all.

Lemmas come from simplemma's Danish dictionary, streamed so that it costs 30 MB instead of 120, and from our own list of
irregular and phone-written forms, which it gets wrong.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
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
    """Our own forms and synonyms, by folded form, and simplemma's dictionary."""

    own: Mapping[str, frozenset[str]]
    synonyms: Mapping[str, frozenset[str]]
    danish: Mapping[str, str]
    _meant: dict[str, frozenset[str]] = field(default_factory=dict)

    def word(self, written: str) -> Word:
        """Look a word up as written, in small letters."""
        folded = fold(written)
        forms = self._forms(written, folded)
        synonyms = self.synonyms.get(folded, frozenset())
        return Word(frozenset({folded}) | forms | synonyms, bool(forms or synonyms))

    def meant(self, written: str) -> frozenset[str]:
        """What a word of a pattern stands for: itself and its base forms; a base form of ours for itself alone."""
        found = self._meant.get(written)
        if found is None:
            folded = fold(written)
            forms = self._forms(written, folded)
            found = self._meant[written] = frozenset({folded}) if folded in forms else forms | {folded}
        return found

    def _forms(self, written: str, folded: str) -> frozenset[str]:
        if folded in self.own:
            return self.own[folded]
        lemma = self.danish.get(written) or next(self._restored(written), None)
        return frozenset({fold(lemma)}) if lemma else frozenset()

    def _restored(self, written: str) -> Iterator[str]:
        """Lemmas of the word with æ, ø, å put back, where somebody typed without them."""
        if len(written) < _SHORTEST_RESTORED or not written.isascii():
            return
        for typed, meant in _RESTORED:
            lemma = self.danish.get(written.replace(typed, meant)) if typed in written else None
            if lemma:
                yield lemma


def load(path: Path) -> Dictionary:
    """The dictionary with our own words: `lemma = "form form"`, one lemma a line."""
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    danish = LOW_MEMORY_DICTIONARY_FACTORY.get_dictionary("da")
    return Dictionary(_by_form(tables["forms"]), _by_form(tables["synonyms"]), danish)


def _by_form(lemmas: Mapping[str, str]) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for lemma, forms in lemmas.items():
        for form in (lemma, *forms.split()):
            found.setdefault(fold(form), set()).add(fold(lemma))
    return {form: frozenset(lemmas) for form, lemmas in found.items()}
