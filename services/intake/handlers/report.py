"""Accepting a report: stored, numbered and told in one transaction, before anything judges it."""

import hashlib
import hmac
import json
import secrets as random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypedDict
from uuid import UUID

from services.intake.domain import receipt
from services.intake.domain.draft import Draft, Spoken, parse, read_draft, read_entry
from services.intake.handlers import child
from services.intake.handlers.child import Placed
from services.intake.secrets import Secrets
from services.intake.store import case as cases
from services.intake.store import proposal as proposals
from services.intake.store import report as reports
from services.intake.store.report import Earlier, Stored
from shared import evidence
from shared.beside import beside
from shared.calendar import local
from shared.delivery.outbox import Transaction, Transactions
from shared.events.codes import Reading, Verification
from shared.events.intake import ReportedChild, ReportReceived
from shared.ids import CaseId, PersonId, ReportId
from shared.telemetry.logging import log
from shared.telemetry.tracing import current_traceparent

_ACT = "report_received"
CANARY_TEXT = "Hendes far har taget hendes pas fra hende."
CANARY_TOKEN_LASTS = timedelta(minutes=1)
_CANARY = json.dumps({"text": CANARY_TEXT}, ensure_ascii=False).encode()


@dataclass(frozen=True, slots=True)
class Accepted:
    """A stored report, as its sender is answered."""

    report_id: ReportId
    received_at: datetime
    draft: Draft


@dataclass(frozen=True, slots=True)
class Entry:
    """A report that a member of staff writes down, about a case that they know of or one that is still to be found."""

    by: PersonId
    case_id: CaseId | None = None


class NoSuchCase(Exception):
    """The case is not known here."""


async def accept(
    transactions: Transactions,
    secrets: Secrets,
    raw: bytes,
    *,
    key: str | None,
    adds_to: ReportId | None = None,
    verified: Verification | None = None,
) -> Accepted:
    """Store a report; the same key with the same bytes is the same report. Raises `NotJson`, and nothing else of ours.

    Public staff must report at once (Barnets lov § 133), so nothing that the body says or lacks may stand in the way.
    What `adds_to` a report joins its case, and its reporter is the same person. `verified`: how their work is proven.
    """
    draft = await beside(len(raw), _draft, raw, transactions.clock.now())
    first = None if adds_to else await _accept_first(transactions, secrets, raw, draft, key=key, verified=verified)
    return first or await _accept(transactions, secrets, raw, draft, key=key, adds_to=adds_to, verified=verified)


def _draft(raw: bytes, received_at: datetime) -> Draft:
    return read_draft(parse(raw), on=local(received_at).date())


def _entry(raw: bytes, now: datetime) -> Spoken:
    return read_entry(parse(raw), now=now)


async def _accept_first(
    transactions: Transactions,
    secrets: Secrets,
    raw: bytes,
    draft: Draft,
    *,
    key: str | None,
    verified: Verification | None,
) -> Accepted | None:
    """Most reports are the first of their case, and one statement stores all of it; None where this one is not."""
    async with transactions.alone("accept report") as tx:
        report_id = ReportId(tx.ids())
        first = child.place_first(tx, secrets, draft.children, trusted=verified is not None)
        if first is None:
            return None
        placed, children = first
        event = _received(tx, report_id, draft, placed, reporter_verified=verified)
        if not await reports.insert_first(
            tx.conn,
            event,
            **_kept(secrets, event, placed, raw),
            request_mac=_request_mac(secrets, key, raw, None) if key else None,
            wrapped_key=placed.data_key.wrapped,
            children=children,
            entry=evidence.first(tx, event.case_id, act=_ACT, actor=None, facts=_facts(event)),
            told=tx.first(event),
        ):
            return None
        tx.published.append(event.type)
        tx.work_waits = event.reading is Reading.PENDING
    log().info("report.accepted", report_id=report_id, case_id=placed.case_id)
    return Accepted(report_id, event.received_at, draft)


