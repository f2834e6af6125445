"""What staff say belongs together: a proposed child, two cases, some reports. Done once, with evidence in both."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.intake.secrets import Secrets
from services.intake.store import belonging
from services.intake.store import case as cases
from services.intake.store import child as children
from services.intake.store import proposal as proposals
from services.intake.store.child import NewChild
from services.intake.store.proposal import Proposal
from shared import evidence
from shared.delivery.outbox import Transaction, Transactions
from shared.events.intake import LinkDecided, MovedReport, ReportsSplit
from shared.ids import CaseId, ChildId, PersonId, ReportId
from shared.sealing import DataKey


class NoSuch(Exception):
    """There is no such proposal, link or report in the case."""


class NothingLeft(Exception):
    """A case keeps at least one report."""


class _Decided(Exception):
    """Somebody else has decided meanwhile."""


@dataclass(frozen=True, slots=True)
class Act:
    """Somebody who sees the case acts on it: escalation has made sure of that."""

    case_id: CaseId
    by: PersonId


async def decide_proposal(transactions: Transactions, act: Act, proposal_id: ChildId, *, joins: bool) -> None:
    """The proposed child belongs to the case, or not: it is added, or its own case linked. Raises `NoSuch`."""
    try:
        async with transactions.begin("decide proposal") as tx:
            await _decide_proposal(tx, act, proposal_id, joins=joins)
    except _Decided:
        return


async def _decide_proposal(tx: Transaction, act: Act, proposal_id: ChildId, *, joins: bool) -> None:
    found = await proposals.in_case(tx.conn, act.case_id, proposal_id)
    if found is None:
        raise NoSuch
    report_id, proposal = found
    if proposal.joined is not None:
        raise _Decided
    if joins:
        await _join(tx, act, [(report_id, proposal)])
        return
    await belonging.lock(tx.conn, {act.case_id})
    if not await proposals.decide(tx.conn, proposal_id, joined=False, by=act.by, now=tx.now):
        raise _Decided
    await _record_decision(tx, act, proposal_id, joined=False)


async def join_siblings(tx: Transaction, report_id: ReportId, *, by: PersonId) -> None:
    """The siblings that a report proposes join its case, because its reporter is known by now.

    Those of a case that people have parted from it stay proposals. Raises `NoSuch` where the report has just moved.
    """
    found = await proposals.open_siblings(tx.conn, report_id)
    for case_id in sorted({case_id for case_id, _, _ in found}):
        joining = [(of, proposal) for home, of, proposal in found if home == case_id]
        await _join(tx, Act(case_id, by), joining, unless_parted=True)


async def _join(
    tx: Transaction, act: Act, joining: Sequence[tuple[ReportId, Proposal]], *, unless_parted: bool = False
) -> None:
    """Children are locked before cases, as reports lock them. Raises `_Decided`, `NoSuch`."""
    homes: dict[ChildId, tuple[ChildId, CaseId]] = {}
    for _, each in joining:
        fresh = NewChild(each.proposal_id, each.lookup, each.identity_sealed)
        homes[each.proposal_id] = await children.find_or_insert(tx.conn, fresh, case_id=act.case_id)
    others = {home for _, home in homes.values()} - {act.case_id}
    await belonging.lock(tx.conn, {act.case_id, *others})
    parted = await cases.parted(tx.conn, act.case_id, others) if unless_parted else set()
    for report_id, each in joining:
        child_id, home = homes[each.proposal_id]
        if home in parted:
            continue
        if await proposals.in_case(tx.conn, act.case_id, each.proposal_id) is None:
            raise NoSuch
        if not await proposals.decide(tx.conn, each.proposal_id, joined=True, by=act.by, now=tx.now):
            raise _Decided
        if home == act.case_id:
            await belonging.name_child(tx.conn, report_id, child_id, each.age_band)
        else:
            await _link(tx, act, home, linked=True)
        await _record_decision(tx, act, each.proposal_id, joined=True)


async def _record_decision(tx: Transaction, act: Act, proposal_id: ChildId, *, joined: bool) -> None:
    facts: evidence.Facts = {"proposal_id": str(proposal_id), "joined": joined}
    await evidence.record(tx, act.case_id, act="proposal_decided", actor=act.by, facts=facts)


async def link(transactions: Transactions, act: Act, other: CaseId) -> None:
    """The two cases belong together, whatever was decided before. Raises `NoSuch` where one of them is not here."""
    async with transactions.begin("link cases") as tx:
        if await belonging.lock(tx.conn, {act.case_id, other}) != {act.case_id, other}:
            raise NoSuch
        await _link(tx, act, other, linked=True)


async def unlink(transactions: Transactions, act: Act, other: CaseId) -> None:
    """The two cases have nothing to do with each other. Raises `NoSuch` where they were never linked."""
    async with transactions.begin("unlink cases") as tx:
        await belonging.lock(tx.conn, {act.case_id, other})
        if await belonging.is_linked(tx.conn, act.case_id, other) is None:
            raise NoSuch
        await _link(tx, act, other, linked=False)


async def _link(tx: Transaction, act: Act, other: CaseId, *, linked: bool) -> None:
    n = await belonging.decide_link(tx.conn, act.case_id, other, linked=linked)
    if n is None:
        return
    await tx.publish(LinkDecided(case_id=act.case_id, other_case_id=other, linked=linked, n=n, by=act.by))
    for here, there in ((act.case_id, other), (other, act.case_id)):
        facts: evidence.Facts = {"other_case_id": str(there), "linked": linked, "n": n}
        await evidence.record(tx, here, act="link_decided", actor=act.by, facts=facts)


async def split(transactions: Transactions, secrets: Secrets, act: Act, to: CaseId, ids: Sequence[UUID]) -> None:
    """Move reports and children to a case of their own. Raises `NoSuch`, `NothingLeft`.

    Reports take along the children that only they name, and children the reports that name nobody else. What stays and
    names a child that has left is about both: the cases are linked. The case's id is made of what is asked, so that the
    same asked again is done once.
    """
    async with transactions.begin("split case") as tx:
        await belonging.lock_children(tx.conn, act.case_id)
        if to in await belonging.lock(tx.conn, {act.case_id, to}):
            return
        numbers = await belonging.numbers(tx.conn, act.case_id)
        named, here = set(ids), await belonging.children_in(tx.conn, act.case_id)
        if not named or not named <= {*numbers, *here}:
            raise NoSuch
        leaving = named & here
        along = await belonging.about_nobody_but(tx.conn, act.case_id, leaving)
        moving = [each for each in numbers if each in named | along]
        if len(moving) == len(numbers) or leaving == here != set():
            raise NothingLeft
        await _move(tx, secrets, act, to, moving, leaving)


async def _move(
    tx: Transaction, secrets: Secrets, act: Act, to: CaseId, moving: Sequence[ReportId], leaving: Collection[UUID]
) -> None:
    """What is sealed is sealed anew with the new case's key, so that erasing one case leaves the other readable."""
    old = secrets.ring.unwrap(await cases.wrapped_key(tx.conn, act.case_id))
    new = secrets.ring.new_data_key()
    await cases.insert(tx.conn, to, wrapped_key=new.wrapped, now=tx.now)
    await belonging.made(tx.conn, to, reports=len(moving))
    rows = await belonging.children_of(tx.conn, act.case_id, moving, leaving)
    for row in rows:
        place = {"table": "children", "column": "identity_sealed", "row": row["child_id"]}
        sealed = new.seal(old.unseal(row["identity_sealed"], **place), **place)
        await children.settle(tx.conn, row["child_id"], case_id=to, identity_sealed=sealed)
    for table in belonging.SEALED_OF_REPORTS:
        await _reseal(tx, table, moving, old=old, new=new)
    numbered = {report_id: no for no, report_id in enumerate(moving, start=1)}
    moves = await belonging.move_reports(tx.conn, to, numbered)
    moved = tuple(MovedReport(report_id=each, report_no=no, n=moves[each]) for each, no in numbered.items())
    if moved:
        await tx.publish(ReportsSplit(case_id=act.case_id, new_case_id=to, reports=moved, by=act.by))
    for here, there, name in ((act.case_id, to, "split_off"), (to, act.case_id, "split_from")):
        facts: evidence.Facts = {"other_case_id": str(there), "reports": len(moving), "children": len(rows)}
        await evidence.record(tx, here, act=name, actor=act.by, facts=facts)
    if await belonging.names_any(tx.conn, act.case_id, leaving):
        await _link(tx, act, to, linked=True)


async def _reseal(tx: Transaction, table: str, moving: Sequence[ReportId], *, old: DataKey, new: DataKey) -> None:
    """A proposal is sealed as the child that it may become."""
    column = belonging.SEALED_OF_REPORTS[table][1]
    place = "children" if table == "proposals" else table
    rows = [
        (row, new.seal(old.unseal(sealed, table=place, column=column, row=row), table=place, column=column, row=row))
        for row, sealed in await belonging.sealed(tx.conn, table, moving)
    ]
    await belonging.reseal(tx.conn, table, rows)
