"""Ends the process when something in it has stopped moving, so that it is started again.

A thread of its own watches, because a loop that hangs cannot watch itself. Ending is safe at any statement: whatever
was not committed is done again.
"""

import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from shared.telemetry.logging import drain, log

_LOOK = 1.0
_PAUSED = 5.0


@dataclass(slots=True)
class Beat:
    """The sign of life of one loop: called whenever it moves, or has a good reason not to."""

    name: str
    at_most: float = 60.0
    """Seconds between two signs."""
    last: float = field(default_factory=time.monotonic)

    def __call__(self) -> None:
        """Still moving."""
        self.last = time.monotonic()

    def late(self, now: float) -> bool:
        """Whether the sign is overdue."""
        return now - self.last > self.at_most


def watch(beats: Sequence[Beat]) -> None:
    """Watch from now on, until the process ends."""
    for beat in beats:
        beat()
    threading.Thread(target=_watch, args=(list(beats),), name="watchdog", daemon=True).start()


def _watch(beats: Sequence[Beat]) -> None:
    looked = time.monotonic()
    while True:
        time.sleep(_LOOK)
        now = time.monotonic()
        if now - looked > _PAUSED:  # the whole process stood still (SIGSTOP, a sleeping machine): nobody is to blame
            for beat in beats:
                beat()
        looked = now
        late = next((beat for beat in beats if beat.late(now)), None)
        if late is not None:
            log().critical("watchdog.ended_the_process", loop=late.name, seconds=round(now - late.last))
            drain()
            os._exit(1)
