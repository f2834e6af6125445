"""The reader of texts, which runs after the accept, so that nothing waits for it; and the canaries."""

import asyncio
from datetime import timedelta

import httpx2

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
from shared.telemetry.logging import error_code, log


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


async def send_canary(transactions: Transactions, front: httpx2.AsyncClient, every: timedelta) -> int:
    """Send a canary as people send reports, unless one was sent not so long ago; how many that were.

    It goes in by the form and by the API in turn, over whatever stands in front of them. What does not get in is an
    error in the log, and an alarm when no canary has come round for too long.
    """
    now = transactions.clock.now()
    if not every or await cases.canary_sent(transactions.pool, after=now - every, now=now):
        return 0
    async with transactions.begin("send canary") as tx:
        if not await cases.turn_for_canary(tx.conn):
            return 0
        if await cases.canary_sent(tx.conn, after=tx.now - every, now=tx.now):
            return 0
        token, n = await report.make_canary_token(tx)
    await _send(front, token, by_form=bool(n % 2))
    return 1


async def _send(front: httpx2.AsyncClient, token: str, *, by_form: bool) -> None:
    path, kind = ("/send", "text/html") if by_form else ("/v1/reports", "application/json")
    words = {"text": report.CANARY_TEXT}
    try:
        sent = await front.post(
            path,
            headers={canary.HEADER: token, "accept": kind},
            data=words if by_form else None,
            json=None if by_form else words,
        )
        sent.raise_for_status()
    except httpx2.HTTPError as error:
        log().error("canary.not_taken", path=path, error=error_code(error))


async def erase_canaries(transactions: Transactions) -> int:
    """Erase the canaries that have lasted their day; how many that were."""
    async with transactions.begin("erase canaries") as tx:
        await cases.drop_canary_tokens(tx.conn, before=tx.now - canary.LASTS)
        return await cases.erase_canaries(tx.conn, before=tx.now - canary.LASTS)
