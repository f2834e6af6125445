"""Facts that are kept although Kafka has acknowledged them, until their consumers have said that they have them.

Kafka may lose what it acknowledged: by electing a replica that lagged behind, by a volume put back, by retention.
So the consumers are asked, and what one of them does not have goes out again as the same fact; its inbox drops copies.
`beredskab reconcile` has everything asked for anew, after a database was put back.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import UUID

from shared.clock import Clock
from shared.delivery.inbox import KEPT as REMEMBERED
from shared.delivery.second_road import SecondRoad, consumers_of
from shared.postgres.pool import Connection, Pool
from shared.telemetry import metrics
from shared.telemetry.logging import log

FIRST = timedelta(seconds=25)
"""How long a consumer has before it is asked: a fact that is lost has its effect within a minute."""
LATEST = timedelta(minutes=10)
LASTS = REMEMBERED * 3 / 4
"""How long a fact can be had again. A consumer remembers longer, or it would take old facts for new ones."""
AT_ONCE = 500

_again = metrics.Counter("beredskab.kept.again", "Facts that went out again, because a consumer did not have them.")
_again.add(0)


async def keep(conn: Connection, seqs: Sequence[int], *, service: str, clock: Clock) -> None:
    """Take acknowledged rows out of the outbox; those that somebody consumes are kept."""
    consumers = consumers_of(service)
    await conn.execute(
        """WITH gone AS (DELETE FROM outbox WHERE seq = ANY($1::bigint[]) RETURNING *)
           INSERT INTO kept (event_id, topic, case_id, headers, body, urgent, created_at, consumers, waits_for, ask_at)
           SELECT event_id, topic, case_id, headers, body, urgent, created_at, who, who, $4
           FROM gone JOIN LATERAL (
               SELECT string_to_array(by, ',') AS who FROM unnest($2::text[], $3::text[]) AS t (type, by)
               WHERE type = headers ->> 'ce_type') t ON true
           ON CONFLICT (event_id) DO NOTHING""",
        list(seqs),
        list(consumers),
        [",".join(names) for names in consumers.values()],
        clock.now() + FIRST,
    )


class Keeper:
    """Asks the consumers of one service's facts what they have."""

    def __init__(self, pool: Pool, clock: Clock, road: SecondRoad, wake: Callable[..., None]) -> None:
        self._pool = pool
        self._clock = clock
        self._road = road
        self._wake = wake

    async def run_once(self) -> int:
        """Ask about what has waited long enough; how many facts were confirmed or sent again."""
        now = self._clock.now()
        # A moment too far ahead was written by a clock that ran ahead.
        rows = await self._pool.fetch(
            """SELECT event_id, waits_for FROM kept
               WHERE waits_for <> '{}' AND (ask_at <= $1 OR ask_at > $2) ORDER BY ask_at LIMIT $3""",
            now,
            now + LATEST,
            AT_ONCE,
        )
        if not rows:
            return 0
        moved = 0
        for peer in sorted({peer for row in rows for peer in row["waits_for"]}):
            moved += await self._ask(peer, [row["event_id"] for row in rows if peer in row["waits_for"]])
        await self._ask_later([row["event_id"] for row in rows])
        return moved

    async def _ask(self, peer: str, event_ids: Sequence[UUID]) -> int:
        """A peer that does not answer gets nothing anew: it has what is in Kafka still to read."""
        known = await self._road.known_to(peer, event_ids)
        if known is None:
            return 0
        await self._pool.execute(
            "UPDATE kept SET waits_for = array_remove(waits_for, $2) WHERE event_id = ANY($1::uuid[])",
            list(known),
            peer,
        )
        missing = [event_id for event_id in event_ids if event_id not in known]
        if missing:
            log().error("facts.sent_again", peer=peer, count=len(missing))
            await self._send_again(missing)
        return len(event_ids)

    async def _send_again(self, event_ids: Sequence[UUID]) -> None:
        await self._pool.execute(
            """INSERT INTO outbox (event_id, topic, case_id, headers, body, urgent, created_at, waits_for)
               SELECT event_id, topic, case_id, headers, body, urgent, $2, CASE WHEN urgent THEN waits_for ELSE '{}' END
               FROM kept WHERE event_id = ANY($1::uuid[]) ORDER BY created_at ON CONFLICT (event_id) DO NOTHING""",
            list(event_ids),
            self._clock.now(),
        )
        _again.add(len(event_ids))
        self._wake(facts=True, work=False)

    async def _ask_later(self, event_ids: Sequence[UUID]) -> None:
        await self._pool.execute(
            """UPDATE kept SET asked = asked + 1,
                   ask_at = $2::timestamptz + LEAST($3::interval * 2 ^ LEAST(asked, 10), $4::interval)
               WHERE event_id = ANY($1::uuid[])""",
            list(event_ids),
            self._clock.now(),
            FIRST,
            LATEST,
        )


async def forget(pool: Pool, clock: Clock) -> int:
    """Forget the oldest facts that everybody has; how many that were."""
    tag: str = await pool.execute(
        """DELETE FROM kept WHERE event_id IN
               (SELECT event_id FROM kept WHERE created_at < $1 AND waits_for = '{}' LIMIT 10000)""",
        clock.now() - LASTS,
    )
    return int(tag.removeprefix("DELETE "))
