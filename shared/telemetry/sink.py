"""Where log lines leave the process: behind a queue and a thread, so that no act waits for them or fails by them.

A full disk, a pipe that nobody reads any more or that nobody empties costs lines, which are counted, and nothing else.
"""

import atexit
import json
import os
import threading
from collections import deque
from typing import TextIO

from shared.telemetry import metrics

MOST = 10_000
"""Lines that wait at most; about 3 MB."""
_GOODBYE = 1.0

_dropped = metrics.Counter("beredskab.log.dropped", "Log lines that could not be written.")


class Sink:
    """A file to write lines to. Writing to it never blocks and never raises."""

    def __init__(self) -> None:
        self._stream: TextIO | None = None
        self._waiting: deque[str] = deque()
        self._wanted = threading.Condition()
        self._writing = False
        self._lost = 0
        self._torn = False

    def open(self, stream: TextIO) -> None:
        """Write to this file from now on."""
        if self._stream is None:
            threading.Thread(target=self._run, name="log", daemon=True).start()
            atexit.register(self.drain)
        self._stream = stream

    def write(self, text: str) -> None:
        """Have the text written soon; where too much waits already, it is dropped and counted."""
        with self._wanted:
            if len(self._waiting) < MOST:
                self._waiting.append(text)
                self._wanted.notify()
            else:
                self._drop()

    def flush(self) -> None:
        """Nothing to do: the logger asks for it after every line."""

    def drain(self, at_most: float = _GOODBYE) -> None:
        """Wait until all is written, but no longer than this: the process is about to end."""
        with self._wanted:
            self._wanted.wait_for(lambda: not (self._waiting or self._writing), timeout=at_most)

    def _run(self) -> None:
        while True:
            with self._wanted:
                self._writing = False
                self._wanted.notify_all()
                self._wanted.wait_for(lambda: self._waiting)
                self._writing = True
                text, lost = self._waiting.popleft(), self._lost
            if lost:
                text = json.dumps({"event": "log.dropped", "level": "error", "count": lost}) + "\n" + text
            done = self._written(text)
            with self._wanted:
                if not done:
                    self._drop()
                elif lost:
                    self._lost -= lost

    def _written(self, text: str) -> bool:
        try:
            self._put(("\n" + text if self._torn else text).encode("utf-8", "backslashreplace"))
        except (OSError, ValueError):  # ValueError: the file was closed
            return False
        self._torn = False
        return True

    def _put(self, data: bytes) -> None:
        assert self._stream is not None
        try:
            number = self._stream.fileno()
        except OSError:  # no file of the system: a test's
            self._stream.write(data.decode())
            return
        while data:  # past Python's own buffer: whatever waits in it would be waited for when the interpreter ends
            n = os.write(number, data)
            self._torn = n < len(data)
            data = data[n:]

    def _drop(self) -> None:
        self._lost += 1
        _dropped.add(1)
