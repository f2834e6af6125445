"""Named points at which a test can have the process killed, as if by `kill -9`. Elsewhere they do nothing.

`BEREDSKAB_CRASH_AT=relay.acknowledged` kills at the first passing, `relay.acknowledged:3` at the third. It is refused
unless `BEREDSKAB_CRASH_ALLOWED` is set: a production environment has no reason to.
"""

import os
import signal
from collections.abc import Mapping

_left: dict[str, int] = {}


class CrashNotAllowed(Exception):
    """A crash point is armed where none may be."""


def arm(environment: Mapping[str, str]) -> None:
    """Arm what the environment names. Raises `CrashNotAllowed`."""
    wanted = environment.get("BEREDSKAB_CRASH_AT")
    if not wanted:
        return
    if not environment.get("BEREDSKAB_CRASH_ALLOWED"):
        raise CrashNotAllowed
    name, _, n = wanted.partition(":")
    _left[name] = int(n or 1)


def crash_point(name: str) -> None:
    """Die here if armed: no clean-up, no goodbye."""
    if name not in _left:
        return
    _left[name] -= 1
    if _left[name] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
