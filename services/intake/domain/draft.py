"""Reading a report as it was sent: everything that can be read becomes a code, everything else is named and kept.

Nothing is ever refused here (invariant *accept first*): the bytes are stored as they came, and what could not be read
counts as *unknown*.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar

from services.intake.domain.cpr import Cpr, age_band, cpr_of
from services.intake.domain.prose import KEY, written_in
from shared.calendar import in_bounds, local
from shared.events.codes import AgeBand, Answer, LegalKind, ReceiptRoute, ReporterKind, Unit, When
from shared.events.intake import SignFact
from shared.signs import PLACE, SIGNS, SignId

MOST_CHILDREN = 30
MOST_UNREAD = 60
LIFE = timedelta(days=30 * 365)
"""A day further from the report than this is none of a child's life: it is what programs send for no day at all."""
HEARD_WITHIN = timedelta(days=366)
"""What was said longer ago than this is written down with another time than it was said at."""
FAMILY_KNOWS = SignId("disclosure.family_knows")

_CODE = TypeVar("_CODE", bound=StrEnum)
_SOME_UTF8 = re.compile(rb"[\xc3-\xf4][\x80-\xbf]")
_PARENTS_KNOW = {"yes": Answer.SAID, "no": Answer.DENIED, "unknown": Answer.UNKNOWN}
_REPORTER_TEXTS = ("name", "institution", "email", "phone", "safe_hours")


class NotJson(Exception):
    """The bytes are not JSON (RFC 8259), so that not even their shape can be told."""


@dataclass(frozen=True, slots=True)
class DraftChild:
    """A child as named in a report. Without a CPR number nobody can tell whether it is known already."""

    name: str | None = None
    cpr: Cpr | None = None
    age_band: AgeBand = AgeBand.UNKNOWN
    relation: str | None = None


def decisive(children: Sequence[DraftChild], *, trusted: bool) -> tuple[list[DraftChild], list[DraftChild]]:
    """The children that decide which case a report joins, and those whose numbers are only proposed.

    One child is the subject: the first that is called so, else the first. Where the reporter is known, or staff wrote
    it down, siblings decide too. A child without a number is nobody else's. Each number is proposed once.
    """
    subject = next((each for each in children if each.relation == "subject"), children[0] if children else None)
    proposed: dict[Cpr, DraftChild] = {}
    decides: list[DraftChild] = []
    for each in children:
        vouched = trusted and each.relation == "sibling"
        if subject is not None and (each is subject or each.cpr in (None, subject.cpr) or vouched):
            decides.append(each)
        elif each.cpr is not None:
            proposed.setdefault(each.cpr, each)
    return decides, list(proposed.values())


@dataclass(frozen=True, slots=True)
class Draft:
    """A report as codes, with the paths of what was not read. `has_text` says that there is something left to read."""

    legal_kind: LegalKind
    reporter_kind: ReporterKind
    receipt_route: ReceiptRoute
    unit: Unit
    children: tuple[DraftChild, ...]
    signs: tuple[SignFact, ...]
    has_text: bool
    conflict_declared: bool
    already_supported: bool
    unread: tuple[str, ...]


