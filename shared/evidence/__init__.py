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
    text = json.dumps(dict(facts), sort_keys=True, default=str, separators=(",", ":"))
    before, after = _round_n(case_id, at=tx.now, act=act, actor=str(actor) if actor else None, facts=text)
    tx.at_end(_append, (case_id, tx.now, act, actor, text, before, after))


async def _append(
    conn: Connection, entries: list[tuple[CaseId, datetime, str, PersonId | None, str, str, str]]
) -> None:
    stored = await conn.fetchval(
        """WITH RECURSIVE entry AS (
               SELECT *, row_number() OVER (PARTITION BY case_id ORDER BY place) AS k
               FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::uuid[], $5::text[], $6::text[], $7::text[])
                    WITH ORDINALITY AS e (case_id, at, act, actor, facts, before, after, place)
           ), head AS MATERIALIZED (
               SELECT * FROM cases WHERE case_id = ANY ($1) ORDER BY case_id FOR UPDATE
           ), chain AS (
               SELECT case_id, 0::bigint AS k, evidence_n AS n, evidence_head AS hash FROM head WHERE NOT canary
               UNION ALL
               SELECT case_id, e.k, n + 1, sha256(hash || convert_to(before || (n + 1)::text || after, 'UTF8'))
               FROM chain c JOIN entry e USING (case_id) WHERE e.k = c.k + 1
           ), grown AS (
               UPDATE cases SET evidence_n = n, evidence_head = hash
               FROM (SELECT DISTINCT ON (case_id) * FROM chain ORDER BY case_id, k DESC) last
               WHERE cases.case_id = last.case_id
           ), added AS (
               INSERT INTO evidence (case_id, n, at, act, actor, facts, hash)
               SELECT case_id, n, at, act, actor, facts, hash FROM chain JOIN entry USING (case_id, k)
           )
           SELECT count(*) FROM head""",
        *map(list, zip(*entries, strict=True)),
    )
    if stored != len({case_id for case_id, *_ in entries}):
        raise LookupError("evidence for a case that is not stored")


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
