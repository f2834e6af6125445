"""Text as everybody who reads it by machine sees it: one spelling for what looks alike, with the way back.

People paste from PDF files, phones and web pages: invisible characters inside words, ligatures, letters of another
alphabet that look like ours, lines broken in the middle of a sentence. `normalise` takes them away and keeps, for every
character that is left, the place where it stood (Unicode UAX #15, UTS #39).
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_DASH = "\u2010\u2011\ufe63\uff0d"
_INVISIBLE = (
    "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff"
)
_MARKS = "\u0300-\u036f\u0483-\u0487\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0\ufe20-\ufe2f"
_CHARACTERS = re.compile(
    rf"(?P<invisible>[{_INVISIBLE}]+)|(?P<line>\r\n|[\r\x0b\x0c\x85\u2028\u2029])"
    rf"|(?P<space>[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000])|(?P<dash>[{_DASH}])"
    rf"|(?P<accented>.[{_MARKS}{_INVISIBLE}]*[{_MARKS}]+)|(?P<other>[^\x00-\u017f\u2013-\u2026\u0400-\u04ff])|[ªº²³¹ĳĲŀĿŉſ]"
)
_LAYOUT = re.compile(r"(?<=[^\W\d_])-[ \t]*\n[ \t]*(?=[a-zæøåäö])|[ \t]*\n[ \t\n]*|[ \t]{2,}|\t")
_NO_END = "at da den der det deres d en er et for fra hans har hendes i inden med og om på sin sit som til uge ved vil"
_GOES_ON = frozenset(_NO_END.split())
"""Words that no sentence ends with: what stands on the next line belongs to them, however it begins."""
_ENDS_A_LINE = re.compile(r"([^\W\d_]+)\.?$")
_HANGS = re.compile(r"(?:og|eller|samt)\b")
_ALIKE = str.maketrans(
    "асеорхуіјѕһԁԛԝкмтАВЕКМНОРСТУХІЈЅԚԜёЁαβερικοντυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧıɑɡ",
    "aceopxyijshdqwkmtABEKMHOPCTYXIJSQWeEabepikovtuxABEZHIKMNOPTYXiag",
)
_FOREIGN = re.compile(r"[\u0370-\u03ff\u0400-\u052f\u0131\u0251\u0261]")
_WORD = re.compile(r"[^\W\d_]+")
_STROKES = {"o\u0338": "ø", "O\u0338": "Ø", "o\u0337": "ø", "O\u0337": "Ø"}


@dataclass(frozen=True, slots=True)
class Plain:
    """A text made plain. `places`: where in the original each of its characters stood, and its end; None: the same."""

    text: str
    places: Sequence[int] | None = None

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original that was made to `text[start:end]`."""
        if self.places is None:
            return start, end
        first = self.places[start]
        return first, max(self.places[end], self.places[end - 1] + 1 if end > start else first)


def normalise(text: str) -> Plain:
    """The text in one spelling, with the way back to the places of the original."""
    plain = _replaced(Plain(text), _CHARACTERS, _character)
    plain = _replaced(plain, _LAYOUT, _layout)
    return Plain(_in_latin(plain.text), plain.places)


def _replaced(plain: Plain, pattern: re.Pattern[str], by: Callable[[re.Match[str]], str]) -> Plain:
    pieces: list[str] = []
    places: list[int] = []
    done = 0
    for match in pattern.finditer(plain.text):
        new, start, end = by(match), match.start(), match.end()
        if new == match[0]:
            continue
        pieces += plain.text[done:start], new
        places.extend(range(done, start))
        places.extend(min(start + n, end - 1) for n in range(len(new)))
        done = end
    if not pieces:
        return plain
    pieces.append(plain.text[done:])
    places.extend(range(done, len(plain.text) + 1))
    was = plain.places
    return Plain("".join(pieces), places if was is None else [was[place] for place in places])


def _character(match: re.Match[str]) -> str:
    match match.lastgroup:
        case "invisible":
            return ""
        case "line":
            return "\n"
        case "space":
            return " "
        case "dash":
            return "-"
        case "accented":
            return _composed("".join(each for each in match[0] if not re.match(f"[{_INVISIBLE}]", each)))
        case _:
            return _compatible(match[0])


def _composed(written: str) -> str:
    """A letter with its marks as one character; marks that belong to no letter of ours go."""
    stroked = _STROKES.get(written[:2])
    composed = stroked or unicodedata.normalize("NFC", written)
    return composed[0] if not re.match(f"[{_MARKS}]", composed[0]) else ""


def _compatible(written: str) -> str:
    """A ligature, a full-width or a mathematical character as the plain ones; other signs and scripts as they are."""
    if unicodedata.category(written)[0] in "LN" or "\uff01" <= written <= "\uff5e":
        return "".join(each for each in unicodedata.normalize("NFKC", written) if not re.match(f"[{_MARKS}]", each))
    return written


def _layout(match: re.Match[str]) -> str:
    """A word that a line broke is whole again, a broken line a space; an empty line, and one that begins anew, stay."""
    found, text = match[0], match.string
    if "\n" not in found:
        return " "
    following = text[match.end() : match.end() + 8]
    if found[0] == "-":
        return "- " if _HANGS.match(following) else ""
    if found.count("\n") > 1:
        return "\n\n"
    before = _ENDS_A_LINE.search(text[max(0, match.start() - 12) : match.start()])
    goes_on = before is not None and before[1].lower() in _GOES_ON
    return " " if following[:1].islower() or goes_on else "\n"


def _in_latin(text: str) -> str:
    """The text with the letters that only look like ours made ours, in the words that are then wholly Latin."""
    if _FOREIGN.search(text) is None:
        return text
    latin = sum(each.isascii() and each.isalpha() for each in text)
    mostly = 2 * latin > sum(each.isalpha() for each in text)

    def seen(match: re.Match[str]) -> str:
        word, read = match[0], match[0].translate(_ALIKE)
        if word == read:
            return word
        own = any(each.isalpha() and each < "\u0250" for each in word)
        return read if (own or mostly) and all(each < "\u0250" for each in read) else word

    return _WORD.sub(seen, text)
