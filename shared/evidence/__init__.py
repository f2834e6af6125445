"""Evidence: who did what, when, as a chain of hashes per case, written in the transaction of the act, never changed.

Facts hold ids, codes and instants only. Each entry's hash covers the one before it, so that a changed or missing entry
breaks every later one (the construction of RFC 6962 § 2, as a list).
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from shared.delivery.outbox import Transaction
from shared.ids import CaseId, PersonId
from shared.postgres.pool import Connection

EVIDENCE = Path(__file__).parent
Facts = Mapping[str, str | int | bool | None]


def entry_hash(
    previous: bytes, *, case_id: CaseId, n: int, at: datetime, act: str, actor: str | None, facts: str
) -> bytes:
    """SHA-256 over the previous hash and this entry, in a fixed order and form."""
    entry = json.dumps([str(case_id), n, at.isoformat(), act, actor, facts], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(previous + entry.encode()).digest()


async def record(tx: Transaction, case_id: CaseId, *, act: str, actor: PersonId | None, facts: Facts) -> None:
    """Append one entry to the case's chain. The case's row must exist; updating it locks it."""
    head = await tx.conn.fetchrow(
        "UPDATE cases SET evidence_n = evidence_n + 1 WHERE case_id = $1 RETURNING evidence_n, evidence_head", case_id
    )
    if head is None:
        raise LookupError("evidence for a case that is not stored")
    text = json.dumps(dict(facts), sort_keys=True, default=str, separators=(",", ":"))
    new = entry_hash(
        head["evidence_head"],
        case_id=case_id,
        n=head["evidence_n"],
        at=tx.now,
        act=act,
        actor=str(actor) if actor else None,
        facts=text,
    )
    await tx.conn.execute(
        """WITH entry AS (
               INSERT INTO evidence (case_id, n, at, act, actor, facts, hash) VALUES ($1, $2, $3, $4, $5, $6, $7)
           )
           UPDATE cases SET evidence_head = $7 WHERE case_id = $1""",
        case_id,
        head["evidence_n"],
        tx.now,
        act,
        actor,
        text,
        new,
    )


async def broken_at(conn: Connection, case_id: CaseId) -> int | None:
    """The number of the first entry whose hash does not follow from the one before; None when the chain holds."""
    rows = await conn.fetch("SELECT * FROM evidence WHERE case_id = $1 ORDER BY n", case_id)
    previous = b""
    for n, row in enumerate(rows, start=1):
        actor = str(row["actor"]) if row["actor"] else None
        expected = entry_hash(
            previous, case_id=case_id, n=n, at=row["at"], act=row["act"], actor=actor, facts=row["facts"]
        )
        if row["n"] != n or row["hash"] != expected:
            return n
        previous = expected
    head = await conn.fetchrow("SELECT evidence_n, evidence_head FROM cases WHERE case_id = $1", case_id)
    holds = head is not None and (head["evidence_n"], head["evidence_head"]) == (len(rows), previous)
    return None if holds else len(rows) + 1