@dataclass(slots=True)
class _Reader:
    """Walks a body and notes the path of everything it cannot read."""

    on: date
    unread: list[str] = field(default_factory=list)

    def note(self, path: str) -> None:
        if len(self.unread) < MOST_UNREAD:
            self.unread.append(path)

    def fields(self, value: object, path: str, known: Sequence[str]) -> Mapping[str, Any]:
        """The value as an object; its unknown names are noted (by name only where it looks like a field's)."""
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.note(path)
            return {}
        for name in value:
            if name in known:
                continue
            self.note(f"{path}.{name}".lstrip(".") if KEY.fullmatch(name) else f"{path}.?".lstrip("."))
        return value

    def items(self, value: object, path: str) -> Iterator[tuple[str, Any]]:
        """The values of a list with their paths."""
        if isinstance(value, list):
            yield from ((f"{path}[{n}]", each) for n, each in enumerate(value))
        elif value is not None:
            self.note(path)

    def text(self, value: object, path: str) -> str | None:
        """A text that says something."""
        if value is None or isinstance(value, str):
            return (value or "").strip() or None
        self.note(path)
        return None

    def code(self, value: Any, path: str, default: _CODE) -> _CODE:
        """One of a closed list."""
        if value is None or value == "":
            return default
        try:
            return type(default)(value)
        except ValueError:
            self.note(path)
            return default

    def yes(self, value: object, path: str) -> bool:
        """A plain yes or no."""
        if value is not None and not isinstance(value, bool):
            self.note(path)
        return value is True

    def day(self, value: Any, path: str) -> date | None:
        """A day of a child's life, as a date or as a moment of one (RFC 3339 full-date, date-time)."""
        if value is None or value == "":
            return None
        try:
            at = datetime.fromisoformat(value)
            day = local(at).date() if at.tzinfo else at.date()
            if abs(day - self.on) <= LIFE:
                return day
        except (TypeError, ValueError, OverflowError):
            pass
        self.note(path)
        return None


def parse(raw: bytes) -> object:
    """The JSON value in the bytes. Raises `NotJson`; what is JSON but beyond us (too deep, too large) reads as text."""
    written = _decoded(raw)
    try:
        return json.loads(written)
    except json.JSONDecodeError:
        raise NotJson from None
    except (RecursionError, ValueError):
        return written


def _decoded(raw: bytes) -> str:
    """The bytes as UTF-8, -16 or -32, with a mark before them or without; else as Windows' old programs write them.

    RFC 8259 § 8.1 knows UTF-8 alone, but Windows PowerShell sends UTF-16 and windows-1252.
    """
    try:
        return raw.decode(json.detect_encoding(raw), "surrogatepass").removeprefix("\ufeff")
    except UnicodeDecodeError:
        pass
    if _SOME_UTF8.search(raw):
        return raw.decode("utf-8", "replace")
    try:
        return raw.decode("cp1252")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def read_draft(body: object, *, on: date) -> Draft:
    """Read a body; `on` is the day it was received, for ages."""
    reader = _Reader(on)
    top = reader.fields(body, "" if isinstance(body, dict) else "body", _TOP)
    reporter = reader.fields(top.get("reporter"), "reporter", (*_REPORTER_TEXTS, "kind", "unit", "receipt_route"))
    for name in _REPORTER_TEXTS:
        reader.text(reporter.get(name), f"reporter.{name}")
    for name in _YES_NO:
        if top.get(name) is not None and top[name] not in tuple(_PARENTS_KNOW):
            reader.note(name)
    written = top.get("text")
    reader.text(written, "text")
    return Draft(
        legal_kind=reader.code(top.get("legal_kind"), "legal_kind", LegalKind.UNKNOWN),
        reporter_kind=reader.code(reporter.get("kind"), "reporter.kind", ReporterKind.UNKNOWN),
        receipt_route=reader.code(reporter.get("receipt_route"), "reporter.receipt_route", ReceiptRoute.SCREEN),
        unit=reader.code(reporter.get("unit"), "reporter.unit", Unit.UNKNOWN),
        children=_children(reader, top.get("children")),
        signs=_signs(reader, top),
        has_text=bool(written_in(body)) or not isinstance(written, str | None) or not isinstance(body, dict),
        conflict_declared=_conflict(reader, top.get("conflict")),
        already_supported=reader.yes(top.get("already_supported"), "already_supported"),
        unread=tuple(sorted(set(reader.unread), key=reader.unread.index)),
    )


@dataclass(frozen=True, slots=True)
class Spoken:
    """A report that was said on the phone, and when: now, where that cannot be read, has not come or is long gone."""

    said_at: datetime
    draft: Draft


