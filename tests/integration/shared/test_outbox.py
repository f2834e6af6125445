"""The outbox: a fact leaves with its transaction or not at all."""

import pytest

from shared.events.codes import Level
from shared.events.escalation import EscalationOpened
from shared.ids import CaseId, EscalationId, new_id
from tests.conftest import OpenGround
from tests.support.miniature import MIGRATIONS, withdrawn


async def test_a_fact_is_stored_with_its_place_in_the_order_of_its_case(ground: OpenGround) -> None:
    service = await ground("escalation", MIGRATIONS)
    case_id = CaseId(new_id())
    async with service.transactions.begin("test") as tx:
        await tx.conn.execute("INSERT INTO cases (case_id) VALUES ($1)", case_id)
        await tx.publish(withdrawn(case_id))
        await tx.publish(withdrawn(case_id))
    rows = await service.pool.fetch("SELECT headers::json->>'ce_sequence' AS n FROM outbox ORDER BY seq")
    assert [row["n"] for row in rows] == ["1", "2"]


async def test_a_fact_of_a_transaction_that_fails_never_leaves(ground: OpenGround) -> None:
    service = await ground("escalation", MIGRATIONS)
    case_id = CaseId(new_id())
    with pytest.raises(RuntimeError, match="crash"):
        async with service.transactions.begin("test") as tx:
            await tx.conn.execute("INSERT INTO cases (case_id) VALUES ($1)", case_id)
            await tx.publish(withdrawn(case_id))
            raise RuntimeError("crash")
    assert await service.published() == []


async def test_who_waits_for_an_urgent_fact_is_stored_with_it(ground: OpenGround) -> None:
    service = await ground("escalation", MIGRATIONS)
    case_id = CaseId(new_id())
    opened = EscalationOpened(
        case_id=case_id, escalation_id=EscalationId(new_id()), ladder=Level.HIGH, ladder_version=1
    )
    async with service.transactions.begin("test") as tx:
        await tx.conn.execute("INSERT INTO cases (case_id) VALUES ($1)", case_id)
        await tx.publish(withdrawn(case_id))
        await tx.publish(opened)
    rows = await service.pool.fetch("SELECT waits_for FROM outbox ORDER BY seq")
    assert [row["waits_for"] for row in rows] == [["notify"], []]
