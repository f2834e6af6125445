"""Cases: the row that orders, numbers and locks everything about some children."""

from collections.abc import Iterable
from datetime import datetime

from shared.ids import CaseId
from shared.postgres.pool import Connection


async def insert(conn: Connection, case_id: CaseId, *, wrapped_key: bytes, now: datetime) -> None:
    """A new case, for its first report."""
    await conn.execute(
        "INSERT INTO cases (case_id, created_at, wrapped_key, last_report_no) VALUES ($1, $2, $3, 1)",
        case_id,
        now,
        wrapped_key,
    )


async def lock_oldest(conn: Connection, case_ids: Iterable[CaseId]) -> CaseId:
    """Lock these cases in the order of their ids, as everywhere; the oldest of them."""
    rows = await conn.fetch(
        "SELECT case_id, created_at FROM cases WHERE case_id = ANY($1::uuid[]) ORDER BY case_id FOR UPDATE",
        list(case_ids),
    )
    return CaseId(min(rows, key=lambda row: (row["created_at"], row["case_id"]))["case_id"])


async def number_report(conn: Connection, case_id: CaseId) -> tuple[int, bytes]:
    """The case's next report number, and its wrapped data key. The row is locked from here on."""
    row = await conn.fetchrow(
        """UPDATE cases SET last_report_no = last_report_no + 1 WHERE case_id = $1
           RETURNING last_report_no, wrapped_key""",
        case_id,
    )
    assert row is not None
    return row["last_report_no"], row["wrapped_key"]


async def link(conn: Connection, case_id: CaseId, others: Iterable[CaseId]) -> None:
    """Link the case with others, in both directions."""
    await conn.execute(
        """INSERT INTO links SELECT $1, other FROM unnest($2::uuid[]) AS other
           UNION ALL SELECT other, $1 FROM unnest($2::uuid[]) AS other ON CONFLICT DO NOTHING""",
        case_id,
        list(others),
    )
