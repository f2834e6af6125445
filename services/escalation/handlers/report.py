"""A report came: it opens an escalation, or the open one grows. Its rating is not waited for."""

from services.escalation.domain.escalation import ReportArrived, State
from services.escalation.handlers import deadline as clocks
from services.escalation.handlers import exclusion, hold
from services.escalation.handlers.settle import settle
from services.escalation.store import belonging, case, escalation, report
from shared.delivery.outbox import Transaction
from shared.events.intake import ReportReceived
from shared.evidence import Facts, record
from shared.telemetry.tracing import current_traceparent


async def report_received(tx: Transaction, event: ReportReceived) -> None:
    """Store the report, start its clocks, demand an answer."""
    await case.lock_family(tx.conn, event.case_id, *event.linked_case_ids)
    await case.lock(tx.conn, event.case_id)
    event = await _at_home(tx, event)
    family = await case.family(tx.conn, event.case_id, *event.linked_case_ids)
    lifted = await hold.lifted_in(tx, family)
    adult = await report.about_adults(tx.conn, event)
    added = await report.add(tx.conn, event, adult=adult)
    if added is None:
        return
    event = event.model_copy(update={"report_no": added.report_no})
    await case.note_report(tx.conn, event, current_traceparent())
    await exclusion.inherit(tx, family)
    await clocks.start(tx, event, adult=adult, mended=added.mended)
    facts: Facts = {"report_id": str(event.report_id), "report_no": event.report_no}
    await record(tx, event.case_id, act="report_received", actor=None, facts=facts)
    await hold.held_again(tx, lifted)
    if added.mended and await _answered(tx, event):
        return
    standing = await report.standing(tx.conn, event.case_id)
    fact = ReportArrived(
        case_id=event.case_id,
        report_no=event.report_no,
        received_at=event.received_at,
        conflict_declared=event.conflict_declared,
        rated=standing.all_rated,
        level=standing.highest,
        entered_by=event.entered_by,
        already_supported=event.already_supported,
    )
    await settle(tx, event.case_id, fact)


async def _answered(tx: Transaction, event: ReportReceived) -> bool:
    """Whether somebody has taken the case while the report stood there bare: they were shown it as it is."""
    running = await escalation.newest(tx.conn, event.case_id)
    asking = (State.UNRATED, State.PAGING)
    return running is not None and running.state not in asking and running.acknowledged_report_no >= event.report_no


async def _at_home(tx: Transaction, event: ReportReceived) -> ReportReceived:
    """The fact as of the case that the report was moved to before it came; links that people ended are not made."""
    home = await belonging.home_of(tx.conn, event.report_id)
    if home is None:
        parted = set(await belonging.parted(tx.conn, event.case_id)) if event.linked_case_ids else set()
        linked = tuple(each for each in event.linked_case_ids if each not in parted)
        return event.model_copy(update={"linked_case_ids": linked})
    await belonging.leave(tx.conn, event.case_id, event.report_no)
    if event.report_no == 1:
        await case.begin_in(tx.conn, event.case_id, event.unit)
    case_id, report_no = home
    await case.lock(tx.conn, case_id)
    return event.model_copy(update={"case_id": case_id, "report_no": report_no, "linked_case_ids": ()})
