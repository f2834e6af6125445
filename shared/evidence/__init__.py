"""Evidence: who did what, when, as a chain of hashes per case, written in the transaction of the act, never changed.

Facts hold ids, codes and instants only. Each entry's hash covers the one before it, so that a changed or missing entry
breaks every later one (the construction of RFC 6962 § 2, as a list). What an entry says goes into it as a keyed hash,
whose key the database does not hold: who can write its tables cannot compute it. The end of a chain is known outside
(`shared.evidence.heads`), so that one cut short is found too.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from asyncpg import Record

from shared.delivery.outbox import Transaction
from shared.ids import CaseId, PersonId
from shared.postgres.pool import Connection
from shared.sealing import MacKeys, SealBroken

EVIDENCE = Path(__file__).parent
Facts = Mapping[str, str | int | bool | None]


def entry_hash(previous: bytes, n: int, mac: bytes) -> bytes:
    """SHA-256 over the previous hash, the entry's number and the keyed hash of what it says.

    The database computes it too: it alone knows the previous one and the number when an entry is appended.
    """
    return hashlib.sha256(previous + str(n).encode() + mac).digest()


def entry_mac(
    macs: MacKeys, case_id: CaseId, *, at: datetime, act: str, actor: str | None, facts: str, key_id: str | None = None
) -> bytes:
    """The keyed hash of what an entry says. It is never stored: without the key no chain can be computed anew."""
    said = json.dumps([str(case_id), at.isoformat(), act, actor, facts], ensure_ascii=False, separators=(",", ":"))
    return macs.mac(said.encode(), key_id)


async def record(tx: Transaction, case_id: CaseId, *, act: str, actor: PersonId | None, facts: Facts) -> None:
    """Have one entry appended to the case's chain when the act ends. The case's row exists; canaries have no chain."""
    text = _text(facts)
    mac = entry_mac(tx.macs, case_id, at=tx.now, act=act, actor=str(actor) if actor else None, facts=text)
    tx.at_end(_append, case_id, (case_id, tx.now, act, actor, text, tx.macs.current, mac))


def first(
    tx: Transaction, case_id: CaseId, *, act: str, actor: PersonId | None, facts: Facts
) -> tuple[str, PersonId | None, str, bytes, str]:
    """Act, actor, facts, hash and key id of the entry that begins a chain, for the statement that writes the case."""
    text = _text(facts)
    mac = entry_mac(tx.macs, case_id, at=tx.now, act=act, actor=str(actor) if actor else None, facts=text)
    return act, actor, text, entry_hash(b"", 1, mac), tx.macs.current


def _text(facts: Facts) -> str:
    return json.dumps(dict(facts), sort_keys=True, default=str, separators=(",", ":"))


async def _append(
    conn: Connection, entries: list[tuple[CaseId, datetime, str, PersonId | None, str, str, bytes]]
) -> None:
    done = await conn.execute(
        """WITH entry AS (
               UPDATE cases SET evidence_n = evidence_n + 1, evidence_head =
                   sha256(evidence_head || convert_to((evidence_n + 1)::text, 'UTF8') || mac)
               FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::uuid[], $5::text[], $6::text[], $7::bytea[])
                    AS e (case_id, at, act, actor, facts, key_id, mac)
               WHERE cases.case_id = e.case_id AND NOT canary RETURNING e.*, evidence_n, evidence_head
           )
           INSERT INTO evidence (case_id, n, at, act, actor, facts, hash, key_id)
           SELECT case_id, evidence_n, at, act, actor, facts, evidence_head, key_id FROM entry""",
        *map(list, zip(*entries, strict=True)),
    )
    named = [case_id for case_id, *_ in entries]
    if done != f"INSERT 0 {len(named)}" and await conn.fetchval(_MISSING, named):
        raise LookupError("evidence for a case that is not stored")


_MISSING = "SELECT EXISTS (SELECT FROM unnest($1::uuid[]) id WHERE NOT EXISTS (SELECT FROM cases WHERE case_id = id))"


async def broken_at(conn: Connection, case_id: CaseId, macs: MacKeys) -> int | None:
    """The number of the first entry whose hash does not follow from the one before; None when the chain holds."""
    rows = await conn.fetch("SELECT * FROM evidence WHERE case_id = $1 ORDER BY n", case_id)
    previous, keyed = b"", False
    for n, row in enumerate(rows, start=1):
        keyed = keyed or row["key_id"] is not None
        if row["n"] != n or row["hash"] != _expected(previous, row, macs, keyed=keyed):
            return n
        previous = row["hash"]
    head = await conn.fetchrow("SELECT evidence_n, evidence_head FROM cases WHERE case_id = $1", case_id)
    holds = head is not None and (head["evidence_n"], head["evidence_head"]) == (len(rows), previous)
    return None if holds else len(rows) + 1


def _expected(previous: bytes, row: Record, macs: MacKeys, *, keyed: bool) -> bytes | None:
    """The hash an entry must have; None when it cannot be one of ours. After a keyed one all are."""
    case_id, at, actor = row["case_id"], row["at"], str(row["actor"]) if row["actor"] else None
    said = {"at": at, "act": row["act"], "actor": actor, "facts": row["facts"]}
    if row["key_id"] is None:
        allowed = not keyed and macs.unkeyed_until is not None and at <= macs.unkeyed_until
        return unkeyed_hash(previous, case_id, row["n"], **said) if allowed else None
    try:
        return entry_hash(previous, row["n"], entry_mac(macs, case_id, **said, key_id=row["key_id"]))
    except SealBroken:
        return None


def unkeyed_hash(
    previous: bytes, case_id: CaseId, n: int, *, at: datetime, act: str, actor: str | None, facts: str
) -> bytes:
    """The hash of an entry of the time before keys: what was written then still has to hold."""
    said = [str(case_id), n, at.isoformat(), act, actor, facts]
    return hashlib.sha256(previous + json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()).digest()
