"""The reader of texts: runs after the accept, one report a transaction, so that nothing waits for it."""

import asyncio

from services.intake.handlers import reading
from services.intake.handlers.reading import ReadText
from services.intake.secrets import Secrets
from services.intake.store import reading as readings
from shared.delivery.outbox import Transactions


async def run_once(transactions: Transactions, secrets: Secrets, read_text: ReadText) -> int:
    """Read the texts that have waited longest; how many that were.

    Reading takes the processor and no transaction: it runs beside the event loop, and only what came of it is written.
    """
    waiting = await readings.waiting(transactions.pool)
    kept = 0
    for each in waiting:
        read = await asyncio.to_thread(reading.read, each, secrets, read_text)
        async with transactions.begin("read text") as tx:
            kept += await reading.keep(tx, read)
    return kept
