"""The outbox: a fact leaves with its transaction or not at all."""

from pathlib import Path

import pytest

import shared.delivery
from shared.events.escalation import MessageWithdrawn
from shared.ids import CaseId, MessageId, new_id
from shared.postgres.migrations import Migration, migrations_in
from tests.conftest import OpenGround

CASES = Migration(
    "test/0001_cases.sql", "CREATE TABLE cases (case_id uuid PRIMARY KEY, event_sequence bigint DEFAULT 0)"
)
MIGRATIONS = [*migrations_in(Path(shared.delivery.__file__).parent), CASES]


def withdrawn(case_id: CaseId) -> MessageWithdrawn:
    return MessageWithdrawn(case_id=case_id, message_id=MessageId(new_id()))


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
