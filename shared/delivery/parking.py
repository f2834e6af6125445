"""Parking: an event that cannot have its effect is set aside, sealed, and its case goes on. The key is never parked."""

from collections.abc import Sequence

from aiokafka import ConsumerRecord

from shared.clock import Clock
from shared.ids import derived_id
from shared.postgres.pool import Pool
from shared.sealing import KeyRing

TRIES = 3


async def count_try(pool: Pool, record: ConsumerRecord) -> int:
    """How often this record has now failed for no known reason; counted where a restart does not forget it."""
    n: int = await pool.fetchval(
        """INSERT INTO tries (topic, partition, "offset", n) VALUES ($1, $2, $3, 1)
           ON CONFLICT (topic, partition, "offset") DO UPDATE SET n = tries.n + 1 RETURNING n""",
        record.topic,
        record.partition,
        record.offset,
    )
    return n


async def park(pool: Pool, keys: KeyRing, clock: Clock, record: ConsumerRecord, *, reason: str) -> None:
    """Set the record aside: its bytes sealed, its headers by name alone, a reason that is a fixed code."""
    parked_id = derived_id(record.topic, record.partition, record.offset)
    sealed = keys.seal(record.value or b"", table="parked", column="sealed", row=parked_id)
    await pool.execute(
        """INSERT INTO parked (parked_id, topic, partition, "offset", header_names, sealed, reason, parked_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING""",
        parked_id,
        record.topic,
        record.partition,
        record.offset,
        _names(record.headers),
        sealed,
        reason,
        clock.now(),
    )


def _names(headers: Sequence[tuple[str, bytes | None]]) -> list[str]:
    """Header names of our own; what else may stand there is not repeated."""
    ours = ("ce_", "content-type", "traceparent")
    return sorted({name for name, _ in headers if name.startswith(ours) and len(name) < 30})