async def _accept(
    transactions: Transactions,
    secrets: Secrets,
    raw: bytes,
    draft: Draft,
    *,
    key: str | None,
    adds_to: ReportId | None,
    verified: Verification | None,
) -> Accepted:
    async with transactions.begin("accept report") as tx:
        report_id = ReportId(tx.ids())
        if key:
            first = await reports.claim(tx.conn, _request_mac(secrets, key, raw, adds_to), report_id, now=tx.now)
            if first != report_id:
                return await _again(tx, secrets, first)
        earlier = await reports.to_add_to(tx.conn, adds_to) if adds_to else None
        placed = await child.place(tx, secrets, draft.children, joining=earlier, trusted=verified is not None)
        known = draft if earlier is None else _by_the_same(draft, earlier)
        event = _received(tx, report_id, known, placed, reporter_verified=verified)
        await _store(tx, secrets, event, placed, raw, adds_to=adds_to)
    log().info("report.accepted", report_id=report_id, case_id=placed.case_id)
    return Accepted(report_id, event.received_at, draft)


async def write_down(transactions: Transactions, secrets: Secrets, raw: bytes, *, key: str, entry: Entry) -> Accepted:
    """Store what was said on the phone; its clocks run from when it was said. Raises `NotJson`, `NoSuchCase`."""
    told = await beside(len(raw), _entry, raw, transactions.clock.now())
    async with transactions.begin("write report down") as tx:
        report_id = ReportId(tx.ids())
        mac = _request_mac(secrets, key, raw, entry.case_id or entry.by)
        first = await reports.claim(tx.conn, mac, report_id, now=tx.now)
        if first != report_id:
            again = await _again(tx, secrets, first)
            return replace(again, draft=told.draft)
        known = await reports.newest_in(tx.conn, entry.case_id) if entry.case_id else None
        if entry.case_id and known is None:
            raise NoSuchCase
        placed = await child.place(tx, secrets, told.draft.children, joining=known, trusted=True)
        said = {"received_at": told.said_at, "receipt_given_at": None, "entered_by": entry.by}
        event = _received(tx, report_id, told.draft, placed, **said)
        await _store(tx, secrets, event, placed, raw, adds_to=None)
    log().info("report.accepted", report_id=report_id, case_id=placed.case_id)
    return Accepted(report_id, event.received_at, told.draft)


async def make_canary_token(tx: Transaction) -> tuple[str, int]:
    """Leave for one canary, and which of its day it is."""
    token = random.token_urlsafe(32)
    return token, await cases.add_canary_token(tx.conn, _token_hash(token), tx.now)


async def accept_canary(transactions: Transactions, secrets: Secrets, token: str) -> Accepted | None:
    """The report that the tick sent as reporters send theirs; None without its leave, whatever else the request says.

    Its words are ours, whatever the body holds: nobody's report becomes a canary by it.
    """
    async with transactions.begin("accept canary") as tx:
        since = tx.now - CANARY_TOKEN_LASTS
        if not await cases.use_canary_token(tx.conn, _token_hash(token), made_after=since, now=tx.now):
            return None
        return await _canary(tx, secrets)


def _token_hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


async def _canary(tx: Transaction, secrets: Secrets) -> Accepted:
    """A report about nobody, which the reader, triage and escalation must take for grave."""
    placed = await child.place(tx, secrets, ())
    await cases.mark_canary(tx.conn, placed.case_id)
    draft = _draft(_CANARY, tx.now)
    event = _received(tx, ReportId(tx.ids()), draft, placed, canary=True)
    await _store(tx, secrets, event, placed, _CANARY, adds_to=None)
    return Accepted(event.report_id, event.received_at, draft)


def _by_the_same(draft: Draft, earlier: Earlier) -> Draft:
    return replace(
        draft,
        legal_kind=earlier.legal_kind,
        reporter_kind=earlier.reporter_kind,
        receipt_route=earlier.receipt_route,
        unit=earlier.unit,
    )


