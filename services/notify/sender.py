"""The sender: claims messages that are due, carries each mail through its channel, stores and tells what became of it.

Messages that wait for the same person travel as one mail (`domain.mails`); each keeps its own tries, end and evidence.

The try and its lease are committed before the provider hears anything, the outcome after; no transaction is open while
a provider is spoken to.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from opentelemetry import trace
from opentelemetry.trace import Link, SpanKind

from services.notify import contacts, store
from services.notify.channels.email import Email
from services.notify.domain import (
    LEASE,
    Message,
    Outcome,
    Result,
    State,
    Step,
    addressable,
    before_sending,
    mail_id,
    mails,
    next_step,
)
from services.notify.store import Claimed
from services.notify.text import Text, Way, has_text, render
from shared import evidence
from shared.delivery.aside import set_aside
from shared.delivery.outbox import Transaction, Transactions
from shared.events.codes import Channel, RecipientKind, Template
from shared.events.notify import MessageAccepted, MessageFailed
from shared.postgres.faults import INFRASTRUCTURE
from shared.sealing import KeyRing
from shared.telemetry.logging import error_code, log
from shared.telemetry.tracing import context_of, current_traceparent, span

AT_ONCE = 8
LOOKED_AT = 1000
"""Waiting messages that are looked at for what travels together."""
DRAIN = timedelta(seconds=8)
HOPELESS = 3
"""Tries of a message that our own code cannot carry."""


@dataclass(slots=True)
class Sender:
    """Carries up to `AT_ONCE` mails at a time, so that a slow one does not hold up the rest."""

    transactions: Transactions
    keys: KeyRing
    email: Email
    way: Way
    canary_address: str
    holder: int
    apart: timedelta
    """How long messages that follow a person's first wait for each other at most."""
    _running: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self) -> None:
        """Take back what an earlier process of this name left unfinished."""
        await store.reclaim(self.transactions.pool, now=self.transactions.clock.now(), holder=self.holder)

    async def run_once(self) -> int:
        """Begin as many mails as there is room for; how many that were. Waits for room first."""
        while len(self._running) >= AT_ONCE:
            await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
        try:
            claimed = await self.claim(AT_ONCE - len(self._running))
        except INFRASTRUCTURE as error:
            log().warning("sender.interrupted", error=error_code(error))
            return 0
        for mail in claimed:
            task = asyncio.create_task(self._carry(mail))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return len(claimed)

    async def claim(self, room: int = AT_ONCE) -> list[list[Claimed]]:
        """Begin the next try of what is due, as mails, and hold back what shall wait for others."""
        now = self.transactions.clock.now()
        if not await store.anything_open(self.transactions.pool, now=now):
            return []
        async with self.transactions.pool.acquire() as conn, conn.transaction():
            await store.claim_alone(conn)
            waiting = await store.open_messages(conn, now=now, limit=LOOKED_AT)
            if not waiting:
                return []
            mailed = await store.mailed(conn, after=now - self.apart, until=now)
            plan = mails([each.message for each in waiting], mailed, now=now, apart=self.apart)
            await store.hold(conn, plan.held)
            mail_of = {each.message_id: mail_id(mail) for mail in plan.begun[:room] for each in mail}
            lease_until = now + LEASE
            begun = await store.begin(conn, mail_of, now=now, lease_until=lease_until, holder=self.holder)
        sealed = {each.message.message_id: each.sealed for each in waiting}
        by_id = {each.message_id: Claimed(each, sealed[each.message_id]) for each in begun}
        return [[by_id[each.message_id] for each in mail] for mail in plan.begun[:room]]

    async def drain(self, at_most: timedelta = DRAIN) -> None:
        """Let the dialogues that run come to their ends, so that a restart sends nothing twice."""
        if self._running:
            await asyncio.wait(self._running, timeout=at_most.total_seconds())

    async def _carry(self, mail: list[Claimed]) -> None:
        """One try. Where it is lost with the database, its lease runs out and the messages are due again."""
        messages, first = [each.message for each in mail], mail[0].message
        try:
            with span("deliver message", SpanKind.INTERNAL, {}, parent=context_of(first.traceparent)):
                await self._try(messages, mail[0].sealed)
        except INFRASTRUCTURE as error:
            log().error("message.try_lost", message_id=first.message_id, error=error_code(error))
        except Exception as error:
            for message in messages:
                await self._give_up(message, error)

    async def _give_up(self, message: Message, error: Exception) -> None:
        """Nothing can be made of the message: after a few tries somebody else is asked instead."""
        log().error("message.try_lost", message_id=message.message_id, error=error_code(error))
        given_up = message.attempts >= HOPELESS
        try:
            outcome = Outcome(Result.PERMANENT if given_up else Result.TEMPORARY)
            await self._stored([message], outcome, text=None)
        except Exception as again:
            pool, now = self.transactions.pool, self.transactions.clock.now()
            with suppress(Exception):  # else its lease runs out
                await set_aside(pool, "send", message.message_id, again, now=now)

    async def _try(self, messages: list[Message], sealed: bytes | None) -> None:
        first, now = messages[0], self.transactions.clock.now()
        reachable = first.canary or (sealed is not None and addressable(first))
        unsent = before_sending(first, now, reachable=reachable and all(has_text(each.template) for each in messages))
        to = None if unsent else self._address(first, sealed)
        if to is None:
            await self._settle(messages, unsent or Outcome(Result.NO_CONTACT), text=None)
            return
        text = self._text(messages)
        async with self.email.sent(to, self.email.mail(mail_id(messages), text, to=to, now=now)) as outcome:
            _show(messages[1:], outcome)
            await self._settle(messages, outcome, text=text)

    def _address(self, message: Message, sealed: bytes | None) -> str | None:
        """A canary reaches no human being, whomever it is meant for."""
        if message.canary:
            return self.canary_address
        return contacts.unseal(self.keys, message.recipient_id, sealed) if message.recipient_id and sealed else None

    def _text(self, messages: Sequence[Message]) -> Text:
        """The words of a mail: of its only message, or of how many wait, by when the first must be answered."""
        return render(
            template_of(messages),
            answer_by=min(each.answer_by for each in messages),
            asked_at=max(each.requested_at for each in messages),
            way=self.way,
            n=len(messages),
        )

    async def _settle(self, messages: list[Message], outcome: Outcome, *, text: Text | None) -> None:
        """Store the outcome of a mail for all its messages; of one that cannot be stored no other has to suffer."""
        try:
            await self._stored(messages, outcome, text=text)
        except INFRASTRUCTURE:
            raise
        except Exception as error:
            if len(messages) == 1:
                raise
            log().error("mail.settled_apart", error=error_code(error))
            for each in messages:
                try:
                    await self._stored([each], outcome, text=text)
                except Exception as own:
                    await self._give_up(each, own)

    async def _stored(self, messages: list[Message], outcome: Outcome, *, text: Text | None) -> None:
        """In one transaction, however often the database has to be asked while the try is still ours."""
        lease_end = self.transactions.clock.now() + LEASE / 2
        while True:
            try:
                async with self.transactions.begin("settle message") as tx:
                    for each in sorted(messages, key=lambda message: message.case_id):  # no two lock each other out
                        await settle(tx, each, outcome, text=text)
                    return
            except INFRASTRUCTURE as error:
                log().warning("message.settle_retried", message_id=messages[0].message_id, error=error_code(error))
                if self.transactions.clock.now() > lease_end:
                    raise
            await asyncio.sleep(0.25)


