"""The lexicon: per sign the patterns that say or deny it, read from `lexicon/*.toml`, and found in one pass a sentence.

Only patterns whose rarest word stands in the sentence are tried, so that reading stays fast as the lexicon grows.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from services.intake.reading import patterns, words
from services.intake.reading.patterns import Item, Part, Specs, Step
from services.intake.reading.text import Token, fold
from services.intake.reading.words import Dictionary

HERE = Path(__file__).parent
SAID = ("said", "denied", "earlier", "unless", "given", "then")
"""What a pattern of a sign can be: it says, it denies, it says of earlier, it is something else that looks alike.

What is `given` somewhere in the text lets `then` say it in any sentence.
"""
_SHORTEST_TYPO = 7
PARTED = 2
_MOST_REMEMBERED = 20_000
_LONGEST_WORD = 60
MOST_PLACES = 4
"""Most places of one pattern in one sentence: what is said more often is said."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One variant of a written pattern. `subject` is a sign, or `scope` for what decides about signs."""

    subject: str
    role: str
    parts: tuple[Part, ...]
    needed: frozenset[int]
    written: str


@dataclass(frozen=True, slots=True)
class Match:
    """A pattern found; `places` are the tokens that it names."""

    pattern: Pattern
    places: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a word is to the lexicon: the elements it can stand for and what the dictionary says of it.

    `anchors` are those elements by which patterns are looked up.
    `kinds` are the lists of `scope.toml` that it stands in.
    """

    elements: frozenset[int]
    forms: frozenset[str]
    known: bool
    anchors: frozenset[int] = frozenset()
    folded: str = ""
    kinds: frozenset[str] = frozenset()


_MARK = Seen(frozenset(), frozenset(), known=True)


@dataclass(slots=True)
class Elements:
    """The distinct words of all patterns, numbered, and how a written word finds them."""

    dictionary: Dictionary
    numbers: dict[tuple[Specs, bool], int] = field(default_factory=dict)
    exact: dict[str, set[int]] = field(default_factory=dict)
    beginnings: dict[str, set[int]] = field(default_factory=dict)
    endings: dict[str, set[int]] = field(default_factory=dict)
    within: dict[str, set[int]] = field(default_factory=dict)
    near: dict[str, set[str]] = field(default_factory=dict)

    def number(self, specs: Specs, *, narrow: bool) -> int:
        """The element's number; new ones are entered under everything they may be.

        What takes a finding away is `narrow`: its words stand for the forms of themselves alone.
        """
        key = (specs, narrow)
        if key not in self.numbers:
            self.numbers[key] = len(self.numbers)
            for spec in specs:
                self._enter(spec, self.numbers[key], narrow=narrow)
        return self.numbers[key]

    def _enter(self, spec: str, number: int, *, narrow: bool) -> None:
        word = spec if spec == "#" else fold(spec.strip("*="))
        if "*" in spec:
            self._wild(spec).setdefault(word, set()).add(number)
            return self._remember(word)
        exactly = spec.startswith("=")
        for each in (word,) if exactly or narrow or spec == "#" else self.dictionary.meant(spec):
            self.exact.setdefault("=" + each if exactly else each, set()).add(number)
        return self._remember(word)

    def _remember(self, word: str) -> None:
        """Enter a long word under what it looks like mistyped."""
        for near in _nearby(word) if len(word) >= _SHORTEST_TYPO else ():
            self.near.setdefault(near, set()).add(word)

    def _wild(self, spec: str) -> dict[str, set[int]]:
        if spec.startswith("*"):
            return self.within if spec.endswith("*") else self.endings
        return self.beginnings

    def of(self, written: str, forms: Iterable[str], *, name: bool) -> set[int]:
        """The elements a word can stand for. A name is compared as a whole only, or half of Denmark were a sign."""
        found = set(self.exact.get("=" + fold(written), ()))
        for form in forms:
            found |= self.exact.get(form, set())
            found |= self.beginnings.get(form, set()) if name else self._parts(form)
        return found

    def _parts(self, form: str) -> set[int]:
        found: set[int] = set()
        for n in range(2, len(form) + 1):
            found |= self.beginnings.get(form[:n], set()) | self.endings.get(form[-n:], set())
        return found.union(*(numbers for part, numbers in self.within.items() if part in form))

    def meant(self, typed: str) -> set[str]:
        """The lexicon's words that a mistyped long word is one letter away from."""
        if len(typed) < _SHORTEST_TYPO or not typed.isalpha():
            return set()
        near = set[str]().union(*(self.near.get(each, set()) for each in _nearby(typed)))
        return {word for word in near if word[:2] == typed[:2] and abs(len(word) - len(typed)) <= 1}


def _nearby(word: str) -> list[str]:
    return [word, *(word[:n] + word[n + 1 :] for n in range(2, len(word)))]


