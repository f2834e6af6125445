"""Acts that are recorded as a step with their reason: which unit has the case, what belongs to it."""

from services.escalation.domain.escalation import Refused, State, UnitMoved
from services.escalation.handlers.settle import settle, withdraw
from services.escalation.store import case, escalation, step
from shared.auth.people import Person
from shared.delivery.outbox import Transaction
from shared.events.codes import Unit
from shared.evidence import Facts, record
from shared.ids import CaseId
from shared.sealing import KeyRing


async def add(
    tx: Transaction, who: Person, case_id: CaseId, *, kind: str, codes: Facts, reason: str, keys: KeyRing
) -> None:
    """Keep the step with its reason sealed, and its codes as evidence."""
    named, key = tx.ids(), await case.data_key(tx.conn, case_id, keys)
    note = key.seal(reason.encode(), table="steps", column="note", row=named)
    await step.add(tx.conn, named, case_id, kind=kind, codes=codes, note=note, by=who.person_id, at=tx.now)
    await case.changed(tx.conn, case_id)
    await record(tx, case_id, act=kind, actor=who.person_id, facts={"step_id": str(named), **codes})


async def move_unit(
    tx: Transaction, who: Person, case_id: CaseId, *, unit: Unit, reason: str, keys: KeyRing
) -> Refused | None:
    """Give the case to another unit: its people are asked from now on, and see it; those of the former one do not.

    A page that nobody has answered is withdrawn, because whoever was asked may see the case no longer.
    """
    before = (await case.get(tx.conn, case_id))["unit"]
    if before == unit:
        return Refused("unit_already")
    await case.move_unit(tx.conn, case_id, unit)
    await add(tx, who, case_id, kind="unit_moved", codes={"from": before, "to": unit}, reason=reason, keys=keys)
    running = await escalation.newest(tx.conn, case_id)
    if running is not None and running.state is not State.CLOSED:
        await withdraw(tx, running)
        await settle(tx, case_id, UnitMoved(), actor=who.person_id)
    return None
