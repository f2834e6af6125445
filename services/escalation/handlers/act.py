"""What people do with a case. The caller has locked it and made sure that the person sees it and may do this."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import asyncpg

from services.escalation.domain.escalation import (
    CloseAsked,
    Countersigned,
    Escalation,
    HandoverOffered,
    LowerAsked,
    Lowered,
    Raised,
    Refused,
    State,
    StoodDown,
    Taken,
)
from services.escalation.handlers.exclusion import exclude
from services.escalation.handlers.settle import around_of, remind, settle
from services.escalation.store import (
    case,
    countersign,
    deadline,
    escalation,
    handover,
    level,
    page,
    reading,
    report,
    rota,
)
from shared.auth.people import Person, Role
from shared.delivery.outbox import Transaction
from shared.events.codes import Level, Outcome, Rule, Verification
from shared.events.escalation import ReporterVerified, ReportJudged
from shared.evidence import Facts, record
from shared.ids import CaseId, PersonId, ReportId, derived_id
from shared.sealing import KeyRing, SealBroken
from shared.telemetry import metrics

_answered_after = metrics.duration("beredskab.answered.after", "From receipt until a person answered, by level.")


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether there is acute danger, whether something was started, and why."""

    acute: bool
    started: bool
    reason: str = ""


async def acknowledge(
    tx: Transaction, who: Person, case_id: CaseId, *, covers: int, promise: timedelta
) -> Refused | None:
    """The person takes the case, having been shown reports 1 to `covers`; 0 where none of them could be stored."""
    shown = await report.shown_up_to(tx.conn, case_id)
    if covers > shown or (shown and not covers):
        return Refused("not_shown")
    running = await escalation.newest(tx.conn, case_id)
    refused = await settle(tx, case_id, Taken(who.person_id, covers, promise))
    if running is not None and refused is None:
        await _measure(tx, running, covers)
    return refused


async def _measure(tx: Transaction, before: Escalation, covers: int) -> None:
    since = await report.unseen_since(tx.conn, before, covers)
    if since is not None and before.state is not State.CLOSED:
        _answered_after.record((tx.now - since).total_seconds(), {"level": before.ladder})


async def cannot(tx: Transaction, who: Person, case_id: CaseId) -> Refused | None:
    """The person cannot: somebody else is asked at once."""
    await record(tx, case_id, act="cannot", actor=who.person_id, facts={})
    running = await escalation.newest(tx.conn, case_id)
    if running is not None:
        await page.answer(tx.conn, running.escalation_id, who.person_id)
    return await settle(tx, case_id, StoodDown(who.person_id))


async def conflict(tx: Transaction, who: Person, case_id: CaseId) -> None:
    """The person has a conflict of interest: from now on the case does not exist for them."""
    await exclude(tx, case_id, who.person_id, by=who.person_id)


async def judge(
    tx: Transaction, who: Person, case_id: CaseId, report_id: ReportId, said: Judgement, *, keys: KeyRing
) -> Refused | None:
    """A named person with authority judges whether the report tells of acute danger (Barnets lov § 136)."""
    last = await report.judgement(tx.conn, report_id)
    if last is not None and last["person_id"] == who.person_id and said == _judged(last, keys):
        return None
    n, sealed = last["n"] + 1 if last else 1, None
    if said.reason:
        key = await case.data_key(tx.conn, case_id, keys)
        row = derived_id("judgement", report_id, n)
        sealed = case_id, key.seal(said.reason.encode(), table="judgements", column="reason", row=row)
    acute, started, by = said.acute, said.started, who.person_id
    await report.judge(tx.conn, report_id, n, acute=acute, started=started, by=by, at=tx.now, sealed=sealed)
    await deadline.meet(tx.conn, report_id, Rule.ACUTE_JUDGEMENT, tx.now)
    await deadline.meet(tx.conn, report_id, Rule.SAID_DATE, tx.now)
    await case.changed(tx.conn, case_id)
    await tx.publish(ReportJudged(case_id=case_id, report_id=report_id, acute=acute, started=started))
    facts: Facts = {"report_id": str(report_id), "acute": acute, "started": started}
    await record(tx, case_id, act="judged", actor=who.person_id, facts=facts)
    return None


def _judged(row: asyncpg.Record, keys: KeyRing) -> Judgement | None:
    """A stored judgement with its reason in plain words; None where its seal is broken."""
    if row["reason"] is None:
        return Judgement(row["acute"], row["started"])
    named = derived_id("judgement", row["report_id"], row["n"])
    try:
        key = keys.unwrap(row["reason_key"])
        reason = key.unseal(row["reason"], table="judgements", column="reason", row=named).decode()
    except (SealBroken, ValueError):
        return None
    return Judgement(row["acute"], row["started"], reason)


async def verify_reporter(tx: Transaction, who: Person, case_id: CaseId, report_id: ReportId) -> None:
    """The person called the reporter back on the workplace's main number: the receipt may tell them more (§ 138)."""
    if not await report.verify_reporter(tx.conn, report_id):
        return
    await case.changed(tx.conn, case_id)
    how = Verification.CALLED_BACK
    await tx.publish(ReporterVerified(case_id=case_id, report_id=report_id, how=how, by=who.person_id))
    facts: Facts = {"report_id": str(report_id), "how": how}
    await record(tx, case_id, act="reporter_verified", actor=who.person_id, facts=facts)


