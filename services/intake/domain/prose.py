"""The text in a body: everything that a person wrote in words, wherever it stands, in the order it is read in.

`text`, an answer's `quote`, `conflict.about` and every field that is not known hold text whatever they hold. The fields
of codes, names and contact details hold text where it reads like a sentence: people write where there is room.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
"""What looks like a field's name, so that it may be told."""
APART = "\n\n"
"""Stands between two fields: no sentence runs from one into the next."""
TEXT = "text"
_DEEPEST = 4
_FEWEST_WORDS = 3
_REPORTER = ("name", "kind", "institution", "unit", "email", "phone", "safe_hours", "receipt_route")
_SHORT = frozenset(
    (
        *("legal_kind", "parents_know", "already_supported", "received_at", "conflict.declared"),
        *("consent", "parents_told"),
        *(f"reporter.{name}" for name in _REPORTER),
        *(f"children.{name}" for name in ("name", "cpr", "age_band", "relation")),
        *(f"answers.{name}" for name in ("sign", "answer", "when", "date")),
    )
)
"""Known fields of codes, names and contact details."""
_INDEX = re.compile(r"\[\d+\]")


@dataclass(frozen=True, slots=True)
class Written:
    """A text, and the field it stands in (`answers[0].quote`); of fields deep inside, the one around them."""

    field: str
    text: str


def written_in(body: object) -> tuple[Written, ...]:
    """The texts of a body, that of `text` first."""
    top = body if isinstance(body, Mapping) else {TEXT: body}
    ordered = sorted(top.items(), key=lambda item: item[0] != TEXT)
    found = (each for name, value in ordered for each in _texts(_named("", name), name, value))
    return tuple(
        Written(field, APART.join(each.text for each in of)) for field, of in groupby(found, lambda w: w.field)
    )


def text_of(body: object) -> str:
    """All texts of a body as one."""
    return APART.join(each.text for each in written_in(body))


def is_prose(value: str) -> bool:
    """Whether it reads like a sentence and not like a name, a place or a number."""
    words = [word for word in value.split() if any(each.isalpha() for each in word)]
    plain = sum(not word.lstrip("\"'(»“„")[:1].isupper() for word in words)
    return len(words) >= _FEWEST_WORDS and (plain >= 2 or value.isupper())


def _texts(path: str, name: str, value: object) -> Iterator[Written]:
    """The texts in a field, without recursion: a body may be nested as deep as a parser allows."""
    waiting: list[tuple[str, str | None, object]] = [(path, name, value)]
    while waiting:
        path, name_, value = waiting.pop()
        if name_ is not None and not KEY.fullmatch(name_) and is_prose(name_):
            yield Written(path, name_)
        if isinstance(value, str):
            if value.strip() and (_INDEX.sub("", path) not in _SHORT or is_prose(value)):
                yield Written(path, value)
        elif isinstance(value, Mapping):
            inside = [(_named(path, each), each, below) for each, below in value.items()]
            waiting += reversed(inside)
        elif isinstance(value, list):
            counted = path in ("answers", "children")
            listed = [(f"{path}[{n}]" if counted else path, None, each) for n, each in enumerate(value)]
            waiting += reversed(listed)


def _named(path: str, name: str) -> str:
    if path == TEXT or path.count(".") >= _DEEPEST:
        return path
    return f"{path}.{name if KEY.fullmatch(name) else '?'}".lstrip(".")
