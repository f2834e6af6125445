"""Showing a report to one person, by escalation's grant: once, and never without evidence."""

import asyncio
import json
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from services.intake.domain.disclosure import Json, MachineRead, disclosed
from services.intake.domain.draft import parse, read_draft
from services.intake.secrets import Secrets
from services.intake.store import disclosure as disclosures
from services.intake.store import proposal as proposals
from services.intake.store import report as reports
from services.intake.store.proposal import Proposal
from services.intake.store.report import Stored
from shared import evidence
from shared.auth.grants import Grant, ReadPart
from shared.calendar import local
from shared.delivery.outbox import Transactions
from shared.ids import ReportId
from shared.sealing import DataKey, SealBroken
from shared.telemetry.logging import error_code, log

_REMEMBERED = timedelta(days=1)
"""Far longer than a grant is good for."""


async def disclose(transactions: Transactions, secrets: Secrets, grant: Grant) -> Json | None:
    """The granted part of the report; None when there is no such report or the grant was used before."""
    async with transactions.begin("disclose report") as tx:
        found = await disclosures.found(tx.conn, grant.report_id)
        if found is None or not await disclosures.use(tx.conn, grant.grant_id, tx.now, forget=tx.now - _REMEMBERED):
            return None
        stored = await reports.stored(tx.conn, grant.report_id)
        read = await disclosures.read(tx.conn, grant.report_id)
        proposed = await proposals.of_report(tx.conn, grant.report_id)
        named = await disclosures.children(tx.conn, grant.report_id)
        adds_to = await disclosures.adds_to(tx.conn, grant.report_id)
        await evidence.record(tx, found, act="report_read", actor=grant.person_id, facts=grant.facts())
    # Beside the event loop: 256 kB of anything must not silence the door for others.
    return await asyncio.to_thread(_opened, secrets, grant, stored, read, proposed, named, adds_to)


def _opened(
    secrets: Secrets,
    grant: Grant,
    stored: Stored,
    read: MachineRead,
    proposed: Sequence[Proposal],
    named: Sequence[tuple[UUID, bytes]],
    adds_to: ReportId | None,
) -> Json:
    key = secrets.ring.unwrap(stored.wrapped_key)
    raw = key.unseal(stored.body_sealed, table="reports", column="body_sealed", row=grant.report_id)
    body = parse(raw)
    draft = read_draft(body, on=local(stored.received_at).date())
    if grant.part is not ReadPart.ALL:
        return disclosed(raw, body, part=grant.part, draft=draft, read=read)
    known = [{"child_id": str(row), **_identity(key, row, sealed)} for row, sealed in named]
    proposals = [_proposal(each, key) for each in proposed]
    shown = disclosed(raw, body, part=grant.part, draft=draft, read=read, proposals=proposals, adds_to=adds_to)
    return {**shown, "known": known}


def _proposal(proposal: Proposal, key: DataKey) -> Json:
    """Name and number as they were written. Whether the number is known elsewhere is nobody's to learn here."""
    row = proposal.proposal_id
    codes = {"proposal_id": str(row), "age_band": proposal.age_band, "joined": proposal.joined}
    return {**_identity(key, row, proposal.identity_sealed), **codes}


def _identity(key: DataKey, row: UUID, sealed: bytes) -> Json:
    """A child's name and number; neither where they do not open: the report must still be shown."""
    try:
        found = json.loads(key.unseal(sealed, table="children", column="identity_sealed", row=row))
        return {"name": found["name"], "cpr": found["cpr"]}
    except (SealBroken, ValueError, TypeError, KeyError) as error:
        log().error("child.unreadable", row_id=row, error=error_code(error))
        return {"name": "", "cpr": ""}
