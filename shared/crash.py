"""Named points at which a test can have the process killed, as if by `kill -9`. Elsewhere they do nothing.

`BEREDSKAB_CRASH_AT=relay.sent,act.before_commit` kills at the first passing of each; with `BEREDSKAB_CRASH_ONCE=file`
a point that has had its turn is noted there and spares the next process. It is refused unless
`BEREDSKAB_CRASH_ALLOWED` is set: a production environment has no reason to.
"""

import os
import signal
from collections.abc import Mapping
from pathlib import Path

POINTS = (
    "act.before_commit",
    "act.after_commit",
    "offsets.before_commit",
    "relay.before_send",
    "relay.sent",
    "relay.acknowledged",
    "second_road.before_post",
    "second_road.posted",
)
"""All of them: wherever a crash finds the world in a state of its own."""

_armed: dict[str, Path | None] = {}


class CrashNotAllowed(Exception):
    """A crash point is armed where none may be, or there is none of this name."""


def arm(environment: Mapping[str, str]) -> None:
    """Arm what the environment names. Raises `CrashNotAllowed`."""
    wanted = [name for name in environment.get("BEREDSKAB_CRASH_AT", "").split(",") if name]
    if wanted and (not environment.get("BEREDSKAB_CRASH_ALLOWED") or not set(wanted) <= set(POINTS)):
        raise CrashNotAllowed
    notes = Path(environment["BEREDSKAB_CRASH_ONCE"]) if "BEREDSKAB_CRASH_ONCE" in environment else None
    had = notes.read_text(encoding="utf-8").split() if notes and notes.exists() else []
    _armed.update({name: notes for name in wanted if name not in had})


def crash_point(name: str) -> None:
    """Die here if armed: no clean-up, no goodbye."""
    if name not in _armed:
        return
    notes = _armed[name]
    if notes:
        with notes.open("a", encoding="utf-8") as file:
            file.write(f"{name}\n")
    os.kill(os.getpid(), signal.SIGKILL)