def _request_mac(secrets: Secrets, key: str, raw: bytes, about: UUID | None) -> bytes:
    content = hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest() + (about.bytes if about else b"") + raw
    return hmac.digest(secrets.lookup, b"request|" + content, hashlib.sha256)


async def recall(transactions: Transactions, secrets: Secrets, report_id: ReportId) -> Accepted:
    """A stored report as its sender was answered, for the receipt."""
    async with transactions.begin("recall report") as tx:
        return await _again(tx, secrets, report_id)


async def copy_of(
    transactions: Transactions, secrets: Secrets, report_ids: Sequence[ReportId]
) -> list[tuple[datetime, object]]:
    """What was sent, for the reporter's own file, and when; that it was handed over is recorded."""
    async with transactions.begin("copy report") as tx:
        found = [await reports.stored(tx.conn, each) for each in report_ids]
        for each in found:
            facts: evidence.Facts = {"report_id": str(each.report_id)}
            await evidence.record(tx, each.case_id, act="copy_given", actor=None, facts=facts)
    raw = [_opened(secrets, each) for each in found]
    return [(each.received_at, await beside(len(of), parse, of)) for each, of in zip(found, raw, strict=True)]


def _opened(secrets: Secrets, report: Stored) -> bytes:
    key = secrets.ring.unwrap(report.wrapped_key)
    return key.unseal(report.body_sealed, table="reports", column="body_sealed", row=report.report_id)


async def _again(tx: Transaction, secrets: Secrets, report_id: ReportId) -> Accepted:
    report = await reports.stored(tx.conn, report_id)
    raw = _opened(secrets, report)
    return Accepted(report_id, report.received_at, await beside(len(raw), _draft, raw, report.received_at))


def _received(tx: Transaction, report_id: ReportId, draft: Draft, placed: Placed, **more: Any) -> ReportReceived:
    """The fact of a report that was sent just now, or as `more` says."""
    return ReportReceived(
        case_id=placed.case_id,
        report_id=report_id,
        report_no=placed.report_no,
        linked_case_ids=placed.linked_case_ids,
        **{"received_at": tx.now, "entered_at": tx.now, "receipt_given_at": tx.now, **more},
        legal_kind=draft.legal_kind,
        reporter_kind=draft.reporter_kind,
        receipt_route=draft.receipt_route,
        children=placed.children,
        proposed=tuple(ReportedChild(child_id=each.proposal_id, age_band=each.age_band) for each in placed.proposed),
        signs=draft.signs,
        reading=Reading.PENDING if draft.has_text else Reading.NONE,
        conflict_declared=draft.conflict_declared,
        unit=draft.unit,
        already_supported=draft.already_supported,
    )


async def _store(
    tx: Transaction, secrets: Secrets, event: ReportReceived, placed: Placed, raw: bytes, *, adds_to: ReportId | None
) -> None:
    await reports.insert(tx.conn, event, **_kept(secrets, event, placed, raw), adds_to=adds_to)
    await proposals.add(tx.conn, event.report_id, placed.proposed)
    await evidence.record(tx, event.case_id, act=_ACT, actor=event.entered_by, facts=_facts(event))
    if event.linked_case_ids:
        await cases.link(tx.conn, event.case_id, event.linked_case_ids)
    await tx.publish(event)
    tx.work_waits = event.reading is Reading.PENDING


class _Kept(TypedDict):
    reference: str
    body_sealed: bytes
    traceparent: str | None


def _kept(secrets: Secrets, event: ReportReceived, placed: Placed, raw: bytes) -> _Kept:
    return {
        "reference": receipt.words_for(event.report_id, secrets.lookup).reference,
        "body_sealed": placed.data_key.seal(raw, table="reports", column="body_sealed", row=event.report_id),
        "traceparent": current_traceparent(),
    }


def _facts(event: ReportReceived) -> evidence.Facts:
    receipt_on = "screen" if event.receipt_given_at else None
    return {"report_id": str(event.report_id), "report_no": event.report_no, "receipt": receipt_on}