def template_of(messages: Sequence[Message]) -> Template:
    """The text that a mail with these messages has."""
    if len(messages) == 1:
        return messages[0].template
    return Template.DESK_BUNDLE if messages[0].recipient_kind is RecipientKind.DESK else Template.BUNDLE


def _show(others: Sequence[Message], outcome: Outcome) -> None:
    """Show the mail in the trace of each concern that it carries besides the first."""
    link = (Link(trace.get_current_span().get_span_context()),)
    told = {"smtp.reply.code": outcome.code} if outcome.code else {"error.type": outcome.result}
    for each in others:
        with (
            span("deliver message", SpanKind.INTERNAL, {}, parent=context_of(each.traceparent), links=link),
            span("smtp send", SpanKind.CLIENT, told),
        ):
            pass


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
    """Told in the concern's own trace."""
    if step.failure:
        failed = MessageFailed(case_id=message.case_id, message_id=message.message_id, reason=step.failure)
        await tx.publish(failed, traceparent=_trace_of(message))
    elif text and step.state is State.ACCEPTED:
        accepted = MessageAccepted(
            case_id=message.case_id,
            message_id=message.message_id,
            purpose=message.purpose,
            report_id=message.report_id,
            channel=Channel.EMAIL,
            template=text.template,
            template_version=text.version,
            text_sha256=text.sha256,
            maybe_twice=step.maybe_twice,
        )
        await tx.publish(accepted, traceparent=_trace_of(message))


def _trace_of(message: Message) -> str | None:
    """None where it is the running one: others of the same mail have traces of their own."""
    running, own = current_traceparent() or "", message.traceparent or ""
    return None if running.split("-")[1:2] == own.split("-")[1:2] else message.traceparent


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
        "template": text.template if text else message.template,
        "template_version": text.version if text else None,
        "text_sha256": text.sha256 if text else None,
        "mail_id": _text_or_none(message.mail_id),
        "attempt": attempt,
        "result": outcome.result,
        "code": outcome.code,
        "maybe_twice": step.maybe_twice,
    }
    await evidence.record(tx, message.case_id, act=f"message.{step.state}", actor=None, facts=facts)


def _text_or_none(named: UUID | None) -> str | None:
    return str(named) if named else None
