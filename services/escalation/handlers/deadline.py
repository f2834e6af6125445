"""Clocks: started by a report, met by people, told by the tick when they come near and when they run out."""

from datetime import datetime, timedelta

import asyncpg

from services.escalation.domain.deadline import Passed, of_report, passed, whom
from services.escalation.domain.escalation import State
from services.escalation.store import case, deadline, escalation, rota
from shared.auth.people import Person
from shared.delivery.outbox import Transaction
from shared.events.codes import Purpose, Rule, Template
from shared.events.escalation import DeadlineMissed, MessageRequested, Recipient
from shared.events.intake import ReportReceived
from shared.evidence import record
from shared.ids import CaseId, MessageId, ReportId, derived_id
from shared.telemetry.logging import log

MISS_LASTS = timedelta(hours=8)


AHEAD = timedelta(seconds=30)
"""How far another service's clock may be ahead before its moments are taken for our own present one."""


async def start(tx: Transaction, event: ReportReceived, *, adult: bool, mended: bool = False) -> None:
    """Start the clocks of a report; a report made up to try the system has none. One that is mended has some."""
    if event.canary:
        return
    plan = await rota.plan(tx.conn, None, event.case_id)
    clocks = of_report(
        received_at=event.received_at if event.received_at <= tx.now + AHEAD else tx.now,
        receipt_given_at=event.receipt_given_at,
        signs=event.signs,
        investigation_months=plan.investigation_months,
        adult=adult,
    )
    if any(clock.rule is Rule.INVESTIGATION for clock in clocks) and await deadline.runs(
        tx.conn, event.case_id, Rule.INVESTIGATION
    ):
        clocks = [clock for clock in clocks if clock.rule is not Rule.INVESTIGATION]
    running = await deadline.rules_of(tx.conn, event.report_id) if mended else set()
    await deadline.add(
        tx.conn, event.case_id, event.report_id, *[clock for clock in clocks if clock.rule not in running]
    )


async def receipt_given(tx: Transaction, who: Person, case_id: CaseId, report_id: ReportId, at: datetime) -> None:
    """A person has given the reporter the receipt (Barnets lov § 138), by phone say, at that moment."""
    await deadline.meet(tx.conn, report_id, Rule.RECEIPT, at)
    await case.changed(tx.conn, case_id)
    facts = {"report_id": str(report_id), "given_at": at.isoformat()}
    await record(tx, case_id, act="receipt_given", actor=who.person_id, facts=facts)


async def pass_time(tx: Transaction, case_id: CaseId) -> None:
    """Warn of the case's clocks that come near, tell of those that ran out."""
    due = await deadline.due(tx.conn, case_id, tx.now)
    if not due:
        return
    running = await escalation.newest(tx.conn, case_id)
    closed = running is not None and running.state is State.CLOSED
    for row in due:
        match passed(Rule(row["rule"]), limit=row["limit_at"], closed=closed, now=tx.now):
            case Passed.MOOT:
                await deadline.make_moot(tx.conn, row)
            case Passed.NEAR:
                await deadline.warn(tx.conn, row, tx.now)
                await _tell(tx, case_id, row, Passed.NEAR)
            case Passed.MISSED:
                await deadline.miss(tx.conn, row, tx.now)
                await _missed(tx, case_id, row)
    await case.changed(tx.conn, case_id)


async def _missed(tx: Transaction, case_id: CaseId, row: asyncpg.Record) -> None:
    told = DeadlineMissed(case_id=case_id, rule=Rule(row["rule"]), report_id=row["report_id"])
    await tx.publish(told, traceparent=(await case.get(tx.conn, case_id))["traceparent"])
    facts = {"report_id": str(row["report_id"]), "rule": str(row["rule"]), "about": str(row["about"])}
    await record(tx, case_id, act="deadline_missed", actor=None, facts=facts)
    log().error("deadline.missed", case_id=case_id, report_id=row["report_id"])
    await _tell(tx, case_id, row, Passed.MISSED)


async def _tell(tx: Transaction, case_id: CaseId, row: asyncpg.Record, what: Passed) -> None:
    running = await escalation.newest(tx.conn, case_id)
    responsible = running.responsible if running and running.state is not State.CLOSED else None
    on_duty = await rota.rota(tx.conn, case_id, tx.now)
    for recipient in whom(what, responsible=responsible, rota=on_duty):
        await _request(tx, case_id, row, recipient, what)


async def _request(tx: Transaction, case_id: CaseId, row: asyncpg.Record, recipient: Recipient, what: Passed) -> None:
    """What comes near is answered before its limit. The same telling has the same id."""
    until = row["limit_at"] if what is Passed.NEAR else tx.now + MISS_LASTS
    named = derived_id(what, row["report_id"], row["rule"], row["about"], row["limit_at"].isoformat(), recipient.id)
    told = MessageRequested(
        case_id=case_id,
        message_id=MessageId(named),
        report_id=row["report_id"],
        purpose=Purpose.NOTICE,
        recipient=recipient,
        template=Template.REMINDER,
        answer_by=until,
        not_after=until,
    )
    await tx.publish(told, traceparent=(await case.get(tx.conn, case_id))["traceparent"])
    facts = {"message_id": str(named), "rule": str(row["rule"]), "recipient_id": str(recipient.id), "why": str(what)}
    await record(tx, case_id, act="deadline_told", actor=None, facts=facts)
