"""A load client that costs little beside what it measures: connections are kept, nothing is parsed without need."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from tests.support.children import new_child

TEXT = (
    "Pige i 8. klasse fortæller, at hun skal rejse med familien i efterårsferien, og at hun er bange for ikke at komme "
    "hjem igen. Hun har hørt forældrene tale om et bryllup. Hun beder os om ikke at ringe hjem. "
)


def report_body() -> bytes:
    """A report like most: one child with a number that nobody else has, a text, three answers."""
    body = {
        "legal_kind": "section_133",
        "reporter": {"name": "Gorm Eksempel", "kind": "teacher", "institution": "Eksempelskolen"},
        "children": [new_child() | {"age_band": "13-17"}],
        "text": TEXT,
        "parents_know": "no",
        "answers": [
            {"sign": "marriage.planned", "answer": "said", "when": "now"},
            {"sign": "travel.passport_taken", "answer": "said", "when": "now"},
            {"sign": "threat.concrete", "answer": "unknown"},
        ],
    }
    return json.dumps(body, ensure_ascii=False).encode()


_IDLE = 3.0
"""Seconds; uvicorn closes after 5."""


@dataclass(frozen=True, slots=True)
class Posted:
    """One POST: when it was due and when its answer was there (seconds since the epoch), and the answer."""

    at: float
    done: float
    answer: dict[str, Any]

    @property
    def seconds(self) -> float:
        """From due to answered."""
        return self.done - self.at


class Line:
    """One keep-alive connection to `POST path`, opened anew before the server would close it for being idle."""

    def __init__(self, port: int, path: str) -> None:
        self._port, self._path = port, path
        self._used = float("-inf")
        self._ends: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, body: bytes, *, at: float | None = None) -> Posted:
        """Send one body; anything but 201 is an error."""
        at = at or time.time()
        reader, writer = await self._open()
        head = (
            f"POST {self._path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
            f"Idempotency-Key: {uuid4()}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        answered = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(answered.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        content = await reader.readexactly(length)
        done = time.time()
        self._used = time.monotonic()
        if b" 201 " not in answered[:16]:
            raise RuntimeError(f"refused: {answered[:40]!r} {content[:200]!r}")
        return Posted(at, done, json.loads(content))

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._ends is None or time.monotonic() - self._used > _IDLE:
            self.close()
            self._ends = await asyncio.open_connection("127.0.0.1", self._port)
        return self._ends

    def close(self) -> None:
        """Hang up."""
        if self._ends is not None:
            self._ends[1].close()
            self._ends = None


@asynccontextmanager
async def lines(port: int, path: str, count: int) -> AsyncIterator[list[Line]]:
    """That many connections, closed afterwards."""
    opened = [Line(port, path) for _ in range(count)]
    try:
        yield opened
    finally:
        for line in opened:
            line.close()


async def closed_loop(port: int, path: str, *, clients: int, bodies: Sequence[bytes]) -> tuple[list[Posted], float]:
    """Every client sends its next body when the last is answered; the posts, and the seconds it took."""
    left = list(bodies)

    async def client(line: Line) -> list[Posted]:
        posted = []
        while left:
            posted.append(await line.post(left.pop()))
        return posted

    async with lines(port, path, clients) as opened:
        begun = time.perf_counter()
        done = await asyncio.gather(*(client(line) for line in opened))
        return [each for client in done for each in client], time.perf_counter() - begun


async def open_loop(port: int, path: str, *, rate: float, bodies: Sequence[bytes]) -> list[Posted]:
    """A body every 1/rate s, whether earlier ones are answered or not; each is timed from the moment it was due."""
    free: asyncio.LifoQueue[Line] = asyncio.LifoQueue()
    async with lines(port, path, 64) as opened:
        for line in opened:
            free.put_nowait(line)
        first = time.time() + 0.1

        async def post(n: int, body: bytes) -> Posted:
            due = first + n / rate
            await asyncio.sleep(due - time.time())
            line = await free.get()
            try:
                return await line.post(body, at=due)
            finally:
                free.put_nowait(line)

        return await asyncio.gather(*(post(n, body) for n, body in enumerate(bodies)))
