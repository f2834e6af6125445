"""Who runs here: a lock held by the supervisor for as long as it lives, so that no stale number can mislead."""

import fcntl
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def claim(home: Path) -> Iterator[None]:
    """Be this folder's supervisor. Raises BlockingIOError when another is."""
    with (home / "supervisor.lock").open("a") as lock:
        _take(lock.fileno(), until=time.monotonic() + 1)  # whoever looks whether we run holds it for a moment
        yield


def _take(lock: int, *, until: float) -> None:
    while True:
        try:
            return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise
        time.sleep(0.02)


def is_running(home: Path) -> bool:
    """Whether a supervisor lives."""
    if not (home / "supervisor.lock").exists():
        return False
    with (home / "supervisor.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def state(home: Path) -> dict[str, Any]:
    """What the living supervisor last told of itself and its processes; empty when there is none."""
    if not is_running(home):
        return {}
    try:
        found: dict[str, Any] = json.loads((home / "state.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return found
