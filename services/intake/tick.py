"""The reader of texts: runs after the accept, one report a transaction, so that nothing waits for it."""

from services.intake.store import report as reports
from shared.delivery.outbox import Transactions
from shared.events.intake import ReportRead


async def run_once(transactions: Transactions) -> int:
    """Read the text that has waited longest; how many that were. Text is told as *unread*, which counts upward."""
    async with transactions.begin("read text") as tx:
        unread = await reports.lock_next_unread(tx.conn)
        if unread is None or not await reports.mark_read(tx.conn, unread.report_id):
            return 0
        event = ReportRead(case_id=unread.case_id, report_id=unread.report_id, language_unread=True)
        await tx.publish(event, traceparent=unread.traceparent)
        return 1
