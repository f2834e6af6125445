"""Waits that a clock which ran ahead has put off: pulled in, one case after another."""

from functools import partial

from services.escalation.domain.alarm import WAIT
from services.escalation.domain.climbing import pulled_in
from services.escalation.handlers.settle import around_of, tried
from services.escalation.store import alarm, case, escalation
from shared.delivery.outbox import Transaction
from shared.ids import CaseId
from shared.telemetry import metrics
from shared.telemetry.logging import log

_pulled_in = metrics.Counter("beredskab.clock.pulled_in", "Waits that were pulled in: a clock had run ahead.")
_pulled_in.add(0)
AT_ONCE = 50


async def pull_in(tx: Transaction) -> int:
    """Pull in what lies further ahead than the ladder waits; in how many cases that was looked at."""
    await alarm.pull_in(tx.conn, tx.now + WAIT)
    put_off = await case.put_off(tx.conn, tx.now, AT_ONCE)
    return sum([await tried(tx, case_id, partial(_pull_in, tx, case_id)) for case_id in put_off])


async def _pull_in(tx: Transaction, case_id: CaseId) -> None:
    before = await escalation.newest(tx.conn, case_id)
    if before is None:
        return
    after = pulled_in(before, await around_of(tx, case_id, before))
    if after != before:
        await escalation.save(tx.conn, after)
        _pulled_in.add(1)
        log().error("clock.pulled_in", case_id=case_id)
