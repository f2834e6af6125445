"""The tick: whatever is due at its `next_at` is decided, one case after another."""

import asyncio
from functools import partial

from services.escalation.domain.escalation import Due
from services.escalation.handlers import deadline as clocks
from services.escalation.handlers import watch
from services.escalation.handlers.settle import settle, tried
from services.escalation.store import case
from shared import canary
from shared.delivery.outbox import Transaction, Transactions
from shared.ids import CaseId

AT_ONCE = 50
LANES = 4


async def run_once(transactions: Transactions) -> int:
    """Claim what is due and let time have its effect; how many things that moved."""
    moved = await _claim(transactions)
    if moved >= AT_ONCE:  # more may be due: several at a time, so that the last of many is not kept waiting
        moved += sum(await asyncio.gather(*(_claim(transactions) for _ in range(LANES))))
    async with transactions.begin("change shifts") as tx:
        changed = await watch.change_shifts(tx)
    async with transactions.begin("climb alarm") as tx:
        climbed = await watch.climb_alarm(tx)
    return moved + changed + climbed


async def erase_once(transactions: Transactions) -> int:
    """Erase the canaries that have lasted their day; how many that were."""
    async with transactions.begin("erase canaries") as tx:
        return await case.erase_canaries(tx.conn, before=tx.now - canary.LASTS)


async def _claim(transactions: Transactions) -> int:
    async with transactions.begin("tick") as tx:
        due = await case.due(tx.conn, tx.now, AT_ONCE)
        return sum([await tried(tx, case_id, partial(_pass_time, tx, case_id)) for case_id in due])


async def _pass_time(tx: Transaction, case_id: CaseId) -> None:
    await clocks.pass_time(tx, case_id)
    await settle(tx, case_id, Due())
