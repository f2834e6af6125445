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
    before, after = _round_n(case_id, at=at, act=act, actor=actor, facts=facts)
    return hashlib.sha256(previous + f"{before}{n}{after}".encode()).digest()


def _round_n(case_id: CaseId, *, at: datetime, act: str, actor: str | None, facts: str) -> tuple[str, str]:
    """The entry as JSON, without its number: that one is known to the database alone, which hashes it too."""
    rest = json.dumps([at.isoformat(), act, actor, facts], ensure_ascii=False, separators=(",", ":"))
    return f'["{case_id}",', f",{rest[1:]}"


async def record(tx: Transaction, case_id: CaseId, *, act: str, actor: PersonId | None, facts: Facts) -> None:
    """Have one entry appended to the case's chain when the act ends. The case's row exists; canaries have no chain."""
    text = _text(facts)
    before, after = _round_n(case_id, at=tx.now, act=act, actor=str(actor) if actor else None, facts=text)
    tx.at_end(_append, case_id, (case_id, tx.now, act, actor, text, before, after))


def first(
    case_id: CaseId, *, at: datetime, act: str, actor: PersonId | None, facts: Facts
) -> tuple[str, PersonId | None, str, bytes]:
    """Act, actor, facts and hash of the entry with which a chain begins, for the statement that writes the case too."""
    text = _text(facts)
    named = str(actor) if actor else None
    return act, actor, text, entry_hash(b"", case_id=case_id, n=1, at=at, act=act, actor=named, facts=text)


def _text(facts: Facts) -> str:
    return json.dumps(dict(facts), sort_keys=True, default=str, separators=(",", ":"))


async def _append(
    conn: Connection, entries: list[tuple[CaseId, datetime, str, PersonId | None, str, str, str]]
) -> None:
    done = await conn.execute(
        """WITH entry AS (
               UPDATE cases SET evidence_n = evidence_n + 1, evidence_head =
                   sha256(evidence_head || convert_to(before || (evidence_n + 1)::text || after, 'UTF8'))
               FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::uuid[], $5::text[], $6::text[], $7::text[])
                    AS e (case_id, at, act, actor, facts, before, after)
               WHERE cases.case_id = e.case_id AND NOT canary RETURNING e.*, evidence_n, evidence_head
           )
           INSERT INTO evidence (case_id, n, at, act, actor, facts, hash)
           SELECT case_id, evidence_n, at, act, actor, facts, evidence_head FROM entry""",
        *map(list, zip(*entries, strict=True)),
    )
    named = [case_id for case_id, *_ in entries]
    if done != f"INSERT 0 {len(named)}" and await conn.fetchval(_MISSING, named):
        raise LookupError("evidence for a case that is not stored")


_MISSING = "SELECT EXISTS (SELECT FROM unnest($1::uuid[]) id WHERE NOT EXISTS (SELECT FROM cases WHERE case_id = id))"


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
