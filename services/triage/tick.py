"""The tick: a date has come near, so the case is rated again as of the moment it was due. Old canaries are erased."""

from services.triage import store
from services.triage.handlers import rate_case
from shared import canary
from shared.delivery.aside import set_aside
from shared.delivery.outbox import Transaction, Transactions
from shared.postgres.faults import INFRASTRUCTURE


async def run_once(transactions: Transactions) -> int:
    """Rate the case that has been due longest; how many that were. Other processes take other cases."""
    if not await store.is_due(transactions.pool, transactions.clock.now()):
        return 0
    async with transactions.begin("rate again") as tx:
        due = await store.claim_due(tx.conn, tx.now)
        if due is None:
            return 0
        await _rate(tx, due)
        return 1


async def _rate(tx: Transaction, due: store.Due) -> None:
    """A case that cannot be rated is set aside, so that it does not stop the others."""
    try:
        async with tx.part():
            await rate_case(tx, due.case_id, due=due.at, traceparent=due.traceparent)
    except INFRASTRUCTURE:
        raise
    except Exception as error:
        await set_aside(tx.conn, "tick", due.case_id, error, now=tx.now)


async def erase_once(transactions: Transactions) -> int:
    """Erase the canaries that have lasted their day; how many that were."""
    before = transactions.clock.now() - canary.LASTS
    if not await store.has_canaries(transactions.pool, before=before):
        return 0
    async with transactions.begin("erase canaries") as tx:
        return await store.erase_canaries(tx.conn, before=before)