def read_entry(body: object, *, now: datetime) -> Spoken:
    """Read the body of a report that a member of staff writes down: `received_at` is when they heard it."""
    fields = body if isinstance(body, dict) else {}
    draft = read_draft({**fields, "received_at": None} if fields else body, on=local(now).date())
    said_at = _instant(fields.get("received_at"))
    readable = said_at is not None and now - HEARD_WITHIN <= said_at <= now
    unread = [path for path in draft.unread if path != "received_at"]
    draft = replace(draft, unread=tuple(unread if readable else ["received_at", *unread]))
    return Spoken(said_at if said_at is not None and readable else now, draft)


def _instant(value: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return at.astimezone(UTC) if at is not None and at.tzinfo is not None and in_bounds(at) else None


_YES_NO = ("consent", "parents_told")
"""Shown to who reads the report; no sign."""
_TOP = (
    *("legal_kind", "reporter", "children", "text", "parents_know", "answers", "conflict", "already_supported"),
    *_YES_NO,
)


def _children(reader: _Reader, value: object) -> tuple[DraftChild, ...]:
    children: list[DraftChild] = []
    for path, item in reader.items(value, "children"):
        if len(children) == MOST_CHILDREN:
            reader.note(path)
            break
        children.append(_child(reader, item, path))
    return tuple(children)


def _child(reader: _Reader, item: object, path: str) -> DraftChild:
    given = reader.fields(item, path, ("name", "cpr", "age_band", "relation"))
    relation = reader.text(given.get("relation"), f"{path}.relation")
    written = reader.text(given.get("cpr"), f"{path}.cpr")
    cpr = cpr_of(written) if written else None
    if written and not cpr:
        reader.note(f"{path}.cpr")
    band = reader.code(given.get("age_band"), f"{path}.age_band", AgeBand.UNKNOWN)
    if cpr and band is AgeBand.UNKNOWN:
        band = age_band(cpr, reader.on)
    return DraftChild(name=reader.text(given.get("name"), f"{path}.name"), cpr=cpr, age_band=band, relation=relation)


def _signs(reader: _Reader, top: Mapping[str, Any]) -> tuple[SignFact, ...]:
    """The answers as facts, each once, in the catalogue's order; a sign whose answer cannot be read is *unknown*."""
    facts = [fact for path, item in reader.items(top.get("answers"), "answers") if (fact := _fact(reader, item, path))]
    known = top.get("parents_know")
    if known is not None and known not in tuple(_PARENTS_KNOW):
        reader.note("parents_know")
    elif known is not None:
        facts.append(SignFact(sign=FAMILY_KNOWS, answer=_PARENTS_KNOW[known]))
    return in_order(facts)


def _fact(reader: _Reader, item: object, path: str) -> SignFact | None:
    given = reader.fields(item, path, ("sign", "answer", "when", "date", "quote"))
    reader.text(given.get("quote"), f"{path}.quote")
    sign = given.get("sign")
    if not isinstance(sign, str) or sign not in SIGNS:
        reader.note(f"{path}.sign")
        return None
    when = given.get("when")
    return SignFact(
        sign=SignId(sign),
        answer=reader.code(given.get("answer"), f"{path}.answer", Answer.UNKNOWN),
        when=None if when is None else _when(reader, when, f"{path}.when"),
        date=reader.day(given.get("date"), f"{path}.date"),
    )


def _when(reader: _Reader, value: object, path: str) -> When | None:
    if isinstance(value, str) and value in tuple(When):
        return When(value)
    reader.note(path)
    return None


def in_order(facts: Iterable[SignFact]) -> tuple[SignFact, ...]:
    """Each fact once, in the catalogue's order."""
    return tuple(sorted(set(facts), key=_place))


def _place(fact: SignFact) -> tuple[int, int, str, date]:
    return PLACE[SignId(fact.sign)], fact.answer.rank, fact.when or "", fact.date or date.min


def _conflict(reader: _Reader, value: object) -> bool:
    """Whether a conflict of interest is declared; naming somebody without saying *no* declares one."""
    given = reader.fields(value, "conflict", ("declared", "about"))
    about = reader.text(given.get("about"), "conflict.about")
    declared = reader.yes(given.get("declared"), "conflict.declared")
    return declared or (given.get("declared") is not False and about is not None)
