"""The outbox: a fact leaves with its transaction or not at all."""

from contextlib import suppress

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


async def test_a_part_that_fails_is_not_told_of_and_the_rest_is(ground: OpenGround) -> None:
    service = await ground("escalation", MIGRATIONS)
    first, failing, last = (CaseId(new_id()) for _ in range(3))
    async with service.transactions.begin("test") as tx:
        await tx.conn.execute("INSERT INTO cases (case_id) SELECT unnest($1::uuid[])", [first, failing, last])
        for case_id in (first, failing, last, first):
            with suppress(RuntimeError):
                async with tx.part():
                    await tx.publish(withdrawn(case_id))
                    if case_id == failing:
                        raise RuntimeError("this one alone")
    rows = await service.pool.fetch("SELECT case_id, headers->>'ce_sequence' AS n FROM outbox ORDER BY seq")
    assert [tuple(row) for row in rows] == [(first, "1"), (last, "1"), (first, "2")]


async def test_one_transaction_may_tell_of_several_cases_each_in_its_own_order(ground: OpenGround) -> None:
    service = await ground("escalation", MIGRATIONS)
    one, other = CaseId(new_id()), CaseId(new_id())
    async with service.transactions.begin("test") as tx:
        await tx.conn.execute("INSERT INTO cases (case_id) SELECT unnest($1::uuid[])", [one, other])
        for case_id in (other, one, other):
            await tx.publish(withdrawn(case_id))
    rows = await service.pool.fetch("SELECT case_id, headers->>'ce_sequence' AS n FROM outbox ORDER BY seq")
    assert [tuple(row) for row in rows] == [(other, "1"), (one, "1"), (other, "2")]
