"""Wrong words cost time: the more of them for one reference, the later the answer. Right words are answered at once.

So nobody can lock a reporter out by guessing at their reference, no address of anybody is kept, and a wrong code takes
as long as an unknown reference. A code is one of 2^40: at the thousand tries a second that this door could answer at
the very most, half of them take 17 years; the waiting makes it longer and the guessing visible.
"""

import asyncio
import math
from collections import OrderedDict
from dataclasses import dataclass, field

from shared.web.problems import Unavailable

_FREE = 3
_REFERENCES = 10_000
_WAITING = 500
_FORGET = 60.0


@dataclass(slots=True)
class _Tries:
    wrong: float = 0
    at: float = 0


@dataclass(slots=True)
class Patience:
    """Keeps, in memory alone, how often each reference was tried with wrong words of late."""

    shortest: float = 0.4
    longest: float = 8.0
    _tries: OrderedDict[str, _Tries] = field(default_factory=OrderedDict)
    _waiting: int = 0

    async def wrong(self, reference: str, *, since: float) -> None:
        """Return when a wrong answer that came in at `since` (of the loop's time) may be given."""
        if self._waiting >= _WAITING:
            raise Unavailable("Too many wrong words at once. Try again shortly.")
        self._waiting += 1
        try:
            now = asyncio.get_running_loop().time()
            await asyncio.sleep(since + self.wait(reference, now) - now)
        finally:
            self._waiting -= 1

    def wait(self, reference: str, now: float) -> float:
        """How long the answer to one more wrong try takes; one try in a minute is forgotten."""
        tries = self._tries.setdefault(reference, _Tries(at=now))
        self._tries.move_to_end(reference)
        if len(self._tries) > _REFERENCES:
            self._tries.popitem(last=False)
        tries.wrong = max(0.0, tries.wrong - (now - tries.at) / _FORGET) + 1
        tries.at = now
        doublings = max(0.0, min(tries.wrong, 40) - _FREE)
        return min(self.longest, self.shortest * math.exp2(doublings))
