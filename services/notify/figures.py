"""The figures by which operators see whether messages leave: how long a page waits, how many were given up."""

from datetime import datetime, timedelta

from services.notify import store
from shared.clock import Clock
from shared.postgres.pool import Pool
from shared.telemetry import metrics

GAUGES = {
    "beredskab.page.waiting.age": "Seconds since the oldest page was asked for that no provider has taken.",
    "beredskab.messages.given_up": "Messages that were given up in the last 15 minutes.",
}
RECENT = timedelta(minutes=15)


class Figures:
    """Looks each time it is run, and reports what was found last."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock
        self.look = metrics.Look("messages", GAUGES, clock)

    async def run_once(self) -> int:
        """Look. Never anything to do at once."""
        await self.look.take(found(self._pool, self._clock.now()))
        return 0


async def found(pool: Pool, now: datetime) -> dict[str, float]:
    """What the database says now. A canary's page waits as any: the mail server is away for it too."""
    waiting = await store.waiting(pool, given_up_after=now - RECENT)
    age = (now - waiting.page_since).total_seconds() if waiting.page_since else 0.0
    return {"beredskab.page.waiting.age": max(age, 0.0), "beredskab.messages.given_up": float(waiting.given_up)}
