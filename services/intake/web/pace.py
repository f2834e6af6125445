"""Answers on the beat: how long an accept took says nothing of what was found.

A report about a known child, a repeated one and one that joins a case go a longer way than the first of its case. An
answer is given at a whole number of beats after it was asked for; a beat is longer than the longer way usually takes.
Waiting costs no processor, doing the longer way's work for everybody would.
"""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

_STEP = 0.025
_LONGER = 4
"""The longer way takes two to three and a half times as long as the short one."""
_REMEMBERED = 32


@dataclass(slots=True)
class Pace:
    """The beat, from how long the accepts before this one took: a busy machine gets a longer one."""

    shortest: float = 0.05
    longest: float = 0.25
    _took: float = 0.0

    @property
    def beat(self) -> float:
        """How long a beat is now."""
        wanted = _STEP * math.ceil(_LONGER * self._took / _STEP)
        return min(self.longest, max(self.shortest, wanted))

    def due(self, took: float) -> float:
        """When, from its beginning, an act is answered that took so long."""
        due = self.beat * max(1, math.ceil(took / self.beat))
        self._took += (took - self._took) / _REMEMBERED
        return due

    @asynccontextmanager
    async def evenly(self) -> AsyncIterator[None]:
        """Do something, and come back on the beat. What fails comes back at once: it has found nothing."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        yield
        await asyncio.sleep(began + self.due(loop.time() - began) - loop.time())
