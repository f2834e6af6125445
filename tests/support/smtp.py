"""A mail server that keeps what it is sent and misbehaves on demand."""

import asyncio
import warnings
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from aiosmtpd.smtp import SMTP


@dataclass
class MailSink:
    """`faults` are used up one a mail: `refuse <reply>`, `hold` until `let_go`, `drop data`, `drop quit`."""

    port: int = 0
    faults: deque[str] = field(default_factory=deque)
    taken: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    goodbye: str = "221 bye"
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def mails(self) -> list[EmailMessage]:
        """What was taken, parsed; a mail whose sender never heard the yes is among them."""
        return [message_from_bytes(each, policy=policy.default) for each in self.taken]

    async def handle_DATA(self, server: SMTP, _session: Any, envelope: Any) -> str:
        fault, _, detail = (self.faults.popleft() if self.faults else "none").partition(" ")
        if fault == "refuse":
            return detail
        if fault == "hold":
            await self.let_go.wait()
        self.taken.append(envelope.content)
        self.recipients += envelope.rcpt_tos
        if (fault, detail) == ("drop", "data"):
            server.transport.abort()
        server.event_handler_drops_quit = (fault, detail) == ("drop", "quit")
        return "250 taken as 4711"

    async def handle_QUIT(self, server: SMTP, _session: Any, _envelope: Any) -> str:
        if getattr(server, "event_handler_drops_quit", False):
            server.transport.abort()
        return self.goodbye


@asynccontextmanager
async def mail_sink() -> AsyncIterator[MailSink]:
    """A sink on a loopback port of its own."""
    sink = MailSink()
    loop = asyncio.get_running_loop()
    sessions: list[SMTP] = []

    def session() -> SMTP:
        sessions.append(SMTP(sink, hostname="sink.example", loop=loop))
        return sessions[-1]

    server = await loop.create_server(session, "127.0.0.1", 0)
    sink.port = server.sockets[0].getsockname()[1]
    try:
        yield sink
    finally:
        sink.let_go.set()
        server.close()
        await server.wait_closed()
        for each in sessions:
            if each.transport:
                each.transport.abort()
        await asyncio.sleep(0)  # lets the connections hear that they have ended
