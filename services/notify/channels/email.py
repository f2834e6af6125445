"""Mail by SMTP (RFC 5321), one connection a message. Of the server's answer the reply code is kept, never the words."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import format_datetime, formataddr
from functools import lru_cache
from uuid import UUID

import aiosmtplib
from opentelemetry.trace import SpanKind

from services.notify.domain import Outcome, Result
from services.notify.text import SENDER_NAME, Words
from shared.telemetry.tracing import span

ADDRESS = r"[A-Za-z0-9_.!#$%&'*+/=?^`{|}~-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*"
"""One address alone (RFC 5321 § 4.1.2, Dot-string): no list, no `mailto:`, no name beside it."""
DIALOGUE = 25.0
"""Seconds a dialogue may last in all; shorter than the lease of a try."""
_GOODBYE = 1.0


@dataclass(frozen=True, slots=True)
class Email:
    """The channel: the server and the address that messages come from."""

    host: str
    port: int
    sender: str
    starttls: bool = False
    at_most: float = DIALOGUE

    @asynccontextmanager
    async def sent(self, to: str, mail: bytes) -> AsyncIterator[Outcome]:
        """Send the mail and give the outcome; the goodbye comes after the block, so that a yes is stored before it."""
        client = aiosmtplib.SMTP(
            hostname=self.host,
            port=self.port,
            start_tls=self.starttls,
            timeout=self.at_most,
            local_hostname=self._domain,  # the machine's own name is nobody's business, and looking it up may block
        )
        try:
            with span("smtp send", SpanKind.CLIENT, {"server.address": self.host, "server.port": self.port}) as running:
                outcome = await self._dialogue(client, to, mail)
                if outcome.code:
                    running.set_attribute("smtp.reply.code", outcome.code)
                if outcome.result is not Result.ACCEPTED:
                    running.set_attribute("error.type", outcome.result)
            yield outcome
        finally:
            await _goodbye(client)

    async def _dialogue(self, client: aiosmtplib.SMTP, to: str, mail: bytes) -> Outcome:
        broken_off = Result.TEMPORARY
        try:
            async with asyncio.timeout(self.at_most):
                await client.connect()
                await client.mail(self.sender)
                await client.rcpt(to)
                broken_off = Result.UNKNOWN  # from here the server may have taken it though we hear no answer
                return Outcome(Result.ACCEPTED, (await client.data(mail)).code)
        except aiosmtplib.SMTPResponseException as refused:
            return _refusal(refused.code, otherwise=broken_off)
        except (aiosmtplib.SMTPException, OSError, TimeoutError):
            return Outcome(broken_off)

    def mail(self, mail_id: UUID, text: Words, *, to: str, now: datetime) -> bytes:
        """The mail as bytes (RFC 5322). Every try of one mail has the same Message-ID, which names nothing else."""
        own = {
            "To": to,  # printable ASCII, or it would not be a contact
            "Date": format_datetime(now),
            "Message-ID": f"<{mail_id}@{self._domain}>",
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in own.items())
        return head.encode("ascii") + _same_for_all(self.sender, text)

    @property
    def _domain(self) -> str:
        return self.sender.rpartition("@")[2]


@lru_cache(maxsize=100)
def _same_for_all(sender: str, text: Words) -> bytes:
    """The rest of a mail. Those of one moment say the same, and to write it down is most of the work."""
    mail = EmailMessage(policy=WIRE)
    mail["From"] = formataddr((SENDER_NAME, sender))
    mail["Subject"] = text.subject
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday notice shall answer
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(text.body + "\n", cte="quoted-printable")
    return mail.as_bytes()


def _refusal(code: int, *, otherwise: Result) -> Outcome:
    """4xx: try again; 5xx: give up (RFC 5321 § 4.2.1). Anything else is no answer."""
    result = {4: Result.TEMPORARY, 5: Result.PERMANENT}.get(code // 100)
    return Outcome(result, code) if result else Outcome(otherwise)


async def _goodbye(client: aiosmtplib.SMTP) -> None:
    """QUIT, and close whatever comes of it: a mail that was accepted stays accepted (RFC 5321 § 4.1.1.10)."""
    with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
        await client.quit(timeout=_GOODBYE)
    client.close()
