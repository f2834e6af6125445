"""Heads: the ends of the chains of evidence, signed by their service and handed outside its database once a minute.

They go to a Kafka topic of their own, which every service may write and none may read or delete from. An entry that was
changed with all that follows computed anew, and a chain that was cut short, differ from what was handed out. The heads
are no events: nobody acts on them, `beredskab verify-evidence` reads them.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from shared.auth.bearer import ALGORITHM
from shared.auth.services import ServiceTokens
from shared.delivery.outbox import Transaction, Transactions
from shared.ids import derived_id
from shared.postgres.pool import Connection

TOPIC = "evidence.heads"
WITH_EVIDENCE = ("intake", "escalation", "notify")
"""triage keeps none: its ratings are append-only already."""
EVERY = 60.0
_OVERLAP = timedelta(minutes=2)
"""An act may commit this much later than the moment that its entry bears."""
_AT_MOST = 4000  # heads in one text, which then has half the size that Kafka takes
Head = tuple[UUID, int, bytes]
"""The case, the number of its newest entry, that one's hash."""


class Forged(Exception):
    """A text that none of the services has signed."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """Heads of one service as they were handed out. `n` counts its anchors, `previous` is the SHA-256 of the last."""

    service: str
    n: int
    previous: str
    sha256: str
    heads: tuple[Head, ...]


@dataclass(slots=True)
class Heads:
    """The loop that hands out the heads of one service: those that have changed, several thousand in one text."""

    transactions: Transactions
    tokens: ServiceTokens
    _handed_out: dict[UUID, int] = field(default_factory=dict)

    async def run_once(self) -> int:
        """Hand out what is new; how many heads that were. Another process that is at it is left to it."""
        async with self.transactions.begin("hand out heads") as tx:
            if not await tx.conn.fetchval("SELECT pg_try_advisory_xact_lock(hashtext('heads'))"):
                return 0
            found = await _newest(tx.conn, tx.now)
            new = [head for head in found if self._handed_out.get(head[0]) != head[1]]
            for start in range(0, len(new), _AT_MOST):
                await self._hand_out(tx, new[start : start + _AT_MOST])
        self._handed_out = {case_id: n for case_id, n, _ in found}
        return len(new)

    async def _hand_out(self, tx: Transaction, heads: Sequence[Head]) -> None:
        last = await tx.conn.fetchrow("SELECT n, sha256 FROM anchors ORDER BY n DESC LIMIT 1")
        n, previous = (last["n"] + 1, last["sha256"].hex()) if last else (1, "")
        shown = [[case_id.hex, number, digest.hex()] for case_id, number, digest in heads]
        claims = {"iss": tx.source, "n": n, "at": tx.now.isoformat(), "previous": previous, "heads": shown}
        text = self.tokens.signed(claims).encode()
        await tx.conn.execute("INSERT INTO anchors VALUES ($1, $2, $3)", n, tx.now, hashlib.sha256(text).digest())
        await tx.conn.execute(
            """INSERT INTO outbox (event_id, topic, case_id, headers, body, urgent, created_at)
               VALUES ($1, $2, $3, $4, $5, false, $6)""",
            tx.ids(),
            TOPIC,
            derived_id("heads", tx.source),  # Kafka's key: it belongs to no case
            json.dumps({"content-type": "application/jwt"}),
            text,
            tx.now,
        )


async def _newest(conn: Connection, now: datetime) -> list[Head]:
    """The heads of the chains that grew since the last anchor; of all chains before the first."""
    last = await conn.fetchval("SELECT at FROM anchors ORDER BY n DESC LIMIT 1")
    since = min(last, now) - _OVERLAP if last else None
    rows = await conn.fetch(
        """SELECT DISTINCT ON (case_id) case_id, n, hash FROM evidence WHERE $1::timestamptz IS NULL OR at > $1
           ORDER BY case_id, n DESC""",
        since,
    )
    return [(row["case_id"], row["n"], row["hash"]) for row in rows]


def read(text: str, keys: KeySet) -> Anchor:
    """What a service has signed. Raises `Forged`."""
    try:
        token = jwt.decode(text, keys, algorithms=[ALGORITHM])
        said = token.claims
        if said["iss"] != token.header.get("kid"):
            raise Forged
        heads = tuple((UUID(case_id), n, bytes.fromhex(digest)) for case_id, n, digest in said["heads"])
        return Anchor(said["iss"], said["n"], said["previous"], hashlib.sha256(text.encode()).hexdigest(), heads)
    except (JoseError, ValueError, TypeError, KeyError):
        raise Forged from None


def gaps(anchors: Sequence[Anchor]) -> list[str]:
    """The anchors that are missing between others of their service, or that another stands for: `service n`."""
    known = {(each.service, each.n): each for each in anchors}
    begun = {service: min(n for of, n in known if of == service) for service, _ in known}
    before = {key: known.get((key[0], key[1] - 1)) for key in known if key[1] > begun[key[0]]}
    return sorted(
        f"{service} {n - 1}"
        for (service, n), last in before.items()
        if last is None or last.sha256 != known[service, n].previous
    )


async def broken_heads(conn: Connection, anchors: Sequence[Anchor]) -> list[tuple[UUID, int]]:
    """The entries that were handed out and are no more, or are others: each case with its number."""
    heads = [head for anchor in anchors for head in anchor.heads]
    rows = await conn.fetch(
        """SELECT a.case_id, min(a.n) AS n FROM unnest($1::uuid[], $2::integer[], $3::bytea[]) AS a (case_id, n, hash)
           LEFT JOIN evidence e ON (e.case_id, e.n) = (a.case_id, a.n)
           WHERE e.hash IS DISTINCT FROM a.hash GROUP BY a.case_id ORDER BY a.case_id""",
        [case_id for case_id, _, _ in heads],
        [n for _, n, _ in heads],
        [digest for _, _, digest in heads],
    )
    return [(row["case_id"], row["n"]) for row in rows]
