"""The sender: claims messages that are due, carries each through its channel, stores and tells what became of it.

The try and its lease are committed before the provider hears anything, the outcome after; no transaction is open while
a provider is spoken to.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from opentelemetry.trace import SpanKind

from services.notify import contacts, store
from services.notify.channels.email import Email
from services.notify.domain import LEASE, Message, Outcome, Result, State, Step, addressable, before_sending, next_step
from services.notify.store import Claimed
from services.notify.text import Text, has_text, render
from shared import evidence
from shared.delivery.aside import set_aside
from shared.delivery.outbox import Transaction, Transactions
from shared.events.codes import Channel
from shared.events.notify import MessageAccepted, MessageFailed
from shared.postgres.faults import INFRASTRUCTURE
from shared.sealing import KeyRing
from shared.telemetry.logging import error_code, log
from shared.telemetry.tracing import context_of, span

AT_ONCE = 8
DRAIN = timedelta(seconds=8)
HOPELESS = 3
"""Tries of a message that our own code cannot carry."""


@dataclass(slots=True)
class Sender:
    """Carries up to `AT_ONCE` messages at a time, so that a slow one does not hold up the rest."""

    transactions: Transactions
    keys: KeyRing
    email: Email
    console_url: str
    canary_address: str
    holder: int
    _running: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self) -> None:
        """Take back what an earlier process of this name left unfinished."""
        await store.reclaim(self.transactions.pool, now=self.transactions.clock.now(), holder=self.holder)

    async def run_once(self) -> int:
        """Begin as many due messages as there is room for; how many that were. Waits for room first."""
        while len(self._running) >= AT_ONCE:
            await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
        now = self.transactions.clock.now()
        try:
            claimed = await store.claim(
                self.transactions.pool,
                now=now,
                lease_until=now + LEASE,
                holder=self.holder,
                limit=AT_ONCE - len(self._running),
            )
        except INFRASTRUCTURE as error:
            log().warning("sender.interrupted", error=error_code(error))
            return 0
        for each in claimed:
            task = asyncio.create_task(self._carry(each))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return len(claimed)

    async def drain(self, at_most: timedelta = DRAIN) -> None:
        """Let the dialogues that run come to their ends, so that a restart sends nothing twice."""
        if self._running:
            await asyncio.wait(self._running, timeout=at_most.total_seconds())

    async def _carry(self, claimed: Claimed) -> None:
        """One try. Where it is lost with the database, its lease runs out and the message is due again."""
        message = claimed.message
        try:
            with span("deliver message", SpanKind.INTERNAL, {}, parent=context_of(message.traceparent)):
                await self._try(message, claimed.sealed)
        except INFRASTRUCTURE as error:
            log().error("message.try_lost", message_id=message.message_id, error=error_code(error))
        except Exception as error:
            await self._give_up(message, error)

    async def _give_up(self, message: Message, error: Exception) -> None:
        """Nothing can be made of the message: after a few tries somebody else is asked instead."""
        log().error("message.try_lost", message_id=message.message_id, error=error_code(error))
        given_up = message.attempts >= HOPELESS
        try:
            await self._settle(message, Outcome(Result.PERMANENT if given_up else Result.TEMPORARY), text=None)
        except Exception as again:
            pool, now = self.transactions.pool, self.transactions.clock.now()
            with suppress(Exception):  # else its lease runs out
                await set_aside(pool, "send", message.message_id, again, now=now)

    async def _try(self, message: Message, sealed: bytes | None) -> None:
        now = self.transactions.clock.now()
        reachable = message.canary or (sealed is not None and addressable(message))
        unsent = before_sending(message, now, reachable=reachable and has_text(message.template))
        to = None if unsent else self._address(message, sealed)
        if to is None:
            await self._settle(message, unsent or Outcome(Result.NO_CONTACT), text=None)
            return
        text = self._text(message)
        async with self.email.sent(to, self.email.mail(message.message_id, text, to=to, now=now)) as outcome:
            await self._settle(message, outcome, text=text)

    def _address(self, message: Message, sealed: bytes | None) -> str | None:
        """A canary reaches no human being, whomever it is meant for."""
        if message.canary:
            return self.canary_address
        return contacts.unseal(self.keys, message.recipient_id, sealed) if message.recipient_id and sealed else None

    def _text(self, message: Message) -> Text:
        return render(
            message.template, answer_by=message.answer_by, asked_at=message.requested_at, url=self.console_url
        )

    async def _settle(self, message: Message, outcome: Outcome, *, text: Text | None) -> None:
        """Store the outcome, however often the database has to be asked while the try is still ours."""
        lease_end = self.transactions.clock.now() + LEASE / 2
        while True:
            try:
                async with self.transactions.begin("settle message") as tx:
                    return await settle(tx, message, outcome, text=text)
            except INFRASTRUCTURE as error:
                log().warning("message.settle_retried", message_id=message.message_id, error=error_code(error))
                if self.transactions.clock.now() > lease_end:
                    raise
            await asyncio.sleep(0.25)


async def settle(tx: Transaction, tried: Message, outcome: Outcome, *, text: Text | None) -> None:
    """Write how the try `tried.attempts` ended and what that does to the message, with evidence and the fact."""
    await store.lock_case(tx.conn, tried.case_id)
    message = await store.locked_message(tx.conn, tried.message_id)
    await store.end_attempt(tx.conn, message.message_id, n=tried.attempts, outcome=outcome, now=tx.now)
    step = next_step(message, attempt=tried.attempts, outcome=outcome, now=tx.now)
    if step is None:
        return
    if step.state is not State.ACCEPTED:
        log().warning(
            "message.not_sent",
            message_id=message.message_id,
            reason=outcome.result,
            status=outcome.code,
            state=step.state,
        )
    await store.save(tx.conn, message.message_id, step)
    if step.next_at is None:
        await _record(tx, message, step, outcome, attempt=tried.attempts, text=text)
        await _tell(tx, message, step, text)


async def _tell(tx: Transaction, message: Message, step: Step, text: Text | None) -> None:
    if step.failure:
        failed = MessageFailed(case_id=message.case_id, message_id=message.message_id, reason=step.failure)
        await tx.publish(failed)
    elif text and step.state is State.ACCEPTED:
        accepted = MessageAccepted(
            case_id=message.case_id,
            message_id=message.message_id,
            purpose=message.purpose,
            report_id=message.report_id,
            channel=Channel.EMAIL,
            template=message.template,
            template_version=text.version,
            text_sha256=text.sha256,
            maybe_twice=step.maybe_twice,
        )
        await tx.publish(accepted)


async def _record(
    tx: Transaction, message: Message, step: Step, outcome: Outcome, *, attempt: int, text: Text | None
) -> None:
    facts: dict[str, str | int | bool | None] = {
        "message_id": str(message.message_id),
        "report_id": str(message.report_id),
        "purpose": message.purpose,
        "recipient_kind": message.recipient_kind,
        "recipient_id": _text_or_none(message.recipient_id),
        "channel": Channel.EMAIL,
        "template": message.template,
        "template_version": text.version if text else None,
        "text_sha256": text.sha256 if text else None,
        "attempt": attempt,
        "result": outcome.result,
        "code": outcome.code,
        "maybe_twice": step.maybe_twice,
    }
    await evidence.record(tx, message.case_id, act=f"message.{step.state}", actor=None, facts=facts)


def _text_or_none(recipient_id: UUID | None) -> str | None:
    return str(recipient_id) if recipient_id else None
