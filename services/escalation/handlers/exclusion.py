"""A conflict of interest becomes known: from now on the case, and all it is linked to, do not exist for the person."""

from collections.abc import Sequence

from services.escalation.domain.escalation import StoodDown
from services.escalation.domain.exclusion import named
from services.escalation.handlers.settle import settle, withdraw
from services.escalation.store import belonging, case, escalation, exclusion
from shared.delivery.outbox import Transaction
from shared.evidence import Facts, record
from shared.ids import CaseId, PersonId, derived_id
from shared.sealing import KeyRing


async def exclude(
    tx: Transaction, case_id: CaseId, person_id: PersonId, *, by: PersonId, reason: bytes | None = None
) -> None:
    """Exclude the person from the case and all it is linked to. The caller has locked them all."""
    family = await case.family(tx.conn, case_id)
    for each in await exclusion.add(tx.conn, family, person_id, named_in=case_id, by=by, reason=reason, now=tx.now):
        await _cut_off(tx, each, person_id, named_in=case_id, by=by)


async def name(
    tx: Transaction, case_id: CaseId, person_id: PersonId, *, by: PersonId, reason: str, keys: KeyRing
) -> None:
    """A leader names whom a conflict concerns: the outside unit need no longer be asked first."""
    key, row = await case.data_key(tx.conn, case_id, keys), derived_id("exclusion", case_id, person_id)
    sealed = key.seal(reason.encode(), table="exclusions", column="reason", row=row)
    await exclude(tx, case_id, person_id, by=by, reason=sealed)
    for each in await case.family(tx.conn, case_id):
        running = await escalation.newest(tx.conn, each)
        if running is not None and running.next_at is not None and named(running, tx.now) != running:
            await escalation.save(tx.conn, named(running, tx.now))


async def inherit(tx: Transaction, family: Sequence[CaseId]) -> None:
    """A link has come between these: whoever is excluded from one of the cases is excluded from all."""
    if len(family) > 1:
        for row in await exclusion.inherit(tx.conn, family):
            await _cut_off(tx, row["case_id"], row["person_id"], named_in=row["named_in"], by=None)


async def relate(tx: Transaction, family: Sequence[CaseId]) -> None:
    """These are all that is linked now: what only another case named ends, what one of these names holds in all."""
    for case_id, person_id in await belonging.end_exclusions(tx.conn, family):
        await record(tx, case_id, act="exclusion_ended", actor=None, facts={"person_id": str(person_id)})
        await case.changed(tx.conn, case_id)
    await inherit(tx, family)


async def _cut_off(
    tx: Transaction, case_id: CaseId, person_id: PersonId, *, named_in: CaseId, by: PersonId | None
) -> None:
    """Pages withdrawn, somebody else asked at once."""
    facts: Facts = {"person_id": str(person_id), "named_in": str(named_in)}
    await record(tx, case_id, act="excluded", actor=by, facts=facts)
    await case.changed(tx.conn, case_id)
    running = await escalation.newest(tx.conn, case_id)
    if running is not None:
        await withdraw(tx, running, person_id)
        await settle(tx, case_id, StoodDown(person_id))
