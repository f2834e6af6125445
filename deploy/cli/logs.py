"""The logs of the local stack, one or all of them, and what is added to them."""

import time
from collections.abc import Iterator
from pathlib import Path

from deploy.local.place import Place
from deploy.local.trouble import Trouble


def log_files(place: Place, name: str | None) -> list[Path]:
    """The log of a process, or all logs. Raises `Trouble` when there is none."""
    every = sorted(place.home.glob("*.log"))
    found = [path for path in every if name in (None, path.stem)]
    if not found:
        there = ", ".join(path.stem for path in every) or "none yet: start the stack with `make up`"
        raise Trouble(f"There is no log {name or ''} in {place.home}; there are {there}.".replace("  ", " "))
    return found


def tail(paths: list[Path], *, lines: int, follow: bool) -> Iterator[tuple[str, str]]:
    """The last lines of each, then, if followed, every line that comes; with the name of the process."""
    read = {}
    for path in paths:
        with path.open(encoding="utf-8", errors="replace") as log:
            yield from ((path.stem, line.rstrip("\n")) for line in log.readlines()[-lines:])
            read[path] = log.tell()
    while follow:
        for path in paths:
            with path.open(encoding="utf-8", errors="replace") as log:
                log.seek(read[path] if path.stat().st_size >= read[path] else 0)
                yield from ((path.stem, line.rstrip("\n")) for line in log.readlines())
                read[path] = log.tell()
        time.sleep(0.2)
