"""What a reader with a grant is shown of a report: as it was written, in the order it is read in.

A mark in `text` has its place there; one in another field has the field's path, and quotes what stands there.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

from services.intake.domain.draft import Draft
from services.intake.domain.prose import APART, TEXT, Written, written_in
from services.intake.domain.reading import contradictions
from shared.auth.grants import ReadPart
from shared.events.codes import Answer, Grade
from shared.events.intake import SignFact
from shared.signs import SignId

Json: TypeAlias = dict[str, Any]

MOST_TEXT = 40_000
MOST_WRITTEN = 20_000
MOST_FIELD = 1_000
MOST_LISTED = 100
"""A body may hold 256 kB of anything. More letters, rows or depth than these are not shown but handed over as sent."""

_CHILD = ("name", "cpr", "age_band", "relation")
_REPORTER = ("name", "kind", "institution", "unit", "email", "phone", "safe_hours")
_ANSWER = ("sign", "answer", "when", "date", "quote")


@dataclass(frozen=True, slots=True)
class Mark:
    """A sign that the machine read or suspects, and where: characters from the beginning of all texts of the body.

    `score`: how sure it is, in percent.
    """

    sign: str
    answer: str
    when: str | None
    date: str | None
    start: int
    end: int
    grade: Grade
    score: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineRead:
    """What the machine made of the text, unless it has yet to read it; some may be in a language it does not know.

    `more`: how many marks there are beside these.
    """

    pending: bool
    language_unread: bool
    marks: tuple[Mark, ...]
    more: int = 0


def disclosed(
    raw: bytes,
    body: object,
    *,
    part: ReadPart,
    draft: Draft,
    read: MachineRead,
    proposals: Sequence[Json] = (),
    adds_to: UUID | None = None,
) -> Json:
    """The part of a body that a grant names, bounded. What could not be read is shown as it was written.

    `cut` tells that there is more, which the part *whole* hands over. `adds_to` is the report whose reporter and child
    these are too, where somebody had more to tell.
    """
    top = body if isinstance(body, dict) else {}
    if part is ReadPart.WHOLE:
        return {"whole": raw.decode("utf-8", "replace")}
    if part is ReadPart.NAMES:
        return {"children": _each(top.get("children"), _CHILD[:1]), "reporter": _of(top.get("reporter"), _NAMES)}
    text = _text(body, top)
    written, more = as_written(body) if draft.unread else (None, False)
    return {
        "children": _each(top.get("children"), _CHILD),
        "reporter": _of(top.get("reporter"), _REPORTER),
        "text": text[:MOST_TEXT],
        "answers": _each(top.get("answers"), _ANSWER),
        **_of(top, ("parents_know", "parents_told", "consent")),
        "conflict_about": _of(top.get("conflict"), ("about",))["about"],
        "marks": _marks(read.marks, written_in(body)),
        "marks_more": read.more,
        "contradictions": _contradictions(draft, read.marks),
        "proposals": list(proposals),
        "adds_to": str(adds_to) if adds_to else None,
        "pending": read.pending,
        "language_unread": read.language_unread,
        "unread": list(draft.unread),
        "as_written": written,
        "cut": len(text) > MOST_TEXT or more or _too_much(top),
        "letters": len(raw),
    }


_LONGEST_QUOTE = 200


def _marks(marks: tuple[Mark, ...], texts: tuple[Written, ...]) -> list[Json]:
    """The marks in order, each with its field."""
    shown = []
    for mark in sorted(marks, key=lambda each: each.start):
        begins, of = 0, Written(TEXT, "")
        for of in texts:
            if mark.start < begins + len(of.text):
                break
            begins += len(of.text) + len(APART)
        start, end = mark.start - begins, mark.end - begins
        quote = None if of.field == TEXT else of.text[start:end][:_LONGEST_QUOTE]
        codes = {name: getattr(mark, name) for name in ("sign", "answer", "when", "date", "grade", "score")}
        shown.append({**codes, "start": start, "end": end, "field": of.field, "quote": quote})
    return shown


def as_written(body: object) -> tuple[list[tuple[str, object]], bool]:
    """The body as lines to read, each the name of a field and what stands in it, and whether there are more.

    It never recurses, because a body may be nested as deep as a parser allows.
    """
    lines: list[tuple[str, object]] = []
    waiting: list[tuple[str, object]] = [("", body)]
    room = MOST_WRITTEN
    while waiting and room > 0:
        name, value = waiting.pop()
        if isinstance(value, dict) and value:
            waiting += [(_inside(name, f".{each}"), below) for each, below in reversed(value.items())]
        elif isinstance(value, list) and value:
            waiting += [(_inside(name, f"[{n}]"), value[n]) for n in range(len(value) - 1, -1, -1)]
        else:
            kept = value[:room] if isinstance(value, str) else None if isinstance(value, dict | list) else value
            room -= len(name) + len(str(value))
            lines.append((name, kept))
    return lines, bool(waiting) or room < 0


_LONGEST_NAME = 100


def _inside(name: str, part: str) -> str:
    return f"{name}{part}".lstrip(".")[:_LONGEST_NAME]


def _too_much(top: Mapping[str, Any]) -> bool:
    """Whether a list is longer, or a field of one that is shown, than what is shown of it."""
    lists = [value for name in ("children", "answers") if isinstance(value := top.get(name), list)]
    objects = [top.get("reporter"), top.get("conflict"), *(item for found in lists for item in found[:MOST_LISTED])]
    fields = [value for each in objects if isinstance(each, dict) for value in each.values()]
    return any(len(found) > MOST_LISTED for found in lists) or any(
        isinstance(value, str) and len(value) > MOST_FIELD for value in fields
    )


def _contradictions(draft: Draft, marks: tuple[Mark, ...]) -> list[Json]:
    """Where the reporter's answer and the text disagree: the sign, and which of the two was answered."""
    read = (mark for mark in marks if mark.grade is not Grade.SUSPECTED)
    facts = [SignFact(sign=SignId(mark.sign), answer=Answer(mark.answer), grade=mark.grade) for mark in read]
    said = {fact.sign for fact in facts if fact.answer is Answer.SAID}
    return [
        {"sign": sign, "answered": Answer.DENIED if sign in said else Answer.SAID}
        for sign in contradictions(draft.signs, facts)
    ]


_NAMES = ("name", "institution")


def _text(body: object, top: Mapping[str, Any]) -> str:
    """The text; where it is no plain text, every text inside, as the marks count it."""
    written = top.get(TEXT) if isinstance(body, dict) else body
    if written is None or isinstance(written, str):
        return written or ""
    return next((each.text for each in written_in(body) if each.field == TEXT), json.dumps(written, ensure_ascii=False))


def _of(value: object, names: tuple[str, ...]) -> Json:
    given = value if isinstance(value, dict) else {}
    return {name: _field(given.get(name)) for name in names}


def _field(value: object) -> str | None:
    return value[:MOST_FIELD] if isinstance(value, str) and value else None


def _each(value: object, names: tuple[str, ...]) -> list[Json]:
    return [_of(item, names) for item in value[:MOST_LISTED]] if isinstance(value, list) else []