@dataclass(slots=True)
class Lexicon:
    """All patterns, by the rarest word of each. `settings` are the word lists of `scope.toml`."""

    dictionary: Dictionary
    classes: Mapping[str, Specs]
    settings: Mapping[str, frozenset[str]]
    turns: Mapping[str, Mapping[str, str]]
    elements: Elements
    by_anchor: dict[int, list[Pattern]] = field(default_factory=dict)
    _seen: dict[tuple[str, bool], Seen] = field(default_factory=dict)

    def add(self, subject: str, role: str, written: str) -> None:
        """Enter a pattern. Raises `BadPattern`."""
        for variant in self._orders(patterns.parse(written, self.classes)):
            number = partial(self.elements.number, narrow=role == "unless")
            parts = tuple(tuple(Step(number(item.specs), item.gap) for item in part) for part in variant)
            rarest = min((item.specs for part in variant for item in part), key=self._commonness)
            needed = frozenset(step.element for part in parts for step in part)
            self.by_anchor.setdefault(number(rarest), []).append(Pattern(subject, role, parts, needed, written))

    def _orders(self, variants: Iterable[list[list[Item]]]) -> Iterator[list[list[Item]]]:
        """The variants; those with a negation in front in either order ("går ikke", "at hun ikke går")."""
        for variant in variants:
            yield variant
            first, *rest = variant[0]
            if rest and rest[0].gap and self._negates(first):
                yield [[Item(rest[0].specs, 0), Item(first.specs, rest[0].gap), *self._apart(rest[1:])], *variant[1:]]
            elif rest and not rest[0].gap and self._negates(rest[0]):
                yield [[Item(rest[0].specs, 0), Item(first.specs, 0), *rest[1:]], *variant[1:]]

    def _negates(self, item: Item) -> bool:
        return all(fold(spec) in self.settings["negators"] for spec in item.specs)

    @staticmethod
    def _apart(items: Sequence[Item]) -> list[Item]:
        """The words after a verb that the negation now parts from it."""
        return [Item(items[0].specs, max(items[0].gap, PARTED)), *items[1:]] if items else []

    def _commonness(self, specs: Specs) -> tuple[bool, int]:
        return any(self._common(spec) for spec in specs), len(specs)

    def _common(self, spec: str) -> bool:
        forms = self.dictionary.meant(spec.strip("*="))
        return not (forms.isdisjoint(self.settings["common"]) and forms.isdisjoint(self.settings["danish"]))

    def seen(self, token: Token) -> Seen:
        """What the token is to the lexicon; remembered, as texts repeat their words."""
        key = (token.written, token.name)
        found = self._seen.get(key)
        if found is None:
            if len(self._seen) >= _MOST_REMEMBERED:
                self._seen.clear()
            found = self._seen[key] = self._look(token)
        return found

    def forget(self) -> None:
        """Look every word up anew: patterns were added."""
        self._seen.clear()

    def _look(self, token: Token) -> Seen:
        if token.mark:
            return _MARK
        if token.written.isdigit():
            elements = self.elements.of(token.written, ("#", token.written), name=True)
            anchors = self._anchors(elements)
            return Seen(frozenset(elements), frozenset(), known=True, anchors=anchors, folded=token.written)
        if len(token.written) > _LONGEST_WORD:
            return Seen(frozenset(), frozenset(), known=False, folded=token.written)
        word = self.dictionary.word(token.written)
        forms = word.forms
        if not word.known and not token.name:
            forms = forms | self.elements.meant(fold(token.written))
        elements = self.elements.of(token.written, forms, name=token.name)
        folded = fold(token.written)
        kinds = frozenset(kind for kind, words in self.settings.items() if folded in words)
        return Seen(frozenset(elements), forms, word.known, self._anchors(elements), folded, kinds)

    def _anchors(self, elements: Iterable[int]) -> frozenset[int]:
        return frozenset(element for element in elements if element in self.by_anchor)

    def matches(self, seen: Sequence[Seen], rank: Sequence[int]) -> Iterator[Match]:
        """Every pattern's every place among the words of a sentence."""
        there = frozenset[int]().union(*(word.elements for word in seen))
        anchors = frozenset[int]().union(*(word.anchors for word in seen))
        tried = [pattern for anchor in anchors for pattern in self.by_anchor[anchor] if pattern.needed <= there]
        positions = _Positions(seen)
        for pattern in tried:
            for places in islice(patterns.find(pattern.parts, positions, rank), MOST_PLACES):
                yield Match(pattern, places)


class _Positions(dict[int, Sequence[int]]):
    """Where each element stands, looked up when it is asked for: most never are."""

    def __init__(self, seen: Sequence[Seen]) -> None:
        super().__init__()
        self._seen = seen

    def __missing__(self, element: int) -> Sequence[int]:
        places = self[element] = [place for place, word in enumerate(self._seen) if element in word.elements]
        return places


def load(folder: Path = HERE) -> Lexicon:
    """The lexicon from its files. Raises `BadPattern` where one cannot be read."""
    scope = _toml(folder / "scope.toml")
    settings = {name: frozenset(fold(word) for word in value.split()) for name, value in scope["words"].items()}
    turns = {name: scope[name]["turns"] for name in ("hypothetical", "threatened")}
    settings["undeniable"] = frozenset(scope["undeniable"]["signs"].split())
    settings["keep"] = frozenset(scope["hypothetical"]["keep"].split())
    dictionary = words.load(folder / "words.toml")
    lexicon = Lexicon(dictionary, _classes(folder), settings, turns, Elements(dictionary))
    for role, written in scope["patterns"].items():
        for each in written:
            lexicon.add("scope", role, each)
    for sign, entry in entries(folder).items():
        for role in SAID:
            for each in entry.get(role, ()):
                lexicon.add(sign, role, each)
    return lexicon


def entries(folder: Path = HERE) -> dict[str, dict[str, Any]]:
    """The entry of each sign: every table of `lexicon/*.toml`."""
    return {sign: entry for file in sorted((folder / "lexicon").glob("*.toml")) for sign, entry in _toml(file).items()}


def _classes(folder: Path) -> dict[str, Specs]:
    """The classes of words; one that names another holds its words too."""
    written = {name: text.split() for name, text in _toml(folder / "words.toml")["classes"].items()}
    written["abroad"] = (folder / "abroad.txt").read_text(encoding="utf-8").split() + written["abroad"]
    classes: dict[str, Specs] = {}
    for name, specs in written.items():
        inner = (classes[spec[1:]] if spec.startswith("@") else {spec} for spec in specs)
        classes[name] = frozenset().union(*inner)
    return classes


def _toml(file: Path) -> dict[str, Any]:
    return tomllib.loads(file.read_text(encoding="utf-8"))
