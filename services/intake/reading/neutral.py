"""Taking out of a sentence who somebody is and where they come from, before meaning is looked for in it.

The vector of "Fatima skal giftes i Irak" must be that of "Sofie skal giftes i Polen": no name, country, faith or
language is a reason to suspect anything. Each is replaced by one word for all of its kind.
"""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from services.intake.reading.text import Token

_HERE = Path(__file__).parent
_NAME = "Kim"
_ABROAD = "udlandet"
_ENDINGS = ("", "e", "en", "et", "er", "ere", "eren", "erne", "n", "r", "rne", "s", "ens", "ers", "ernes", "ns", "rnes")


class Neutral:
    """Replaces what `neutral.toml` and `abroad.txt` list, and names. `known`: whether a dictionary has the word."""

    def __init__(self, known: Callable[[str], bool]) -> None:
        words: Mapping[str, str] = tomllib.loads((_HERE / "neutral.toml").read_text(encoding="utf-8"))["words"]
        countries = (_HERE / "abroad.txt").read_text(encoding="utf-8").split()
        self._instead_of = {
            form + ending: word for word, forms in words.items() for form in forms.split() for ending in _ENDINGS
        } | {country + ending: _ABROAD for country in countries for ending in ("", "s")}
        self._known = known

    def text(self, tokens: Sequence[Token], text: str, start: int, end: int) -> str:
        """The part of the text from `start` to `end`, whose words these tokens are, with all of it replaced."""
        pieces: list[str] = []
        done = start
        for n, token in enumerate(tokens):
            word = None if token.mark else self._instead(token, text, first=n == 0)
            if word is not None:
                pieces += text[done : token.start], word
                done = token.end
        return "".join((*pieces, text[done:end]))

    def _instead(self, token: Token, text: str, *, first: bool) -> str | None:
        listed = self._instead_of.get(token.written)
        if listed is not None:
            return listed
        written = text[token.start : token.end]
        begins = first and written[0].isupper() and not written.isupper() and not self._known(token.written)
        return _NAME if (token.name or begins) and len(written) > 1 else None
