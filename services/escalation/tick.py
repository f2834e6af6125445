"""The tick: whatever is due at its `next_at` is decided, one case after another."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from services.escalation.domain.escalation import Due
from services.escalation.handlers import clock, watch
from services.escalation.handlers import deadline as clocks
from services.escalation.handlers.net import page_bare
from services.escalation.handlers.settle import settle, tried
from services.escalation.store import case
from shared import canary
from shared.delivery.aside import set_aside
from shared.delivery.outbox import Transaction, Transactions
from shared.ids import CaseId, derived_id
from shared.postgres.faults import INFRASTRUCTURE

AT_ONCE = 50
LANES = 4


async def run_once(transactions: Transactions) -> int:
    """Claim what is due and let time have its effect; how many things that moved."""
    if not await case.anything_due(transactions.pool, transactions.clock.now()):
        return 0  # most turns: one statement and no transaction
    moved = await _claim(transactions)
    if moved >= AT_ONCE:  # more may be due: several at a time, so that the last of many is not kept waiting
        moved += sum(await asyncio.gather(*(_claim(transactions) for _ in range(LANES))))
    return moved + await _beside(transactions, "climb alarm", watch.climb_alarm)


async def change_shifts_once(transactions: Transactions) -> int:
    """Notice who came on call and who went home; how many shifts changed."""
    return await _beside(transactions, "change shifts", watch.change_shifts)


async def pull_in_once(transactions: Transactions) -> int:
    """Pull in what a clock that ran ahead has put off. Never anything more to do at once."""
    async with transactions.begin("pull in") as tx:
        await clock.pull_in(tx)
    return 0


async def erase_once(transactions: Transactions) -> int:
    """Erase the canaries that have lasted their day; how many that were."""
    async with transactions.begin("erase canaries") as tx:
        return await case.erase_canaries(tx.conn, before=tx.now - canary.LASTS)


async def _claim(transactions: Transactions) -> int:
    async with transactions.begin("tick") as tx:
        due = await case.due(tx.conn, tx.now, AT_ONCE)
        return sum([await _moved(tx, case_id) for case_id in due])


async def _moved(tx: Transaction, case_id: CaseId) -> bool:
    """Let time have its effect on one case. Where that fails, its clocks and its ladder must not stop each other."""
    if await tried(tx, case_id, partial(_pass_time, tx, case_id)):
        return True
    told = await _or_aside(tx, "deadlines", case_id, partial(clocks.pass_time, tx, case_id))
    climbed = await _or_aside(tx, "escalations", case_id, partial(settle, tx, case_id, Due()))
    if not climbed:
        await tried(tx, case_id, partial(page_bare, tx, case_id))
    return told and climbed


async def _or_aside(tx: Transaction, loop: str, case_id: CaseId, act: Callable[[], Awaitable[object]]) -> bool:
    try:
        async with tx.part():
            await act()
    except INFRASTRUCTURE:
        raise
    except Exception as error:
        await tried(tx, case_id, partial(set_aside, tx.conn, loop, case_id, error, now=tx.now))
        return False
    return True


async def _pass_time(tx: Transaction, case_id: CaseId) -> None:
    await clocks.pass_time(tx, case_id)
    await settle(tx, case_id, Due())


async def _beside(transactions: Transactions, name: str, act: Callable[[Transaction], Awaitable[int]]) -> int:
    """What the tick does beside the cases: where it fails, operators are called and the cases go on."""
    try:
        async with transactions.begin(name) as tx:
            return await act(tx)
    except INFRASTRUCTURE:
        raise
    except Exception as error:
        await set_aside(transactions.pool, name, derived_id("tick", name), error, now=transactions.clock.now())
        return 0
