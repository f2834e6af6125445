"""What people do with a case. The caller has locked it and made sure that the person sees it and may do this."""

from datetime import timedelta
from uuid import UUID

from services.escalation.domain.escalation import CloseAsked, Countersigned, Refused, State, StoodDown, Taken
from services.escalation.handlers.settle import settle, withdraw
from services.escalation.store import case, countersign, deadline, escalation, page, report
from shared.auth.people import Person
from shared.delivery.outbox import Transaction
from shared.events.codes import Outcome, Rule
from shared.events.escalation import ReportJudged
from shared.evidence import Facts, record
from shared.ids import CaseId, ReportId
from shared.sealing import KeyRing


async def acknowledge(
    tx: Transaction, who: Person, case_id: CaseId, *, covers: int, promise: timedelta
) -> Refused | None:
    """The person takes the case, having been shown reports 1 to `covers`."""
    if covers > await report.shown_up_to(tx.conn, case_id):
        return Refused("not_shown")
    return await settle(tx, case_id, Taken(who.person_id, covers, promise))


async def cannot(tx: Transaction, who: Person, case_id: CaseId) -> Refused | None:
    """The person cannot: somebody else is asked at once."""
    await record(tx, case_id, act="cannot", actor=who.person_id, facts={})
    running = await escalation.newest(tx.conn, case_id)
    if running is not None:
        await page.answer(tx.conn, running.escalation_id, who.person_id)
    return await settle(tx, case_id, StoodDown(who.person_id))


async def conflict(tx: Transaction, who: Person, case_id: CaseId) -> Refused | None:
    """The person has a conflict of interest: from now on the case does not exist for them."""
    await case.exclude(tx.conn, case_id, who.person_id, by=who.person_id, now=tx.now)
    await record(tx, case_id, act="excluded", actor=who.person_id, facts={"person_id": str(who.person_id)})
    running = await escalation.newest(tx.conn, case_id)
    if running is not None:
        await withdraw(tx, running, who.person_id)
    return await settle(tx, case_id, StoodDown(who.person_id))


async def judge(
    tx: Transaction, who: Person, case_id: CaseId, report_id: ReportId, *, acute: bool, started: bool
) -> Refused | None:
    """A named person with authority judges whether the report tells of acute danger (Barnets lov § 136)."""
    if not await report.judge(tx.conn, report_id, who.person_id, acute=acute, started=started, now=tx.now):
        return None
    await deadline.meet(tx.conn, report_id, Rule.ACUTE_JUDGEMENT, tx.now)
    await deadline.meet(tx.conn, report_id, Rule.SAID_DATE, tx.now)
    await case.changed(tx.conn, case_id)
    await tx.publish(ReportJudged(case_id=case_id, report_id=report_id, acute=acute, started=started))
    facts: Facts = {"report_id": str(report_id), "acute": acute, "started": started}
    await record(tx, case_id, act="judged", actor=who.person_id, facts=facts)
    return None


async def close(
    tx: Transaction, who: Person, case_id: CaseId, *, outcome: Outcome, reason: str, keys: KeyRing
) -> Refused | None:
    """Close it, or ask a second person to agree where it was ever acute or high."""
    refused = await settle(tx, case_id, CloseAsked(outcome), actor=who.person_id)
    after = await escalation.newest(tx.conn, case_id)
    if refused or after is None:
        return refused
    named, key = tx.ids(), await case.data_key(tx.conn, case_id, keys)
    await countersign.ask(
        tx.conn,
        named,
        case_id,
        after.escalation_id,
        outcome=outcome,
        by=who.person_id,
        reason=key.seal(reason.encode(), table="countersigns", column="reason", row=named),
        waived=after.state is State.CLOSED,
        now=tx.now,
    )
    facts: Facts = {"countersign_id": str(named), "outcome": outcome, "escalation_id": str(after.escalation_id)}
    await record(tx, case_id, act="close_asked", actor=who.person_id, facts=facts)
    return None


async def answer_countersign(
    tx: Transaction, who: Person, case_id: CaseId, countersign_id: UUID, *, agree: bool, reason: str, keys: KeyRing
) -> Refused | None:
    """A second person agrees or refuses. Not the one who asked, and only as long as the question stands."""
    asked = await countersign.get(tx.conn, countersign_id)
    if asked is None or asked["state"] != "asked":
        return Refused("not_waiting")
    if asked["asked_by"] == who.person_id:
        return Refused("own_request")
    key = await case.data_key(tx.conn, case_id, keys)
    sealed = key.seal(reason.encode(), table="countersigns", column="answer_reason", row=countersign_id)
    await countersign.answer(tx.conn, countersign_id, agree=agree, by=who.person_id, reason=sealed, now=tx.now)
    facts: Facts = {"countersign_id": str(countersign_id), "agree": agree}
    await record(tx, case_id, act="countersigned", actor=who.person_id, facts=facts)
    return await settle(tx, case_id, Countersigned(agree, Outcome(asked["outcome"])), actor=who.person_id)
