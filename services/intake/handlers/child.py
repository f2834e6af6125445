"""Which case a report belongs to: found by its children, made in the transaction that accepts the report."""

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Self

from services.intake.domain.cpr import Cpr
from services.intake.domain.draft import DraftChild, decisive
from services.intake.secrets import Secrets
from services.intake.store import case as cases
from services.intake.store import child as children
from services.intake.store.child import NewChild
from services.intake.store.proposal import Proposal
from services.intake.store.report import Earlier
from shared.delivery.outbox import Transaction
from shared.events.codes import AgeBand
from shared.events.intake import ReportedChild
from shared.ids import CaseId, ChildId
from shared.sealing import DataKey


@dataclass(frozen=True, slots=True)
class Placed:
    """A report's place: its case (locked), its number there, the other cases of its children, and the case's key."""

    case_id: CaseId
    report_no: int
    linked_case_ids: tuple[CaseId, ...]
    children: tuple[ReportedChild, ...]
    data_key: DataKey
    proposed: tuple[Proposal, ...] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    child_id: ChildId
    case_id: CaseId
    draft: DraftChild


@dataclass(frozen=True, slots=True)
class _Fresh:
    """The case that a report makes where none of its children is known, and its children in the order of lookups."""

    case_id: CaseId
    data_key: DataKey
    children: list[tuple[NewChild, DraftChild]]

    @classmethod
    def of(cls, tx: Transaction, secrets: Secrets, drafts: Sequence[DraftChild]) -> Self:
        case_id, data_key = CaseId(tx.ids()), secrets.ring.new_data_key()
        lookups = [(_lookup(secrets, draft.cpr) if draft.cpr else b"", draft) for draft in drafts]
        return cls(
            case_id,
            data_key,
            [
                (_new(ChildId(tx.ids()), draft, lookup, data_key), draft)
                for lookup, draft in sorted(lookups, key=itemgetter(0))
            ],
        )


async def place(
    tx: Transaction,
    secrets: Secrets,
    drafts: Sequence[DraftChild],
    *,
    joining: Earlier | None = None,
    trusted: bool = False,
) -> Placed:
    """The report's place: its subject's case, with what else it names as proposals.

    `trusted`: the reporter is known or a member of staff, so that the siblings they name belong to it at once.
    """
    decides, proposed = decisive(drafts, trusted=trusted)
    if joining is not None and not trusted:
        decides, more = await _of_the_case(tx, secrets, decides, joining.case_id)
        proposed += more
    placed = await _place(tx, secrets, decides, joining=joining)
    return replace(placed, proposed=tuple(_proposal(tx, secrets, each, placed.data_key) for each in proposed))


async def _of_the_case(
    tx: Transaction, secrets: Secrets, drafts: Sequence[DraftChild], case_id: CaseId
) -> tuple[list[DraftChild], list[DraftChild]]:
    """Whoever holds a receipt adds to its case alone: other numbers than those of the case are proposals."""
    lookups = {each.cpr: _lookup(secrets, each.cpr) for each in drafts if each.cpr}
    here = await children.known_in(tx.conn, case_id, list(lookups.values()))
    known = [each for each in drafts if each.cpr is None or lookups[each.cpr] in here]
    return known, [each for each in drafts if each not in known]


def _proposal(tx: Transaction, secrets: Secrets, draft: DraftChild, data_key: DataKey) -> Proposal:
    child_id = ChildId(tx.ids())
    assert draft.cpr is not None
    lookup, sealed = _lookup(secrets, draft.cpr), _sealed(draft, child_id, data_key)
    return Proposal(child_id, lookup, sealed, draft.age_band, sibling=draft.relation == "sibling")


async def _place(
    tx: Transaction, secrets: Secrets, drafts: Sequence[DraftChild], *, joining: Earlier | None = None
) -> Placed:
    """Join the oldest case of the children, or make one. Children are locked by lookup, cases by id: no deadlock.

    What adds to an earlier report joins that report's case instead, and is about its children where it names none.
    """
    fresh = _Fresh.of(tx, secrets, drafts)
    found = [
        _Found(*await children.find_or_insert(tx.conn, child, case_id=fresh.case_id), draft)
        for child, draft in fresh.children
    ]
    known = {each.case_id for each in found} - {fresh.case_id}
    if joining is not None:
        return await _joined(tx, secrets, found, known, case_id=joining.case_id, unnamed=dict(joining.children))
    if known:
        return await _joined(tx, secrets, found, known, case_id=None, unnamed={})
    await cases.insert(tx.conn, fresh.case_id, wrapped_key=fresh.data_key.wrapped, now=tx.now)
    return Placed(fresh.case_id, 1, (), _named(_bands(found)), fresh.data_key)


def place_first(
    tx: Transaction, secrets: Secrets, drafts: Sequence[DraftChild], *, trusted: bool
) -> tuple[Placed, list[NewChild]] | None:
    """The place of a report whose children nobody has named before, and the children. Nothing is stored yet.

    None where it proposes more: the one statement has no room for that.
    """
    drafts, proposed = decisive(drafts, trusted=trusted)
    if proposed:
        return None
    fresh = _Fresh.of(tx, secrets, drafts)
    bands = {child.child_id: draft.age_band for child, draft in fresh.children}
    return Placed(fresh.case_id, 1, (), _named(bands), fresh.data_key), [child for child, _ in fresh.children]


async def _joined(
    tx: Transaction,
    secrets: Secrets,
    found: list[_Found],
    known: set[CaseId],
    *,
    case_id: CaseId | None,
    unnamed: dict[ChildId, AgeBand],
) -> Placed:
    """A place in a case that is there: the one named, else the oldest known. New children move into it."""
    oldest = await cases.lock_oldest(tx.conn, known | ({case_id} if case_id else set()))
    case_id = case_id or oldest
    report_no, wrapped = await cases.number_report(tx.conn, case_id)
    data_key = secrets.ring.unwrap(wrapped)
    for each in found:
        if each.case_id not in known:
            sealed = _sealed(each.draft, each.child_id, data_key)
            await children.settle(tx.conn, each.child_id, case_id=case_id, identity_sealed=sealed)
    others = known - {case_id}
    linked = others - await cases.parted(tx.conn, case_id, others) if others else others
    return Placed(case_id, report_no, tuple(sorted(linked)), _named(_bands(found) or unnamed), data_key)


def _new(child_id: ChildId, draft: DraftChild, lookup: bytes, data_key: DataKey) -> NewChild:
    return NewChild(child_id, lookup or None, _sealed(draft, child_id, data_key))


def _sealed(draft: DraftChild, child_id: ChildId, data_key: DataKey) -> bytes:
    identity = json.dumps({"name": draft.name, "cpr": draft.cpr}).encode()
    return data_key.seal(identity, table="children", column="identity_sealed", row=child_id)


def _bands(found: list[_Found]) -> dict[ChildId, AgeBand]:
    return {each.child_id: each.draft.age_band for each in found}


def _named(bands: dict[ChildId, AgeBand]) -> tuple[ReportedChild, ...]:
    return tuple(ReportedChild(child_id=child_id, age_band=band) for child_id, band in bands.items())


async def cases_of(tx: Transaction, secrets: Secrets, cpr: Cpr) -> list[CaseId]:
    """The case of the child with this number; empty where nobody has named it."""
    return await children.cases_with(tx.conn, _lookup(secrets, cpr))


def _lookup(secrets: Secrets, cpr: Cpr) -> bytes:
    return hmac.digest(secrets.lookup, b"child|" + cpr.encode(), hashlib.sha256)
