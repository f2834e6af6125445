"""The tick: a date has come near, so the case is rated again as of the moment it was due."""

from services.triage import store
from services.triage.handlers import rate_case
from shared.delivery.outbox import INFRASTRUCTURE, Transaction, Transactions
from shared.telemetry.logging import error_code, log


async def run_once(transactions: Transactions) -> int:
    """Rate the case that has been due longest; how many that were. Other processes take other cases."""
    async with transactions.begin("rate again") as tx:
        due = await store.claim_due(tx.conn, tx.now)
        if due is None:
            return 0
        await _rate(tx, due)
        return 1


async def _rate(tx: Transaction, due: store.Due) -> None:
    """A case that cannot be rated is set an hour back, so that it does not stop the others."""
    try:
        async with tx.conn.transaction():
            await rate_case(tx, due.case_id, due=due.at, traceparent=due.traceparent)
    except INFRASTRUCTURE:
        raise
    except Exception as error:
        log().error("tick.failed", case_id=due.case_id, error=error_code(error))
        await store.postpone(tx.conn, due.case_id, now=tx.now)
