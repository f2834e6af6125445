"""`beredskab rate`: reads and rates report bodies from a file as the services would, and sends nothing."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from services.intake.domain import reading
from services.intake.domain.draft import NotJson, parse, read_draft
from services.intake.domain.prose import text_of
from services.intake.domain.reading import Found
from services.intake.reading import read_text
from services.triage import rules
from services.triage.domain import ReportFacts
from services.triage.domain import rate as rating_of
from shared.calendar import COPENHAGEN, local
from shared.clock import Clock
from shared.events.intake import SignFact
from shared.ids import ReportId

_NOBODYS = ReportId(UUID(int=0))
_NO_JSON = {"error": "this line is no JSON"}
_NO_OBJECT = {"error": "this line is no report: a report is a JSON object"}
_NO_MOMENT = {"error": "received_at is no moment, as in 2026-03-10T13:00:00+01:00"}


def rated(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """What becomes of each line that is not empty. A line that cannot be rated has an `error`, which repeats nothing.

    A line is a report's body, or an object that holds it as `body`; `received_at` may stand in either.
    """
    now = Clock().now()
    yield from (_rated(line, now) for line in lines if line.strip())


def _rated(line: bytes, now: datetime) -> dict[str, Any]:
    given = parsed(line, now)
    return _result(*given) if isinstance(given, tuple) else given


def parsed(line: bytes, now: datetime) -> tuple[Mapping[str, Any], datetime] | dict[str, Any]:
    """The report's body in a line and when it was received; else an object whose `error` says what the line is not."""
    try:
        given = parse(line)
    except NotJson:
        return _NO_JSON
    if not isinstance(given, Mapping):
        return _NO_OBJECT
    body = given["body"] if isinstance(given.get("body"), Mapping) else given
    received_at = _moment(body.get("received_at", given.get("received_at")), now)
    return _NO_MOMENT if received_at is None else (body, received_at)


def _moment(written: object, now: datetime) -> datetime | None:
    """The moment as written, in Copenhagen where it names no offset; now where none is written."""
    if written is None:
        return now
    try:
        moment = datetime.fromisoformat(str(written))
        return (moment if moment.tzinfo else moment.replace(tzinfo=COPENHAGEN)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _result(body: Mapping[str, Any], received_at: datetime) -> dict[str, Any]:
    draft = read_draft(body, on=local(received_at).date())
    text = text_of(body)
    read = read_text(text, received_at=received_at)
    told = reading.facts(read)
    report = ReportFacts(
        report_id=_NOBODYS,
        received_at=received_at,
        signs=(*draft.signs, *told),
        age_bands=tuple(child.age_band for child in draft.children),
        contradictions=reading.contradictions(draft.signs, told),
        language_unread=read.language_unread,
    )
    rating = rating_of([report], rules.newest(), as_of=received_at)
    return {
        "level": rating.level,
        "reasons": [reason.model_dump(mode="json", exclude={"report_ids"}) for reason in rating.reasons],
        "signs": [*map(_answered, draft.signs), *(_read(found, text) for found in read.found)],
        "unknowns": list(rating.unknowns),
        "would_raise": [each.model_dump(mode="json") for each in rating.would_raise],
        "contradictions": list(report.contradictions),
        "language_unread": read.language_unread,
    }


def _answered(fact: SignFact) -> dict[str, Any]:
    told = fact.model_dump(mode="json") | {"grade": fact.grade, "score": fact.score}
    return {**told, "origin": "answer", "quote": None, "start": None, "end": None}


def _read(found: Found, text: str) -> dict[str, Any]:
    return {
        "sign": found.sign,
        "answer": found.answer,
        "when": found.when,
        "date": None if found.date is None else found.date.isoformat(),
        "grade": found.grade,
        "score": found.score,
        "origin": "text",
        "quote": text[found.start : found.end],
        "start": found.start,
        "end": found.end,
    }
