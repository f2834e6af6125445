"""A rating came, perhaps before the report it rates: it is stored on the case, and can only raise."""

from services.escalation.domain.escalation import Rated
from services.escalation.handlers.settle import settle
from services.escalation.store import case, report
from shared.delivery.outbox import Transaction
from shared.events.triage import CaseRated
from shared.evidence import Facts, record


async def case_rated(tx: Transaction, event: CaseRated) -> None:
    """Store the rating and let it raise what is in force."""
    await case.lock(tx.conn, event.case_id)
    if not await report.add_rating(tx.conn, event):
        return
    await case.changed(tx.conn, event.case_id)
    facts: Facts = {"rating_no": event.rating_no, "level": event.level, "rule_set": event.rule_set}
    await record(tx, event.case_id, act="rated", actor=None, facts=facts)
    if event.rating_no <= (await case.get(tx.conn, event.case_id))["lowered_rating_no"]:
        return  # two persons knew more when they lowered it
    fact = Rated(
        event.level,
        covers_all=await report.all_rated(tx.conn, event.case_id),
        newest_by=await report.newest_by(tx.conn, event.case_id, event.report_ids),
    )
    await settle(tx, event.case_id, fact)
