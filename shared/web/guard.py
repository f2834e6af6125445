"""Time and room for connections: a client that sends nothing, or a byte now and then, may not keep others out.

uvicorn has a limit for idle connections between two requests alone. What is added here: deadlines for the headers, the
body and the reading of the answer, a bound for the headers' size, and a bound for connections, in all and by source.
Where there is no room the connection that has waited longest without asking anything goes. A person who sends a form
is through in milliseconds, so it is never theirs.
"""

import asyncio
import ipaddress
import resource
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from shared.settings import ServiceSettings, networks
from shared.web.problems import Unavailable

_OURS = 128
"""Files that the process needs for itself: pool, Kafka, logs."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds for the headers from the first moment, for the body after them, for a reader that reads nothing.

    A trusted proxy speaks for many sources: its connections are bound by the limit for all alone.
    """

    connections: int = 4096
    per_source: int = 512
    trusted: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = ()
    headers: float = 10
    body: float = 60
    answer: float = 30
    header_bytes: int = 32 * 1024

    def trusts(self, source: str) -> bool:
        """Whether the address is a proxy's."""
        try:
            address = ipaddress.ip_address(source)
        except ValueError:
            return False
        return any(address in network for network in self.trusted)


@dataclass(slots=True)
class Lobby:
    """The open connections of a process, and those among them that have not asked yet, oldest first."""

    limits: Limits
    _open: Counter[str] = field(default_factory=Counter)
    _waiting: dict["GuardedProtocol", None] = field(default_factory=dict)
    _waiting_of: dict[str, dict["GuardedProtocol", None]] = field(default_factory=lambda: defaultdict(dict))

    def enter(self, conn: "GuardedProtocol") -> bool:
        """Take it in; False where there is no room and nobody waits idly in its place."""
        bound = not self.limits.trusts(conn.source)
        if bound and self._open[conn.source] >= self.limits.per_source and not _shed(self._waiting_of[conn.source]):
            return False
        if self._open.total() >= self.limits.connections and not _shed(self._waiting):
            return False
        self._open[conn.source] += 1
        return True

    def wait(self, conn: "GuardedProtocol") -> None:
        """It has nothing under way."""
        self._waiting[conn] = self._waiting_of[conn.source][conn] = None

    def ask(self, conn: "GuardedProtocol") -> None:
        """It has sent a request."""
        self._waiting.pop(conn, None)
        self._waiting_of[conn.source].pop(conn, None)
        if not self._waiting_of[conn.source]:
            del self._waiting_of[conn.source]

    def leave(self, conn: "GuardedProtocol") -> None:
        """It has gone."""
        self.ask(conn)
        self._open[conn.source] -= 1
        if not self._open[conn.source]:
            del self._open[conn.source]


def _shed(waiting: dict["GuardedProtocol", None]) -> bool:
    oldest = next(iter(waiting), None)
    if oldest is not None:
        oldest.give_up()
    return oldest is not None


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's connection with deadlines, in a lobby of limited room."""

    def __init__(self, lobby: Lobby, **given: Any) -> None:
        super().__init__(**given)
        self.source = ""
        self._lobby = lobby
        self._inside = False
        self._deadline: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._header_bytes: int | None = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first headers."""
        super().connection_made(transport)
        self.source = self.client[0] if self.client else ""
        self._inside = self._lobby.enter(self)
        if self._inside:
            self._await_headers()
        else:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        super().connection_lost(exc)
        self._within(None)
        self.resume_writing()
        self._leave()

    def data_received(self, data: bytes) -> None:
        """Take what came, unless it is more than headers may be."""
        if not self._inside:
            return
        if self._header_bytes is not None:
            self._header_bytes += len(data)
        super().data_received(data)
        if self._header_bytes is not None and self._header_bytes > self._lobby.limits.header_bytes:
            self._end(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_headers_complete(self) -> None:
        """The request is known: now its body has its time."""
        self._header_bytes = None
        self._lobby.ask(self)
        self._within(self._lobby.limits.body)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Everything is here. From now on it is our time."""
        if self.cycle is not None and not self.cycle.response_complete:
            self._within(None)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The next request's headers have their time from here, idle or not."""
        super().on_response_complete()
        if self._inside and self.cycle.response_complete and not self.transport.is_closing():
            self._await_headers()

    def pause_writing(self) -> None:
        """The client does not read: it has its time for that too."""
        super().pause_writing()
        self._unread = self._unread or self.loop.call_later(self._lobby.limits.answer, self.give_up)

    def resume_writing(self) -> None:
        """It reads again."""
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def give_up(self) -> None:
        """Close it without a word; its room is free at once."""
        self._leave()
        self.transport.abort()

    def _await_headers(self) -> None:
        self._header_bytes = 0
        self._lobby.wait(self)
        self._within(self._lobby.limits.headers)

    def _within(self, seconds: float | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        late = partial(self._end, HTTPStatus.REQUEST_TIMEOUT)
        self._deadline = self.loop.call_later(seconds, late) if seconds is not None else None

    def _end(self, status: HTTPStatus) -> None:
        """Tell why, where nothing is told yet (RFC 9110 § 15.5.9, RFC 6585 § 5), and close."""
        under_way = self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete
        if not under_way and not self.transport.is_closing():
            line = f"HTTP/1.1 {status.value} {status.phrase}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
            self.transport.write(line.encode())
        self._leave()
        self.transport.close()

    def _leave(self) -> None:
        if self._inside:
            self._inside = False
            self._lobby.leave(self)


class FairShare:
    """Bounds the requests of one source that run at once. Behind a trusted proxy the source is who the proxy names."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app = app
        self._limits = limits
        self._running: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        source = scope["client"][0] if scope.get("client") else ""
        if self._running[source] >= self._limits.per_source:
            refusal = Unavailable("Too many requests of yours run at once. Try again in a moment.")
            await refusal.response()(scope, receive, send)
            return
        self._running[source] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._running[source] -= 1
            if not self._running[source]:
                del self._running[source]


def limits_of(settings: ServiceSettings) -> Limits:
    """The limits of a process. It is let open as many files as they take."""
    return Limits(
        connections=_open_files(settings.connections),
        per_source=settings.connections_per_source,
        trusted=networks(settings.trusted_proxies),
    )


def _open_files(wanted: int) -> int:
    """Let the process open as many files as `wanted` connections need; how many connections there is room for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted + _OURS if hard == resource.RLIM_INFINITY else min(wanted + _OURS, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        soft = most
    return wanted if soft == resource.RLIM_INFINITY else max(1, min(wanted, soft - _OURS))
