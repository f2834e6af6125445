"""Which case a report belongs to: found by its children, made in the transaction that accepts the report."""

import hashlib
import hmac
import json
from dataclasses import dataclass
from operator import itemgetter

from services.intake.domain.cpr import Cpr
from services.intake.domain.draft import DraftChild
from services.intake.secrets import Secrets
from services.intake.store import case as cases
from services.intake.store import child as children
from services.intake.store.report import Earlier
from shared.delivery.outbox import Transaction
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


@dataclass(frozen=True, slots=True)
class _Found:
    child_id: ChildId
    case_id: CaseId
    draft: DraftChild


async def place(
    tx: Transaction, secrets: Secrets, drafts: tuple[DraftChild, ...], *, joining: Earlier | None = None
) -> Placed:
    """Join the oldest case of the children, or make one. Children are locked by lookup, cases by id: no deadlock.

    What adds to an earlier report joins that report's case instead, and is about its children where it names none.
    """
    candidate = CaseId(tx.ids())
    lookups = [(_lookup(secrets, draft.cpr) if draft.cpr else b"", draft) for draft in drafts]
    in_order = sorted(lookups, key=itemgetter(0))
    found = [await _find(tx, candidate, draft, lookup=lookup or None) for lookup, draft in in_order]
    known = {each.case_id for each in found} - {candidate}
    if joining is not None:
        case_id = joining.case_id
        await cases.lock_oldest(tx.conn, known | {case_id})
    elif known:
        case_id = await cases.lock_oldest(tx.conn, known)
    else:
        case_id = candidate
        await cases.insert(tx.conn, case_id, wrapped_key=secrets.ring.new_data_key().wrapped, now=tx.now)
    report_no, wrapped = await cases.number_report(tx.conn, case_id)
    data_key = secrets.ring.unwrap(wrapped)
    for each in found:
        if each.case_id == candidate:
            await _settle(tx, each, case_id, data_key)
    linked = tuple(sorted(known - {case_id}))
    bands = {each.child_id: each.draft.age_band for each in found} or (dict(joining.children) if joining else {})
    named = tuple(ReportedChild(child_id=child_id, age_band=band) for child_id, band in bands.items())
    return Placed(case_id, report_no, linked, named, data_key)


async def _find(tx: Transaction, candidate: CaseId, draft: DraftChild, *, lookup: bytes | None) -> _Found:
    ids = await children.find_or_insert(tx.conn, ChildId(tx.ids()), case_id=candidate, lookup=lookup)
    return _Found(*ids, draft)


async def _settle(tx: Transaction, found: _Found, case_id: CaseId, data_key: DataKey) -> None:
    identity = json.dumps({"name": found.draft.name, "cpr": found.draft.cpr}).encode()
    sealed = data_key.seal(identity, table="children", column="identity_sealed", row=found.child_id)
    await children.settle(tx.conn, found.child_id, case_id=case_id, identity_sealed=sealed)


def _lookup(secrets: Secrets, cpr: Cpr) -> bytes:
    return hmac.digest(secrets.lookup, b"child|" + cpr.encode(), hashlib.sha256)
