"""Making a unit's sealed code, and letting in whoever has it while nobody can sign in."""

import secrets

from services.escalation.domain.break_glass import code_of, digest
from services.escalation.store import break_glass, rota
from services.escalation.store.rota import Staff
from shared.auth.people import NEVER, Person, Role
from shared.delivery.outbox import Transaction, Transactions
from shared.ids import PersonId
from shared.telemetry.logging import log


async def make(tx: Transaction, unit: str, *, by: PersonId) -> str:
    """A new code of the unit. It is told once and not kept."""
    code = code_of(secrets.token_bytes(15))
    await break_glass.put(tx.conn, digest(code), unit, by=by, at=tx.now)
    log().warning("break_glass.made", person_id=by)
    return code


async def let_in(transactions: Transactions, code: str, name: str) -> Person | None:
    """The person who comes in by a code: a consultant of its unit, who has proved nothing for a step-up.

    They become one of the people, who is not active: evidence names them, and nobody pages them or offers them a case.
    None where it is no code; that it was tried is kept.
    """
    async with transactions.begin("break glass") as tx:
        person_id = PersonId(tx.ids())
        unit = await break_glass.use(tx.conn, digest(code), by=person_id, at=tx.now)
        if unit is None:
            await break_glass.note_refused(tx.conn, at=tx.now)
            log().error("break_glass.refused")
            return None
        known = Staff(person_id, f"{name} (nødadgang)", (Role.CONSULTANT,), (unit,), False)
        await rota.put_people(tx.conn, [known], by=person_id, at=tx.now)
    log().critical("break_glass.used", person_id=person_id)
    return Person(person_id, frozenset({Role.CONSULTANT}), frozenset({unit}), NEVER)
