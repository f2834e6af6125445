"""Waits that a clock which ran ahead has put off: pulled in, one case after another."""

from functools import partial

from services.escalation.domain.alarm import WAIT
from services.escalation.domain.climbing import pulled_in
from services.escalation.domain.deadline import of_report
from services.escalation.handlers.settle import around_of, tried
from services.escalation.store import alarm, case, deadline, escalation, evidence, rota
from shared.delivery.outbox import Transaction
from shared.evidence import record
from shared.ids import CaseId
from shared.telemetry import metrics
from shared.telemetry.logging import log

_pulled_in = metrics.Counter("beredskab.clock.pulled_in", "Waits that were pulled in: a clock had run ahead.")
_pulled_in.add(0)
AT_ONCE = 50


async def pull_in(tx: Transaction) -> int:
    """Pull in what lies further ahead than it would from now; in how many cases that was looked at."""
    await alarm.pull_in(tx.conn, tx.now + WAIT)
    put_off = await case.put_off(tx.conn, tx.now, AT_ONCE)
    return sum([await tried(tx, case_id, partial(_pull_in, tx, case_id)) for case_id in put_off])


async def _pull_in(tx: Transaction, case_id: CaseId) -> None:
    clocks, escalated = await _deadlines(tx, case_id), await _escalation(tx, case_id)
    if clocks:
        await case.changed(tx.conn, case_id)
    if clocks or escalated:
        await record(tx, case_id, act=evidence.PULLED_IN, actor=None, facts={"deadlines": clocks})
        _pulled_in.add(1)
        log().error("clock.pulled_in", case_id=case_id)


async def _escalation(tx: Transaction, case_id: CaseId) -> bool:
    before = await escalation.newest(tx.conn, case_id)
    if before is None:
        return False
    ahead = await evidence.ahead(tx.conn, case_id, tx.now)
    after = pulled_in(before, await around_of(tx, case_id, before), ahead=ahead)
    if after == before:
        return False
    await escalation.save(tx.conn, after)
    return True


async def _deadlines(tx: Transaction, case_id: CaseId) -> int:
    """Set the clocks of reports of the future anew, as of now; how many. What a person said the day of stays."""
    plan = await rota.plan(tx.conn, None, case_id)
    moved = 0
    for report_id, adult in await deadline.of_the_future(tx.conn, case_id, tx.now):
        anew = of_report(
            received_at=tx.now,
            receipt_given_at=None,
            signs=(),
            investigation_months=plan.investigation_months,
            adult=adult,
        )
        moved += sum([await deadline.pull_in(tx.conn, report_id, each) for each in anew])
    return moved
