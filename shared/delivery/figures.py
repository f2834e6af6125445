"""The figures by which operators see whether facts travel: outbox, parked events, lag. In seconds and counts."""

import asyncio

from shared.clock import Clock
from shared.delivery.consumer import Consumer
from shared.postgres.faults import INFRASTRUCTURE
from shared.postgres.pool import Pool
from shared.telemetry import metrics

EVERY = 5.0
GAUGES = {
    "beredskab.outbox.age": "Seconds that the oldest fact has waited for Kafka.",
    "beredskab.outbox.rows": "Facts that wait for Kafka.",
    "beredskab.outbox.stuck": "Facts that Kafka will not take.",
    "beredskab.parked": "Events set aside for a person to look at.",
    "beredskab.consumer.lag": "Seconds that the consumer is behind.",
}


async def keep(pool: Pool, clock: Clock, consumer: Consumer | None) -> None:
    """Look every few seconds and report what was found last. Runs until cancelled."""
    latest: dict[str, float] = {}
    metrics.gauges(lambda: latest, GAUGES)
    while True:
        try:
            latest.update(await found(pool, clock))
        except INFRASTRUCTURE:
            latest.clear()
        if consumer is not None:
            latest["beredskab.consumer.lag"] = consumer.lag_seconds
        await asyncio.sleep(EVERY)


async def found(pool: Pool, clock: Clock) -> dict[str, float]:
    """What the database says of the roads now."""
    row = await pool.fetchrow(
        """SELECT min(created_at) AS oldest, count(*) AS waiting, count(stuck) AS stuck,
                  (SELECT count(*) FROM parked WHERE state IN ('parked', 'asked')) AS parked FROM outbox"""
    )
    assert row is not None
    age = (clock.now() - row["oldest"]).total_seconds() if row["oldest"] else 0.0
    counts = {"beredskab.outbox.rows": row["waiting"], "beredskab.outbox.stuck": row["stuck"]}
    return {"beredskab.outbox.age": max(age, 0.0), "beredskab.parked": row["parked"], **counts}
