"""Whether a sentence is Danish: what is not is told as unread, which counts as *unknown*, visibly."""

import unicodedata
from collections.abc import Sequence

from services.intake.reading.lexicon import Lexicon
from services.intake.reading.text import Sentence, Token

FEWEST_WORDS = 5
"""Fewer words are a fragment or a quoted expression."""
_COMMON_SHARE = 0.2
_KNOWN_SHARE = 0.5
_SURELY_KNOWN = 0.8
_OTHER_SCRIPT_LETTERS = 12


def unread(sentence: Sentence, lexicon: Lexicon) -> bool:
    """Whether the sentence is in another language or script. Names, numbers and marks say nothing."""
    if other_script(sentence.tokens) >= _OTHER_SCRIPT_LETTERS:
        return True
    words = [token for token in sentence.tokens if not token.mark and not token.name and token.written.isalpha()]
    if len(words) < FEWEST_WORDS:
        return False
    seen = [lexicon.seen(token) for token in words]
    known = sum(word.known for word in seen) / len(words)
    if known >= _SURELY_KNOWN:
        return False
    common = sum("danish" in word.kinds for word in seen) / len(words)
    return known < _KNOWN_SHARE or common < _COMMON_SHARE


def other_script(tokens: Sequence[Token]) -> int:
    """Letters that are not Latin."""
    return sum(not _latin(letter) for token in tokens if not token.written.isascii() for letter in token.written)


def _latin(letter: str) -> bool:
    return not letter.isalpha() or unicodedata.name(letter, "").startswith(("LATIN", "MODIFIER"))
