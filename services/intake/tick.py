"""The reader of texts, which runs after the accept, so that nothing waits for it; and the canaries."""

import asyncio
from datetime import timedelta

from services.intake.handlers import reading, report
from services.intake.handlers.reading import ReadText
from services.intake.secrets import Secrets
from services.intake.store import case as cases
from services.intake.store import reading as readings
from services.intake.store.reading import Waiting
from shared import canary
from shared.delivery.aside import set_aside
from shared.delivery.outbox import Transactions
from shared.postgres.faults import INFRASTRUCTURE


async def run_once(transactions: Transactions, secrets: Secrets, read_text: ReadText) -> int:
    """Read the texts that have waited longest; how many that were.

    Reading takes the processor and no transaction: it runs beside the event loop, and only what came of it is written.
    """
    waiting = await readings.waiting(transactions.pool, now=transactions.clock.now())
    return sum([await _read(transactions, secrets, read_text, each) for each in waiting])


async def _read(transactions: Transactions, secrets: Secrets, read_text: ReadText, waiting: Waiting) -> bool:
    """Read one text; one that nothing can be done with is set aside, so that it does not stop the others."""
    try:
        read = await asyncio.to_thread(reading.read, waiting, secrets, read_text)
        async with transactions.begin("read text") as tx:
            return await reading.keep(tx, read)
    except INFRASTRUCTURE:
        raise
    except Exception as error:
        await set_aside(transactions.pool, "reader", waiting.report_id, error, now=transactions.clock.now())
        return False


async def send_canary(transactions: Transactions, secrets: Secrets, every: timedelta) -> int:
    """Send a canary the whole way, unless one was sent not so long ago; how many that were."""
    if not every:
        return 0
    async with transactions.begin("send canary") as tx:
        if not await cases.turn_for_canary(tx.conn) or await cases.canary_sent(
            tx.conn, after=tx.now - every, now=tx.now
        ):
            return 0
        await report.send_canary(tx, secrets)
    return 1


async def erase_canaries(transactions: Transactions) -> int:
    """Erase the canaries that have lasted their day; how many that were."""
    async with transactions.begin("erase canaries") as tx:
        return await cases.erase_canaries(tx.conn, before=tx.now - canary.LASTS)
