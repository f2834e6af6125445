"""Keeping and telling what was read of a text: the findings with their quotes sealed, the event with codes alone."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from services.intake.domain import reading
from services.intake.domain.draft import NotJson, parse, read_draft
from services.intake.domain.prose import text_of
from services.intake.domain.reading import UNREAD, Found, TextReading
from services.intake.secrets import Secrets
from services.intake.store import reading as readings
from services.intake.store.reading import Kept, Waiting
from shared.calendar import local
from shared.delivery.outbox import Transaction
from shared.events.intake import ReportRead, SignFact
from shared.sealing import DataKey, SealBroken
from shared.telemetry.logging import error_code, log

ReadText = Callable[..., TextReading]
"""`read_text(text, received_at=…)` of the reader, which the worker alone loads."""


@dataclass(frozen=True, slots=True)
class Read:
    """A text as read, with the answers beside it. `data_key` is None where the case can no longer be opened."""

    waiting: Waiting
    text: str
    reading: TextReading
    answers: tuple[SignFact, ...]
    data_key: DataKey | None


def read(waiting: Waiting, secrets: Secrets, read_text: ReadText) -> Read:
    """Open a report and read it. Whatever cannot be opened or read is told as unread: it must not hold up the rest."""
    try:
        data_key = secrets.ring.unwrap(waiting.wrapped_key)
        raw = data_key.unseal(waiting.body_sealed, table="reports", column="body_sealed", row=waiting.report_id)
        body = parse(raw)
    except (SealBroken, NotJson) as error:
        log().warning("report.unreadable", report_id=waiting.report_id, error=error_code(error))
        return Read(waiting, "", UNREAD, (), None)
    try:
        text = text_of(body)
        answers = read_draft(body, on=local(waiting.received_at).date()).signs
    except Exception as error:  # a moment that no calendar knows, say: triage must hear that nothing was read
        log().error("report.unreadable", report_id=waiting.report_id, error=error_code(error))
        return Read(waiting, "", UNREAD, (), None)
    return Read(waiting, text, _read(waiting, text, waiting.received_at, read_text), answers, data_key)


def _read(waiting: Waiting, text: str, received_at: datetime, read_text: ReadText) -> TextReading:
    try:
        return read_text(text, received_at=received_at)
    except Exception as error:
        log().error("report.reader_failed", report_id=waiting.report_id, error=error_code(error))
        return UNREAD


async def keep(tx: Transaction, read: Read) -> bool:
    """Store what was read and tell its codes; False where the case is held or somebody else was first."""
    waiting = read.waiting
    if not await readings.lock_case(tx.conn, waiting.case_id):
        return False
    if not await readings.mark_read(tx.conn, waiting.report_id, waiting.case_id, read.reading):
        return False
    await readings.insert(tx.conn, waiting.report_id, [_kept(tx, read, found) for found in read.reading.found])
    facts = reading.facts(read.reading)
    event = ReportRead(
        case_id=waiting.case_id,
        report_id=waiting.report_id,
        signs=facts,
        contradictions=reading.contradictions(read.answers, facts),
        language_unread=read.reading.language_unread,
        model=read.reading.model,
    )
    await tx.publish(event, traceparent=waiting.traceparent)
    return True


def _kept(tx: Transaction, read: Read, found: Found) -> Kept:
    assert read.data_key is not None
    reading_id = tx.ids()
    quote = read.text[found.start : found.end].encode("utf-8", "surrogatepass")
    sealed = read.data_key.seal(quote, table="readings", column="quote_sealed", row=reading_id)
    return Kept(reading_id, found, sealed)
