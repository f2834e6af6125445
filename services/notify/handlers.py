"""What notify does on hearing a fact: it queues, or notes that nobody waits for a message any more. The sender acts."""

from services.notify import store
from services.notify.domain import valid_until
from shared.delivery.outbox import Transaction
from shared.events.escalation import MessageRequested, MessageWithdrawn
from shared.telemetry.tracing import current_traceparent


async def message_requested(tx: Transaction, event: MessageRequested) -> None:
    """Queue the message, with the trace it belongs to. Asked for again under the same id, it stays one message."""
    await store.add_case(tx.conn, event.case_id, canary=event.canary)
    told_at = tx.told_at or tx.now
    event = event.model_copy(update={"not_after": valid_until(event.not_after, told_at=told_at, now=tx.now)})
    await store.add_message(tx.conn, event, requested_at=told_at, now=tx.now, traceparent=current_traceparent())
    tx.work_waits = True


async def message_withdrawn(tx: Transaction, event: MessageWithdrawn) -> None:
    """Note it, whether or not the message has arrived yet."""
    await store.withdraw(tx.conn, event.message_id, now=tx.now)
    tx.work_waits = True
