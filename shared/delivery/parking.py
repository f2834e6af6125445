"""Parking: an event that cannot have its effect is set aside, sealed, and its case goes on. The key is never parked."""

from uuid import UUID

from shared.clock import Clock
from shared.delivery.arrival import Arrival
from shared.postgres.pool import Pool
from shared.sealing import KeyRing, SealBroken

TRIES = 3


async def count_try(pool: Pool, arrival: Arrival) -> int:
    """How often this has now failed for no known reason; counted where a restart does not forget it."""
    n: int = await pool.fetchval(
        """INSERT INTO tries (arrival_id, n) VALUES ($1, 1)
           ON CONFLICT (arrival_id) DO UPDATE SET n = tries.n + 1 RETURNING n""",
        arrival.arrival_id,
    )
    return n


async def park(pool: Pool, keys: KeyRing, clock: Clock, arrival: Arrival, *, reason: str) -> None:
    """Set it aside: headers and bytes sealed, `reason` a fixed code. A mended handler gets its three tries anew.

    What is parked already stays as it is, unless somebody had asked for its replay: then it waits again.
    """
    parked_id = arrival.arrival_id
    sealed = keys.seal(arrival.packed(), table="parked", column="sealed", row=parked_id)
    await pool.execute(
        """WITH forgotten AS (DELETE FROM tries WHERE arrival_id = $1)
           INSERT INTO parked (parked_id, topic, partition, "offset", event_id, type, header_names, sealed, reason,
                               parked_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
           ON CONFLICT (parked_id) DO UPDATE SET state = 'parked', reason = $9 WHERE parked.state = 'asked'""",
        parked_id,
        arrival.topic,
        arrival.partition,
        arrival.offset,
        arrival.event_id,
        arrival.type,
        arrival.header_names,
        sealed,
        reason,
        clock.now(),
    )


async def next_asked(pool: Pool, keys: KeyRing) -> Arrival | None:
    """The oldest event whose replay was asked for. One that cannot be unsealed goes back to those that are parked."""
    row = await pool.fetchrow(
        "SELECT parked_id, topic, sealed FROM parked WHERE state = 'asked' ORDER BY parked_at LIMIT 1"
    )
    if row is None:
        return None
    try:
        packed = keys.unseal(row["sealed"], table="parked", column="sealed", row=row["parked_id"])
        return Arrival.unpacked(row["topic"], packed)
    except (SealBroken, ValueError, KeyError, TypeError):
        await pool.execute(
            "UPDATE parked SET state = 'parked', reason = 'seal_broken' WHERE parked_id = $1", row["parked_id"]
        )
        return None


async def settle(pool: Pool, parked_id: UUID, *, clock: Clock) -> None:
    """Note that the event has had its effect, or needs none; not of one that failed and is parked again."""
    await pool.execute(
        "UPDATE parked SET state = 'replayed', settled_at = $2 WHERE parked_id = $1 AND state = 'asked'",
        parked_id,
        clock.now(),
    )
