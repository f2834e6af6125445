"""The figures by which operators see whether facts travel: outbox, parked events, lag. In seconds and counts."""

import asyncio
from datetime import datetime

from shared.clock import OF_DATABASE, Clock
from shared.delivery.consumer import Consumer
from shared.delivery.relay import Relay
from shared.events.envelope import EVENTS
from shared.postgres.faults import INFRASTRUCTURE
from shared.postgres.pool import Pool
from shared.postgres.wake import Wake
from shared.telemetry import metrics
from shared.telemetry.logging import error_code, log

EVERY = 5.0
CLOCK_EVERY = 30.0
SKEWED = 5.0
"""Seconds that a clock may differ before operators hear of it."""
GAUGES = {
    "beredskab.outbox.age": "Seconds that the oldest fact has waited for Kafka.",
    "beredskab.outbox.rows": "Facts that wait for Kafka.",
    "beredskab.outbox.stuck": "Facts that Kafka will not take.",
    "beredskab.parked": "Events set aside for a person to look at.",
    "beredskab.parked.urgent": "Those of them that are urgent: a report that was not handled as it should be, say.",
    "beredskab.set.aside": "Rows that a loop could not work on.",
    "beredskab.kept.age": "Seconds that the oldest fact has waited for the word of its consumers.",
}

MOVING = {
    "beredskab.consumer.lag": "Seconds that the consumer is behind.",
    "beredskab.second_road.active": "1 while this process sends urgent facts past Kafka, which does not answer.",
    "beredskab.instance.taken": "1 where another process of the service runs under the same instance number.",
}


async def keep(pool: Pool, clock: Clock, consumer: Consumer | None, relay: Relay, wake: Wake) -> None:
    """Look every few seconds and report what was found last. Runs until cancelled."""
    look = metrics.Look("delivery", GAUGES, clock)
    metrics.gauges(lambda: moving(consumer, relay, wake), MOVING)
    while True:
        try:
            await look.take(found(pool, clock))
        except Exception as error:
            if not isinstance(error, INFRASTRUCTURE):
                log().error("loop.failed", loop="figures", error=error_code(error))
        await asyncio.sleep(EVERY)


def moving(consumer: Consumer | None, relay: Relay, wake: Wake) -> dict[str, float]:
    """What the process knows of itself, whether or not its database answers."""
    lag = {} if consumer is None else {"beredskab.consumer.lag": consumer.lag_seconds}
    own = {"beredskab.second_road.active": relay.outage, "beredskab.instance.taken": wake.name_taken}
    return {**lag, **{name: float(value) for name, value in own.items()}}


async def found(pool: Pool, clock: Clock) -> dict[str, float]:
    """What the database says of the roads now."""
    row = await pool.fetchrow(
        """SELECT min(created_at) AS oldest, count(*) AS waiting, count(stuck) AS stuck,
                  (SELECT count(*) FROM parked WHERE state IN ('parked', 'asked')) AS parked,
                  (SELECT count(*) FROM parked WHERE state IN ('parked', 'asked') AND type = ANY($1)) AS urgent,
                  (SELECT count(*) FROM set_aside WHERE again_at > $2) AS aside,
                  (SELECT min(created_at) FROM kept WHERE waits_for <> '{}') AS kept FROM outbox""",
        [type_ for type_, event in EVENTS.items() if event.urgent],
        clock.now(),
    )
    assert row is not None
    return {
        "beredskab.outbox.age": _since(row["oldest"], clock),
        "beredskab.outbox.rows": row["waiting"],
        "beredskab.outbox.stuck": row["stuck"],
        "beredskab.parked": row["parked"],
        "beredskab.parked.urgent": row["urgent"],
        "beredskab.set.aside": row["aside"],
        "beredskab.kept.age": _since(row["kept"], clock),
    }


def _since(then: datetime | None, clock: Clock) -> float:
    return max(0.0, (clock.now() - then).total_seconds()) if then else 0.0


async def keep_clock(pool: Pool, clock: Clock) -> None:
    """Compare this process's clock with the database's, which all processes share. Runs until cancelled."""
    latest: dict[str, float] = {}
    metrics.gauges(lambda: latest, {"beredskab.clock.skew": "Seconds that the clock is ahead of the database's."})
    while True:
        try:
            latest["beredskab.clock.skew"] = ahead = await skew(pool, clock)
            if abs(ahead) > SKEWED:
                log().error("clock.skewed", seconds=round(ahead, 1))
        except INFRASTRUCTURE:
            latest.clear()
        await asyncio.sleep(CLOCK_EVERY)


async def skew(pool: Pool, clock: Clock) -> float:
    """Seconds that the clock is ahead of the database's, as of the middle of the way there and back."""
    before = clock.now()
    there: datetime = await pool.fetchval(OF_DATABASE, timeout=5)
    ours = before + (clock.now() - before) / 2 - clock.offset
    return (ours - there).total_seconds()
