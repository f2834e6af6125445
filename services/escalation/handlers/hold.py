"""The contact hold: a person with authority lifts it, ends the lift, or records that § 18 stk. 3 does not apply."""

from collections.abc import Mapping, Sequence

from services.escalation.domain import hold as rules
from services.escalation.domain.deadline import hold_review
from services.escalation.domain.escalation import Refused
from services.escalation.domain.hold import Asked, HeldFrom, Hold, Lift
from services.escalation.store import assessment, case, deadline, hold, report
from shared.auth.people import Person
from shared.delivery.outbox import Transaction
from shared.events.codes import Rule
from shared.evidence import record
from shared.ids import CaseId, derived_id
from shared.sealing import KeyRing


async def decide(tx: Transaction, who: Person, case_id: CaseId, asked: Asked, *, keys: KeyRing) -> Refused | None:
    """Record the step, or say why not. The case is locked: a report comes before this, or after it and voids it."""
    decided = await weigh(tx, who, case_id, asked)
    if isinstance(decided, Refused):
        return decided
    await _record(tx, case_id, decided, reason=asked.reason, keys=keys)
    await _review(tx, case_id, decided)
    return None


async def weigh(tx: Transaction, who: Person, case_id: CaseId, asked: Asked) -> Lift | Refused:
    """The step as it would be recorded, or why not. Nothing is changed."""
    return rules.decide(
        asked,
        who,
        n=1 + len(await hold.lifts(tx.conn, case_id)),
        assessed=await assessment.covers(tx.conn, case_id, asked.assessment_id),
        newest=await report.newest_of(tx.conn, case_id),
        now=tx.now,
    )


async def _record(tx: Transaction, case_id: CaseId, lift: Lift, *, reason: str, keys: KeyRing) -> None:
    key, row = await case.data_key(tx.conn, case_id, keys), derived_id("lift", case_id, lift.n)
    sealed = key.seal(reason.encode(), table="lifts", column="reason", row=row)
    await hold.add(tx.conn, case_id, lift, reason=sealed)
    await case.changed(tx.conn, case_id)
    facts = {
        "recipient": lift.recipient.value,
        "until": lift.until.isoformat() if lift.until else None,
        "assessment_id": str(lift.assessment_id) if lift.assessment_id else None,
        "mediation": lift.mediation,
    }
    await record(tx, case_id, act=f"hold_{lift.action}", actor=lift.person_id, facts=facts)


async def _review(tx: Transaction, case_id: CaseId, lift: Lift) -> None:
    await deadline.settle(tx.conn, case_id, Rule.HOLD_REVIEW, about=lift.recipient)
    if lift.until is not None:
        clock = hold_review(lift.recipient, lifted_at=lift.at, until=lift.until)
        await deadline.add(tx.conn, case_id, await report.newest_id(tx.conn, case_id), clock)


async def holds(tx: Transaction, case_id: CaseId) -> list[Hold]:
    """How it stands for every recipient."""
    lifts = await hold.lifts(tx.conn, case_id)
    newest = await report.newest_of(tx.conn, case_id) if lifts else {}
    return rules.holds(lifts, newest=newest, now=tx.now)


async def lifted(tx: Transaction, case_id: CaseId) -> list[HeldFrom]:
    """The recipients for whom it is not held."""
    return [each.recipient for each in await holds(tx, case_id) if each.lift is not None]


async def lifted_in(tx: Transaction, case_ids: Sequence[CaseId]) -> dict[CaseId, list[HeldFrom]]:
    """The recipients for whom it is not held, by case."""
    return {each: await lifted(tx, each) for each in case_ids}


async def held_again(tx: Transaction, before: Mapping[CaseId, list[HeldFrom]]) -> None:
    """A new report has voided lifts, in linked cases too: nobody could have known of it."""
    for case_id, recipients in before.items():
        voided = set(recipients) - set(await lifted(tx, case_id)) if recipients else set()
        for recipient in sorted(voided):
            await deadline.settle(tx.conn, case_id, Rule.HOLD_REVIEW, about=recipient)
            await record(tx, case_id, act="held_again", actor=None, facts={"recipient": recipient.value})
        if voided:
            await case.changed(tx.conn, case_id)


async def mediate(
    tx: Transaction, who: Person, case_id: CaseId, *, recipients: list[HeldFrom], note: str, keys: KeyRing
) -> Refused | None:
    """Record that mediation is begun; refused before a lift names it for each of them."""
    refused = rules.mediation(await holds(tx, case_id), recipients)
    if refused is not None:
        return refused
    named, key = tx.ids(), await case.data_key(tx.conn, case_id, keys)
    sealed = key.seal(note.encode(), table="mediations", column="note", row=named)
    await hold.add_mediation(tx.conn, named, case_id, recipients=recipients, note=sealed, by=who.person_id, now=tx.now)
    await case.changed(tx.conn, case_id)
    facts = {"mediation_id": str(named), "recipients": ",".join(sorted(recipients))}
    await record(tx, case_id, act="mediation_begun", actor=who.person_id, facts=facts)
    return None
