"""The only place that reads the wall clock. Everything else is given `now`, or a `Clock`."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

OF_DATABASE = "SELECT clock_timestamp()"
"""The database's clock, which processes compare theirs with. No act is dated by it."""


@dataclass(frozen=True)
class Clock:
    """Aware UTC instants, shifted by a fixed offset (tests move the system through time with it)."""

    offset: timedelta = timedelta(0)

    def now(self) -> datetime:
        """The present moment in UTC."""
        return datetime.now(UTC) + self.offset