async def judge_alike(
    tx: Transaction, who: Person, case_id: CaseId, report_ids: Sequence[ReportId], said: Judgement, *, keys: KeyRing
) -> Refused | None:
    """The same answer for several reports that the person has read; each is judged as it would be alone."""
    if not {*report_ids} <= await reading.read_whole(tx.conn, case_id, who.person_id):
        return Refused("not_read")
    for report_id in dict.fromkeys(report_ids):
        await judge(tx, who, case_id, report_id, said, keys=keys)
    return None


async def raise_level(
    tx: Transaction, who: Person, case_id: CaseId, *, to: Level, reason: str, keys: KeyRing
) -> Refused | None:
    """Anybody who answers may take it for graver than it is rated, at once."""
    refused = await settle(tx, case_id, Raised(who.person_id, to), actor=who.person_id)
    if refused is not None:
        return refused
    named, key = tx.ids(), await case.data_key(tx.conn, case_id, keys)
    sealed = key.seal(reason.encode(), table="raises", column="reason", row=named)
    await level.add_raise(tx.conn, named, case_id, level=to, by=who.person_id, reason=sealed, now=tx.now)
    await record(tx, case_id, act="raised", actor=who.person_id, facts={"raise_id": str(named), "level": to})
    return None


async def close(
    tx: Transaction, who: Person, case_id: CaseId, *, outcome: Outcome, reason: str, keys: KeyRing
) -> Refused | None:
    """Close it, or ask a second person to agree where it was ever acute or high."""
    refused = await settle(tx, case_id, CloseAsked(outcome), actor=who.person_id)
    if refused is None:
        await _ask(tx, who, case_id, outcome, reason=reason, keys=keys)
    return refused


async def lower(
    tx: Transaction, who: Person, case_id: CaseId, *, to: Level, reason: str, keys: KeyRing
) -> Refused | None:
    """Ask a second person to agree that it be taken for less; until then nothing changes."""
    running = await escalation.newest(tx.conn, case_id)
    if running is not None and await countersign.waiting(tx.conn, running.escalation_id, "lower"):
        return Refused("lowering_already")
    refused = await settle(tx, case_id, LowerAsked(to), actor=who.person_id)
    if refused is None:
        await _ask(tx, who, case_id, to, reason=reason, keys=keys)
    return refused


async def _ask(
    tx: Transaction, who: Person, case_id: CaseId, asks: Outcome | Level, *, reason: str, keys: KeyRing
) -> None:
    running = await escalation.newest(tx.conn, case_id)
    assert running is not None
    named, key = tx.ids(), await case.data_key(tx.conn, case_id, keys)
    sealed = key.seal(reason.encode(), table="countersigns", column="reason", row=named)
    await countersign.ask(tx.conn, named, running, asks=asks, by=who.person_id, reason=sealed, now=tx.now)
    await case.changed(tx.conn, case_id)
    act = "close_asked" if isinstance(asks, Outcome) else "lower_asked"
    facts: Facts = {"countersign_id": str(named), "asks": asks, "escalation_id": str(running.escalation_id)}
    await record(tx, case_id, act=act, actor=who.person_id, facts=facts)
    await remind(tx, running, await around_of(tx, case_id, running))


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
    await case.changed(tx.conn, case_id)
    facts: Facts = {"countersign_id": str(countersign_id), "agree": agree}
    await record(tx, case_id, act="countersigned", actor=who.person_id, facts=facts)
    if asked["act"] == "close":
        return await settle(tx, case_id, Countersigned(agree, Outcome(asked["outcome"])), actor=who.person_id)
    if agree:
        await level.lower(tx.conn, case_id)
        await settle(tx, case_id, Lowered(Level(asked["level"])), actor=who.person_id)
    return None


async def hand_over(
    tx: Transaction, who: Person, case_id: CaseId, *, to: PersonId, note: str, keys: KeyRing
) -> Refused | None:
    """Offer it to another person. Who may not take it, and why, is not told."""
    if not await rota.may_take(tx.conn, case_id, to):
        return Refused("may_not_take")
    named, key = tx.ids(), await case.data_key(tx.conn, case_id, keys)
    sealed = key.seal(note.encode(), table="handovers", column="note", row=named)
    await handover.offer(tx.conn, named, case_id, by=who.person_id, to=to, note=sealed, now=tx.now)
    facts: Facts = {"handover_id": str(named), "to": str(to)}
    await record(tx, case_id, act="handover_offered", actor=who.person_id, facts=facts)
    fact = HandoverOffered(who.person_id, to, by_leader=Role.LEADER in who.roles)
    return await settle(tx, case_id, fact, actor=who.person_id)


async def answered_by_phone(tx: Transaction, who: Person, case_id: CaseId, said: Taken) -> Refused | None:
    """A leader writes down that a person took it by phone; that covers what had come by then, and no more."""
    assert said.said_at is not None
    if said.said_at > tx.now or said.covers > await report.shown_at(tx.conn, case_id, said.said_at):
        return Refused("not_shown")
    if not await rota.may_take(tx.conn, case_id, said.person_id):
        return Refused("may_not_take")
    facts: Facts = {"person_id": str(said.person_id), "said_at": said.said_at.isoformat()}
    await case.changed(tx.conn, case_id)  # also where it changes nothing else: said again, it is stale
    await record(tx, case_id, act="phone_answer_recorded", actor=who.person_id, facts=facts)
    return await settle(tx, case_id, said, actor=who.person_id)
