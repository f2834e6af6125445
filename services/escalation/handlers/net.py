"""The last net: whatever cannot be handled still asks a person.

A report whose fact could not have its effect opens a bare escalation, which the ordinary tick pages as *high*. A case
that the tick cannot decide is asked about at Døgnvagt. Each part stands alone, because any table may be what is broken.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import TypeVar
from uuid import UUID

from services.escalation.domain.deadline import acute_judgement, receipt
from services.escalation.domain.escalation import Escalation
from services.escalation.domain.page import desk
from services.escalation.domain.remnant import Remnant, demanded, remnant
from services.escalation.store import case, deadline, escalation, report, rota
from shared.delivery.arrival import Arrival
from shared.delivery.aside import AGAIN
from shared.delivery.outbox import Transaction, Transactions
from shared.events.codes import Purpose, Template
from shared.events.envelope import text_headers
from shared.events.escalation import EscalationOpened, MessageRequested
from shared.evidence import record
from shared.ids import CaseId, MessageId, ReportId, derived_id
from shared.postgres.faults import INFRASTRUCTURE
from shared.telemetry.logging import error_code, log
from shared.telemetry.tracing import current_traceparent

T = TypeVar("T")
_LASTS: timedelta = AGAIN


async def report_unhandled(transactions: Transactions, arrival: Arrival) -> None:
    """Demand an answer for a report that could not be handled, once. Raises `INFRASTRUCTURE` alone."""
    subject = text_headers(arrival.headers).get("ce_subject")
    async with transactions.begin("demand answer") as tx:
        told = remnant(subject, arrival.body, arrival_id=arrival.arrival_id, now=tx.now)
        if told.canary:
            return  # that it does not come round is an alarm of its own
        again = await _part(tx, "net_inbox", partial(_seen_before, tx, arrival.arrival_id))
        if again:
            return
        await _part(tx, "net_lock", partial(case.lock, tx.conn, told.case_id))
        report_no = await _part(tx, "net_report", partial(report.add_bare, tx.conn, told))
        if report_no == 0:
            return  # it is here: as an ordinary one, or bare
        await _part(tx, "net_case", partial(case.note_bare, tx.conn, told, current_traceparent()))
        opened = await _part(tx, "net_escalation", partial(_demand, tx, told, report_no or 0))
        if opened is None:
            await _part(tx, "net_page", partial(page_bare, tx, told.case_id, told.report_id))
            return
        await _part(tx, "net_told", partial(_tell, tx, told, opened))
        await _part(tx, "net_clocks", partial(_start_clocks, tx, told))
        log().error("report.unhandled", case_id=told.case_id, report_id=told.report_id)


async def _part(tx: Transaction, name: str, act: Callable[[], Awaitable[T]]) -> T | None:
    """What the part gives; None where it failed, and then nothing of it was done."""
    try:
        async with tx.part():
            return await act()
    except INFRASTRUCTURE:
        raise
    except Exception as error:
        log().error("net.torn", loop=name, error=error_code(error))
        return None


async def _seen_before(tx: Transaction, arrival_id: UUID) -> bool:
    tag = await tx.conn.execute(
        "INSERT INTO inbox (consumer, event_id, received_at) VALUES ('escalation.net', $1, $2) ON CONFLICT DO NOTHING",
        arrival_id,
        tx.now,
    )
    return bool(tag != "INSERT 0 1")


async def _demand(tx: Transaction, told: Remnant, report_no: int) -> Escalation:
    before = await escalation.newest(tx.conn, told.case_id)
    version = await rota.newest_ladders(tx.conn)
    after = demanded(before, told, newest_report_no=report_no, ladder_version=version, now=tx.now)
    await escalation.save(tx.conn, after)
    return after


async def _tell(tx: Transaction, told: Remnant, opened: Escalation) -> None:
    event = EscalationOpened(
        case_id=told.case_id,
        escalation_id=opened.escalation_id,
        ladder=opened.ladder,
        ladder_version=opened.ladder_version,
    )
    await tx.publish(event)
    facts = {"report_id": str(told.report_id), "escalation_id": str(opened.escalation_id)}
    await record(tx, told.case_id, act="report_unhandled", actor=None, facts=facts)


async def _start_clocks(tx: Transaction, told: Remnant) -> None:
    clocks = acute_judgement(told.received_at), receipt(told.received_at, given_at=None)
    await deadline.add(tx.conn, told.case_id, told.report_id, *clocks)


async def page_bare(tx: Transaction, case_id: CaseId, report_id: ReportId | None = None) -> None:
    """Ask Døgnvagt about a case that cannot be decided. Within one rung it is the same message."""
    if await case.is_canary(tx.conn, case_id):
        return
    about = report_id or await report.newest_id(tx.conn, case_id) or ReportId(derived_id("report", case_id))
    slot = int(tx.now.timestamp() // _LASTS.total_seconds())
    for desk_id in await rota.doegnvagt(tx.conn):
        asked = MessageRequested(
            case_id=case_id,
            message_id=MessageId(derived_id("bare", case_id, slot, desk_id)),
            report_id=about,
            purpose=Purpose.PAGE,
            recipient=desk(desk_id),
            template=Template.DESK_PAGE,
            answer_by=tx.now + _LASTS,
            not_after=tx.now + _LASTS,
        )
        await tx.publish_alone(asked)
    log().error("page.bare", case_id=case_id)
