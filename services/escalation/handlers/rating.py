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
    facts: Facts = {"rating_no": event.rating_no, "level": event.level, "rule_set": event.rule_set}
    await record(tx, event.case_id, act="rated", actor=None, facts=facts)
    standing = await report.standing(tx.conn, event.case_id)
    if event.rating_no <= standing.lowered_rating_no:
        return  # two persons knew more when they lowered it
    newest_by = standing.entered_by if standing.newest in event.report_ids else None
    await settle(tx, event.case_id, Rated(event.level, covers_all=standing.all_rated, newest_by=newest_by))
