"""A person has linked or parted two cases, or split one: what crossed between them follows, and nothing is lifted."""

from collections.abc import Sequence

from asyncpg import Record

from services.escalation.domain.escalation import Escalation, ReportArrived, ReportsLeft, State, Taken
from services.escalation.domain.hold import Action
from services.escalation.handlers import exclusion, hold
from services.escalation.handlers.settle import settle
from services.escalation.store import belonging, case, escalation, report
from shared.delivery.outbox import Transaction
from shared.events.intake import LinkDecided, ReportsSplit
from shared.evidence import Facts, record
from shared.ids import CaseId


async def link_decided(tx: Transaction, event: LinkDecided) -> None:
    """Two cases are connected from now on, or not: holds, exclusions and ratings cross, or cross no more."""
    here, there = event.case_id, event.other_case_id
    family = await _locked(tx, here, there)
    lifted = await hold.lifted_in(tx, family)
    ended = {each: await _ended(tx, each) for each in family}
    if not await belonging.decide_link(tx.conn, event):
        return
    for each in family if not event.linked else ():
        await belonging.void(tx.conn, each, ended[each], tx.now)
    for each in (here, there):
        await exclusion.relate(tx, await case.family(tx.conn, each))
    await hold.held_again(tx, lifted)
    for each, other in ((here, there), (there, here)):
        facts: Facts = {"other_case_id": str(other), "linked": event.linked, "n": event.n}
        await record(tx, each, act="link_decided", actor=event.by, facts=facts)
        await case.changed(tx.conn, each)


async def _locked(tx: Transaction, *case_ids: CaseId) -> list[CaseId]:
    await case.lock_family(tx.conn, *case_ids)
    for each in sorted(case_ids):
        await case.lock(tx.conn, each)
    return await case.family(tx.conn, *case_ids)


async def _ended(tx: Transaction, case_id: CaseId) -> list[int]:
    """The lifts that count no more. What ends a link takes away must not make them count again."""
    former = (each.former for each in await hold.holds(tx, case_id))
    return [each.n for each in former if each is not None and each.action is not Action.REINSTATE]


async def reports_split(tx: Transaction, event: ReportsSplit) -> None:
    """Some reports have a case of their own: born held, with its own escalation; their clocks run on.

    The case they leave is held again too: whoever lifted it there looked at both children.
    """
    old, new = event.case_id, event.new_case_id
    lying = await belonging.lying_in(tx.conn, [each.report_id for each in event.reports])
    family = await _locked(tx, *dict.fromkeys((old, new, *lying)))
    fresh = await belonging.note_moves(tx.conn, new, event.reports)
    if not fresh:
        return
    sources = await belonging.lying_in(tx.conn, fresh)
    lifted = await hold.lifted_in(tx, family)
    for each in family:
        standing = [held.lift.n for held in await hold.holds(tx, each) if held.lift and each in sources]
        await belonging.void(tx.conn, each, [*await _ended(tx, each), *standing], tx.now)
    moved = await belonging.take(tx.conn, fresh)
    await hold.held_again(tx, lifted)
    for each, other, act in ((old, new, "split_off"), (new, old, "split_from")):
        facts: Facts = {"other_case_id": str(other), "reports": len(fresh)}
        await record(tx, each, act=act, actor=event.by, facts=facts)
        await case.changed(tx.conn, each)
    for source in sources:
        await _leave(tx, source, new, [each for each in moved if each["source"] == source])


async def _leave(tx: Transaction, source: CaseId, new: CaseId, moved: Sequence[Record]) -> None:
    await belonging.make_like(tx.conn, new, source)
    before = await escalation.newest(tx.conn, source)
    if before is not None:
        await _demand(tx, new, moved, before)
    await settle(tx, source, ReportsLeft(await belonging.newest_left(tx.conn, source)))


async def _demand(tx: Transaction, new: CaseId, moved: Sequence[Record], before: Escalation) -> None:
    """An answer is demanded for the moved reports; whoever had taken all of them has taken them still."""
    open_still = before.state in (State.ACKNOWLEDGED, State.CLOSING)
    taken = open_still and all(each["was"] <= before.acknowledged_report_no for each in moved)
    standing = await report.standing(tx.conn, new)
    levels = [each for each in (standing.highest, None if taken else before.level) if each is not None]
    for each in moved:
        fact = ReportArrived(
            case_id=new,
            report_no=each["report_no"],
            received_at=each["received_at"],
            conflict_declared=before.outside_first,
            rated=False,
            level=max(levels, key=lambda level: level.rank, default=None) if not taken else None,
            entered_by=each["entered_by"],
            already_supported=before.fresh_eyes,
        )
        await settle(tx, new, fact)
    if taken and before.responsible is not None:
        await settle(tx, new, Taken(before.responsible, covers=moved[-1]["report_no"]))
