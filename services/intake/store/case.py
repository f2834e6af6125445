"""Cases: the row that orders, numbers and locks everything about some children."""

from collections.abc import Iterable
from datetime import datetime

from shared.ids import CaseId
from shared.postgres.pool import Connection, Pool


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


async def wrapped_key(conn: Connection, case_id: CaseId) -> bytes:
    """The case's data key, as it is stored."""
    found: bytes = await conn.fetchval("SELECT wrapped_key FROM cases WHERE case_id = $1", case_id)
    return found


async def parted(conn: Connection, case_id: CaseId, others: Iterable[CaseId]) -> set[CaseId]:
    """Those of the others that people have said are not connected with the case."""
    rows = await conn.fetch(
        "SELECT linked_case_id FROM links WHERE case_id = $1 AND linked_case_id = ANY ($2::uuid[]) AND NOT linked",
        case_id,
        list(others),
    )
    return {CaseId(row["linked_case_id"]) for row in rows}


async def link(conn: Connection, case_id: CaseId, others: Iterable[CaseId]) -> None:
    """Link the case with others, in both directions."""
    await conn.execute(
        """INSERT INTO links SELECT $1, other FROM unnest($2::uuid[]) AS other
           UNION ALL SELECT other, $1 FROM unnest($2::uuid[]) AS other ON CONFLICT DO NOTHING""",
        case_id,
        list(others),
    )


async def turn_for_canary(conn: Connection) -> bool:
    """Whether no other process is about to send one. Held to the end of the transaction."""
    turn: bool = await conn.fetchval("SELECT pg_try_advisory_xact_lock(hashtext('canary'))")
    return turn


async def canary_sent(conn: Connection | Pool, *, after: datetime, now: datetime) -> bool:
    """Whether one has been sent since. One of later than now was sent by a clock that ran ahead, and does not count."""
    query = "SELECT EXISTS (SELECT FROM canary_tokens WHERE made_at > $1 AND made_at <= $2)"
    sent: bool = await conn.fetchval(query, after, now)
    return sent


async def add_canary_token(conn: Connection, token_hash: bytes, now: datetime) -> int:
    """Give leave for one canary; how many there were before of the same day."""
    await conn.execute("INSERT INTO canary_tokens (token_hash, made_at) VALUES ($1, $2)", token_hash, now)
    before: int = await conn.fetchval("SELECT count(*) FROM canary_tokens")
    return before - 1


async def use_canary_token(conn: Connection, token_hash: bytes, *, made_after: datetime, now: datetime) -> bool:
    """Use the leave up; False where there is none, or it is old or used."""
    query = "UPDATE canary_tokens SET used_at = $3 WHERE token_hash = $1 AND made_at > $2 AND used_at IS NULL"
    return bool(await conn.execute(query, token_hash, made_after, now) == "UPDATE 1")


async def drop_canary_tokens(conn: Connection, *, before: datetime) -> None:
    """Forget the leaves given before."""
    await conn.execute("DELETE FROM canary_tokens WHERE made_at < $1", before)


async def mark_canary(conn: Connection, case_id: CaseId) -> None:
    """The case is made up."""
    await conn.execute("UPDATE cases SET canary = true WHERE case_id = $1", case_id)


async def erase_canaries(conn: Connection, *, before: datetime) -> int:
    """Erase the canaries made before, with everything about their cases; how many that were."""
    tag: str = await conn.execute(
        """WITH old AS (SELECT case_id FROM cases WHERE canary AND created_at < $1),
                told AS (SELECT report_id FROM reports WHERE case_id IN (SELECT case_id FROM old)),
                r AS (DELETE FROM readings WHERE report_id IN (SELECT report_id FROM told)),
                t AS (DELETE FROM reports WHERE report_id IN (SELECT report_id FROM told))
           DELETE FROM cases WHERE case_id IN (SELECT case_id FROM old)""",
        before,
    )
    return int(tag.removeprefix("DELETE "))


async def exists(conn: Connection, case_id: CaseId) -> bool:
    """Whether the case is stored here."""
    return bool(await conn.fetchval("SELECT EXISTS (SELECT FROM cases WHERE case_id = $1)", case_id))
