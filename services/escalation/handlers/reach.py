"""What reach is computed from: the plan, the rota and the names, as they stand for a unit."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from services.escalation.domain.reach import RotaAt, rota_at
from services.escalation.domain.rota import Plan
from services.escalation.store import rota
from shared.delivery.outbox import Transaction
from shared.events.codes import Unit


@dataclass(frozen=True, slots=True)
class Ground:
    """What stands for a case of the unit from which nobody is excluded."""

    plan: Plan
    rota: RotaAt
    names: Mapping[UUID, str]


async def ground(tx: Transaction, unit: Unit) -> Ground:
    """As it stands now."""
    now = await rota.rota_of_unit(tx.conn, unit, tx.now)
    free = await rota.free(tx.conn, unit)
    _, shifts = await rota.shifts(tx.conn)
    plan = await rota.plan_of_unit(tx.conn, unit)
    people: dict[UUID, str] = {each.person_id: each.name for each in await rota.people(tx.conn)}
    desks = {row["desk_id"]: row["name"] for row in await rota.desks(tx.conn)}
    return Ground(plan, rota_at(shifts, free=free, rota=now), {**people, **desks})
