"""What a reader with a grant is shown of a report: as it was written, in the order it is read in."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from shared.auth.grants import ReadPart

Json: TypeAlias = dict[str, Any]

_CHILD = ("name", "cpr", "age_band", "relation")
_REPORTER = ("name", "kind", "institution", "unit", "email", "phone", "safe_hours")
_ANSWER = ("sign", "answer", "when", "date", "quote")


@dataclass(frozen=True, slots=True)
class Mark:
    """A sign that the machine read in the text, and where (characters from its beginning)."""

    sign: str
    answer: str
    when: str | None
    date: str | None
    start: int
    end: int


def disclosed(body: object, *, part: ReadPart, unread: tuple[str, ...], marks: tuple[Mark, ...]) -> Json:
    """The part of a body that a grant names. What could not be read is shown as it was written."""
    top = body if isinstance(body, dict) else {}
    names = {"children": _each(top.get("children"), _CHILD[:1]), "reporter": _of(top.get("reporter"), _NAMES)}
    if part is ReadPart.NAMES:
        return names
    conflict = _of(top.get("conflict"), ("about",))
    return {
        "children": _each(top.get("children"), _CHILD),
        "reporter": _of(top.get("reporter"), _REPORTER),
        "text": _text(body, top),
        "answers": _each(top.get("answers"), _ANSWER),
        "parents_know": top.get("parents_know") if isinstance(top.get("parents_know"), str) else None,
        "conflict_about": conflict["about"],
        "marks": [{name: getattr(mark, name) for name in mark.__slots__} for mark in marks],
        "unread": list(unread),
        "as_written": json.dumps(body, ensure_ascii=False, indent=1) if unread else None,
    }


_NAMES = ("name", "institution")


def _text(body: object, top: Mapping[str, Any]) -> str:
    written = top.get("text") if isinstance(body, dict) else body
    return written if isinstance(written, str) else "" if written is None else json.dumps(written, ensure_ascii=False)


def _of(value: object, names: tuple[str, ...]) -> Json:
    given = value if isinstance(value, dict) else {}
    return {name: given[name] if isinstance(given.get(name), str) and given[name] else None for name in names}


def _each(value: object, names: tuple[str, ...]) -> list[Json]:
    return [_of(item, names) for item in value] if isinstance(value, list) else []
