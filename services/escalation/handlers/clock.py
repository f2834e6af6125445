"""Waits that a clock which ran ahead has put off: pulled in, one case after another."""

from services.escalation.domain.alarm import WAIT
from services.escalation.domain.climbing import pulled_in
from services.escalation.handlers.settle import around_of
from services.escalation.store import alarm, case, escalation
from shared.delivery.outbox import Transaction
from shared.telemetry import metrics
from shared.telemetry.logging import log

_pulled_in = metrics.Counter("beredskab.clock.pulled_in", "Waits that were pulled in: a clock had run ahead.")
_pulled_in.add(0)
AT_ONCE = 50


async def pull_in(tx: Transaction) -> int:
    """Pull in what lies further ahead than the ladder waits; how many cases that were."""
    await alarm.pull_in(tx.conn, tx.now + WAIT)
    moved = 0
    for case_id in await case.put_off(tx.conn, tx.now, AT_ONCE):
        before = await escalation.newest(tx.conn, case_id)
        if before is None:
            continue
        after = pulled_in(before, await around_of(tx, case_id, before))
        if after != before:
            await escalation.save(tx.conn, after)
            _pulled_in.add(1)
            log().error("clock.pulled_in", case_id=case_id)
            moved += 1
    return moved
