"""The figures by which operators see whether reports come at all: a form that nobody can reach sends no error."""

from datetime import datetime, timedelta

from services.intake.store import report as reports
from shared.clock import Clock
from shared.postgres.pool import Pool
from shared.telemetry import metrics

GAUGES = {"beredskab.report.overdue": "Seconds by which no report has come for longer than usual."}


class Figures:
    """Looks each time it is run, and reports what was found last. `usual` is the longest usual time; none is never."""

    def __init__(self, pool: Pool, clock: Clock, *, usual: timedelta) -> None:
        self._pool = pool
        self._clock = clock
        self._usual = usual
        self.look = metrics.Look("reports", GAUGES, clock)

    async def run_once(self) -> int:
        """Look. Never anything to do at once."""
        await self.look.take(found(self._pool, self._clock.now(), usual=self._usual))
        return 0


async def found(pool: Pool, now: datetime, *, usual: timedelta) -> dict[str, float]:
    """What the database says now. Before the first report nothing is usual yet."""
    newest = await reports.newest_entered_at(pool) if usual else None
    return {"beredskab.report.overdue": max(0.0, (now - newest - usual).total_seconds())} if newest else {}
