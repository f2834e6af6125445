"""What the tick watches beside the cases: that somebody can be reached, and who comes on call."""

from datetime import timedelta
from functools import partial
from uuid import UUID

from services.escalation.domain.alarm import WAIT, climb
from services.escalation.domain.escalation import ShiftChanged
from services.escalation.domain.page import person
from services.escalation.handlers.settle import settle, tried
from services.escalation.store import alarm, case, duty, report, rota
from shared.delivery.outbox import Transaction
from shared.events.codes import Purpose, Template
from shared.events.escalation import MessageRequested, Recipient
from shared.evidence import record
from shared.ids import CaseId, MessageId, PersonId, derived_id

BRIEF_LASTS = timedelta(hours=1)


async def climb_alarm(tx: Transaction) -> int:
    """Tell the next rung of the alarm, or end it; whether there was anything to do."""
    running = await alarm.due(tx.conn, tx.now)
    if running is None:
        return 0
    await case.lock(tx.conn, running.case_id)
    if running != await alarm.due(tx.conn, tx.now):
        return 0  # another process was first
    if not await alarm.in_vain(tx.conn):
        await alarm.end(tx.conn, running, tx.now)
        await record(tx, running.case_id, act="alarm_ended", actor=None, facts={"alarm_id": str(running.alarm_id)})
        return 1
    climbed, recipients = climb(running, await rota.rota(tx.conn, running.case_id, tx.now), tx.now)
    await alarm.save(tx.conn, climbed)
    for to in recipients:
        named = derived_id("alarm", climbed.alarm_id, climbed.round, climbed.rung, to.id)
        await _tell(tx, running.case_id, to, named, template=Template.PAGE, lasts=WAIT)
    return 1


async def change_shifts(tx: Transaction) -> int:
    """Who comes on call is told what is open; who went home is not waited for. Whether a shift has changed."""
    on_call = frozenset((await rota.shifts(tx.conn))[1].on_call(tx.now))
    before = await duty.last(tx.conn)
    if before == on_call:
        return 0
    await duty.put(tx.conn, on_call, tx.now)
    if before is None:
        return 0
    gone, come = before - on_call, sorted(on_call - before)
    waiting = await duty.waiting_for(tx.conn, gone)
    briefs = {each: await duty.first_open(tx.conn, each) for each in come}
    for case_id in sorted({*waiting, *filter(None, briefs.values())}):
        await case.lock(tx.conn, case_id)
    for case_id in waiting:
        await tried(tx, case_id, partial(settle, tx, case_id, ShiftChanged(gone)))
    for who, about in briefs.items():
        await _brief(tx, who, about)
    return 1


async def _brief(tx: Transaction, who: PersonId, about: CaseId | None) -> None:
    """One message however many cases are open: the work list tells the rest."""
    if about is not None:
        named = derived_id("brief", who, tx.now.isoformat())
        await _tell(tx, about, person(who), named, template=Template.REMINDER, lasts=BRIEF_LASTS)


async def _tell(
    tx: Transaction, case_id: CaseId, to: Recipient, named: UUID, *, template: Template, lasts: timedelta
) -> None:
    until = tx.now + lasts
    told = MessageRequested(
        case_id=case_id,
        message_id=MessageId(named),
        report_id=await report.newest_id(tx.conn, case_id),
        purpose=Purpose.NOTICE,
        recipient=to,
        template=template,
        answer_by=until,
        not_after=until,
    )
    await tx.publish(told, traceparent=(await case.get(tx.conn, case_id))["traceparent"])
    act = "alarm_told" if template is Template.PAGE else "shift_told"
    await record(tx, case_id, act=act, actor=None, facts={"recipient_id": str(to.id), "message_id": str(named)})
