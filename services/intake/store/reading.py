"""Readings: what the reader found in the texts, kept beside them for the people who read them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.intake.domain.reading import Found, TextReading
from shared.delivery.aside import not_aside
from shared.events.codes import Answer, Grade, Reading, When
from shared.ids import CaseId, ReportId
from shared.postgres.pool import Connection, Pool
from shared.signs import SignId

MOST_AT_ONCE = 10


@dataclass(frozen=True, slots=True)
class Waiting:
    """A report whose text is still to be read, with what opens it."""

    report_id: ReportId
    case_id: CaseId
    received_at: datetime
    body_sealed: bytes
    wrapped_key: bytes
    traceparent: str | None


@dataclass(frozen=True, slots=True)
class Kept:
    """A stored reading; `quote_sealed` opens with the case's key at `readings|quote_sealed|reading_id`."""

    reading_id: UUID
    found: Found
    quote_sealed: bytes


async def waiting(conn: Connection | Pool, *, now: datetime) -> list[Waiting]:
    """The reports that have waited longest. Nothing is locked: reading takes no transaction."""
    rows = await conn.fetch(
        f"""SELECT report_id, case_id, received_at, body_sealed, wrapped_key, traceparent
            FROM reports JOIN cases USING (case_id)
            WHERE reading = 'pending' AND {not_aside("reader", "report_id", "$2")} ORDER BY received_at LIMIT $1""",
        MOST_AT_ONCE,
        now,
    )
    return [Waiting(**row) for row in rows]


async def lock_case(conn: Connection, case_id: CaseId) -> bool:
    """Lock the case of a report; False where somebody holds it: its text is taken up again next time."""
    row = await conn.fetchrow("SELECT 1 FROM cases WHERE case_id = $1 FOR UPDATE SKIP LOCKED", case_id)
    return row is not None


async def mark_read(conn: Connection, report_id: ReportId, case_id: CaseId, reading: TextReading) -> bool:
    """Note that the text was read; False where somebody else did so first, or the report lies in another case now."""
    changed = await conn.execute(
        """UPDATE reports SET reading = 'read', language_unread = $3, reader_model = $5
           WHERE report_id = $1 AND reading = $2 AND case_id = $4""",
        report_id,
        Reading.PENDING,
        reading.language_unread,
        case_id,
        reading.model,
    )
    return bool(changed == "UPDATE 1")


async def insert(conn: Connection, report_id: ReportId, readings: Sequence[Kept]) -> None:
    """What was found in the text of a report."""
    await conn.executemany(
        """INSERT INTO readings (reading_id, report_id, sign, answer, "when", date, place_start, place_end,
               quote_sealed, grade, score) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)""",
        [
            (kept.reading_id, report_id, found.sign, found.answer, found.when, found.date, found.start, found.end,
             kept.quote_sealed, found.grade, found.score)
            for kept in readings
            for found in [kept.found]
        ],
    )  # fmt: skip


async def of_report(conn: Connection, report_id: ReportId) -> list[Kept]:
    """What was found in the text of a report, in the order of its places."""
    rows = await conn.fetch(
        "SELECT * FROM readings WHERE report_id = $1 ORDER BY place_start, place_end, sign", report_id
    )
    return [
        Kept(
            reading_id=row["reading_id"],
            found=Found(
                sign=SignId(row["sign"]),
                answer=Answer(row["answer"]),
                when=None if row["when"] is None else When(row["when"]),
                date=row["date"],
                start=row["place_start"],
                end=row["place_end"],
                grade=Grade(row["grade"]),
                score=row["score"],
            ),
            quote_sealed=row["quote_sealed"],
        )
        for row in rows
    ]
