"""The figures by which operators see whether facts travel: outbox, parked events, lag. In seconds and counts."""

import asyncio
from contextlib import suppress

from shared.clock import Clock
from shared.delivery.consumer import Consumer
from shared.delivery.relay import Relay
from shared.postgres.faults import INFRASTRUCTURE
from shared.postgres.pool import Pool
from shared.telemetry import metrics

EVERY = 5.0
GAUGES = {
    "beredskab.outbox.age": "Seconds that the oldest fact has waited for Kafka.",
    "beredskab.outbox.rows": "Facts that wait for Kafka.",
    "beredskab.outbox.stuck": "Facts that Kafka will not take.",
    "beredskab.parked": "Events set aside for a person to look at.",
}

MOVING = {
    "beredskab.consumer.lag": "Seconds that the consumer is behind.",
    "beredskab.second_road.active": "1 while this process sends urgent facts past Kafka, which does not answer.",
}


async def keep(pool: Pool, clock: Clock, consumer: Consumer | None, relay: Relay) -> None:
    """Look every few seconds and report what was found last. Runs until cancelled."""
    look = metrics.Look("delivery", GAUGES, clock)
    metrics.gauges(lambda: moving(consumer, relay), MOVING)
    while True:
        with suppress(*INFRASTRUCTURE):
            await look.take(found(pool, clock))
        await asyncio.sleep(EVERY)


def moving(consumer: Consumer | None, relay: Relay) -> dict[str, float]:
    """What the process knows of itself, whether or not its database answers."""
    lag = {} if consumer is None else {"beredskab.consumer.lag": consumer.lag_seconds}
    return {**lag, "beredskab.second_road.active": float(relay.outage)}


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
