"""A message was accepted by a provider, or given up."""

from services.escalation.domain.escalation import CanaryPassed, PageFailed
from services.escalation.handlers.settle import settle
from services.escalation.store import case, deadline, page
from shared.delivery.outbox import Transaction
from shared.events.codes import Purpose, Rule
from shared.events.notify import MessageAccepted, MessageFailed
from shared.evidence import record
from shared.telemetry import metrics

_paged_after = metrics.duration("beredskab.paged.after", "From receipt until a provider took the first page, by level.")


async def message_accepted(tx: Transaction, event: MessageAccepted) -> None:
    """It does not stop the ladder, unless that was climbed to try the system: only a person's answer does."""
    row = await case.lock(tx.conn, event.case_id)
    await _measure(tx, event)
    await page.accept(tx.conn, event.message_id, event.channel, tx.now)
    if event.purpose is Purpose.RECEIPT:
        await deadline.meet(tx.conn, event.report_id, Rule.RECEIPT, tx.now)
    facts = event.model_dump(mode="json", exclude={"case_id", "purpose", "report_id"})
    await record(tx, event.case_id, act="message_accepted", actor=None, facts=facts)
    if event.purpose is Purpose.PAGE and row["canary"]:
        await settle(tx, event.case_id, CanaryPassed())


async def _measure(tx: Transaction, event: MessageAccepted) -> None:
    first = await page.first_taken(tx.conn, event.message_id)
    if first is not None:
        _paged_after.record(((tx.told_at or tx.now) - first["received_at"]).total_seconds(), {"level": first["level"]})


async def message_failed(tx: Transaction, event: MessageFailed) -> None:
    """Whoever it was meant for is not waited for."""
    await case.lock(tx.conn, event.case_id)
    ended = await page.fail(tx.conn, event.message_id)
    facts = {"message_id": str(event.message_id), "reason": event.reason}
    await record(tx, event.case_id, act="message_failed", actor=None, facts=facts)
    if ended:
        await settle(tx, event.case_id, PageFailed())
