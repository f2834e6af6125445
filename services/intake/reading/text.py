"""Plain text (`domain/plain.py`) as sentences of tokens. Every token keeps its place, so that a finding can be shown.

Comparison is by a folded form: small letters, æ ø å written ae oe aa (as phones without them do), marks stripped.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

LONGEST_SENTENCE = 120
"""Tokens. What runs on without a stop is cut here, so that no text makes reading slow."""

_TOKEN = re.compile(r"(?P<word>[^\W_]\w*(?:['’\-][^\W_]+)*)|(?P<mark>[.!?…]+|[,;:()\"“”„»«/–—]|-|\n+)")
_LETTERS = str.maketrans({"æ": "ae", "ø": "oe", "å": "aa", "ä": "ae", "ö": "oe", "ß": "ss"})
_ABBREVIATED = (
    "kl d fx f eks bl a ca nr dvs mht pga ift evt osv mm m inkl tlf jf vedr pt p t ang kr min stk hhv alm mdr obs ifm "
    "bla feks ff jvf mfl s afd udd pæd"
)
_ABBREVIATIONS = frozenset(_ABBREVIATED.split())
_BEFORE_ORDINALS = frozenset(("i", "den", "d", "fra", "til", "inden", "efter", "før", "af", "kl", "uge", ","))
_OPENING = frozenset('"“„»(')


def fold(word: str) -> str:
    """The form in which words are compared."""
    low = word.lower()
    if low.isascii():
        return low
    low = unicodedata.normalize("NFC", low).translate(_LETTERS)
    return "".join(each for each in unicodedata.normalize("NFKD", low) if each.isalnum() or each in "'-")


class Token(NamedTuple):
    """A word or a mark. `written` is small letters as they stand; `name` says that a capital is no sentence's start."""

    written: str
    start: int
    end: int
    mark: bool = False
    name: bool = False


@dataclass(frozen=True, slots=True)
class Sentence:
    """Tokens up to a full stop, and whether it asks."""

    tokens: Sequence[Token]
    asks: bool = False

    @property
    def start(self) -> int:
        return self.tokens[0].start

    @property
    def end(self) -> int:
        return self.tokens[-1].end


@dataclass(slots=True)
class _Open:
    """The sentence being collected."""

    tokens: list[Token] = field(default_factory=list)

    def add(self, word: str, start: int, end: int, *, mark: bool) -> None:
        after_opening = not self.tokens or self.tokens[-1].written in _OPENING or self.tokens[-1].written == ":"
        name = not mark and word[0].isupper() and not (len(word) > 1 and word.isupper()) and not after_opening
        self.tokens.append(Token(word.lower(), start, end, mark, name))

    def close(self, *, asks: bool = False) -> Iterator[Sentence]:
        if any(not token.mark for token in self.tokens):
            yield Sentence(self.tokens, asks)
        self.tokens = []


def sentences(text: str) -> Iterator[Sentence]:
    """The plain text's sentences, in order; together they hold every word."""
    collected = _Open()
    for match in _TOKEN.finditer(text):
        written, start, end = match.group(), match.start(), match.end()
        if match.lastgroup == "word" or written[0] not in ".!?…\n":
            collected.add(written, start, end, mark=match.lastgroup == "mark")
            if len(collected.tokens) >= LONGEST_SENTENCE:
                yield from collected.close()
        elif _ends(text, collected.tokens, written, end):
            yield from collected.close(asks="?" in written)
        elif written[0] != "\n" and not (collected.tokens and collected.tokens[-1].written.isdigit()):
            collected.add(",", start, end, mark=True)
    yield from collected.close()


def _ends(text: str, before: Sequence[Token], mark: str, end: int) -> bool:
    """Whether the mark ends the sentence: not after a number or an abbreviation that goes on in small letters."""
    if "!" in mark or "?" in mark:
        return True
    following = text[end : end + 40].lstrip(' \t\r\n"“”„»«(-–')[:1]
    if mark[0] == "\n":
        return len(mark) > 1 or following.isupper() or not following.isalpha()
    last = before[-1].written if before else ""
    if last in _ABBREVIATIONS:
        return following.isupper() and last in ("osv", "mm", "m")
    if last.isdigit() and not following.isupper():
        return following.isalpha() and len(before) > 1 and before[-2].written not in _BEFORE_ORDINALS
    return len(mark) == 1 or following.isupper()
