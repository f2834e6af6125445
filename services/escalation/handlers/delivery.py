"""A message was accepted by a provider, or given up."""

from services.escalation.domain.escalation import CanaryPassed, PageFailed
from services.escalation.handlers.settle import settle
from services.escalation.store import case, deadline, page
from shared.delivery.outbox import Transaction
from shared.events.codes import Purpose, Rule
from shared.events.notify import MessageAccepted, MessageFailed
from shared.evidence import record


async def message_accepted(tx: Transaction, event: MessageAccepted) -> None:
    """It does not stop the ladder, unless that was climbed to try the system: only a person's answer does."""
    await case.lock(tx.conn, event.case_id)
    await page.accept(tx.conn, event.message_id, event.channel, tx.now)
    if event.purpose is Purpose.RECEIPT:
        await deadline.meet(tx.conn, event.report_id, Rule.RECEIPT, tx.now)
    facts = event.model_dump(mode="json", exclude={"case_id", "purpose", "report_id"})
    await record(tx, event.case_id, act="message_accepted", actor=None, facts=facts)
    if event.purpose is Purpose.PAGE and (await case.get(tx.conn, event.case_id))["canary"]:
        await settle(tx, event.case_id, CanaryPassed())


async def message_failed(tx: Transaction, event: MessageFailed) -> None:
    """Whoever it was meant for is not waited for."""
    await case.lock(tx.conn, event.case_id)
    ended = await page.fail(tx.conn, event.message_id)
    facts = {"message_id": str(event.message_id), "reason": event.reason}
    await record(tx, event.case_id, act="message_failed", actor=None, facts=facts)
    if ended:
        await settle(tx, event.case_id, PageFailed())
