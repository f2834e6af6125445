"""Evidence: a chain per case that shows every change made to it afterwards."""

import asyncpg
import pytest

from services.intake.app import MIGRATIONS
from shared import evidence
from shared.ids import CaseId, PersonId, new_id
from tests.conftest import OpenGround
from tests.support.services import Ground


async def chain(service: Ground) -> CaseId:
    case_id, person = CaseId(new_id()), PersonId(new_id())
    async with service.transactions.begin("test") as tx:
        await tx.conn.execute(
            "INSERT INTO cases (case_id, created_at, wrapped_key) VALUES ($1, $2, '')", case_id, tx.now
        )
        await evidence.record(tx, case_id, act="first", actor=None, facts={"n": 1})
        await evidence.record(tx, case_id, act="second", actor=person, facts={"b": True, "a": None})
        await evidence.record(tx, case_id, act="third", actor=person, facts={})
    return case_id


async def test_a_chain_holds(ground: OpenGround) -> None:
    service = await ground("intake", MIGRATIONS)
    assert await evidence.broken_at(service.pool, await chain(service), service.macs) is None


async def test_one_act_may_speak_of_several_cases_and_go_on_where_their_chains_end(ground: OpenGround) -> None:
    service = await ground("intake", MIGRATIONS)
    one, other = await chain(service), await chain(service)
    async with service.transactions.begin("test") as tx:
        for n, case_id in enumerate((other, one, other)):
            await evidence.record(tx, case_id, act="more", actor=None, facts={"n": n})
    assert [await evidence.broken_at(service.pool, each, service.macs) for each in (one, other)] == [None, None]
    rows = await service.pool.fetch("SELECT case_id, n, facts FROM evidence WHERE act = 'more' ORDER BY facts")
    assert [tuple(row) for row in rows] == [(other, 4, '{"n":0}'), (one, 4, '{"n":1}'), (other, 5, '{"n":2}')]


@pytest.mark.parametrize("act", ["UPDATE evidence SET act = 'x'", "DELETE FROM evidence", "TRUNCATE evidence"])
async def test_evidence_is_append_only(ground: OpenGround, act: str) -> None:
    service = await ground("intake", MIGRATIONS)
    await chain(service)
    with pytest.raises(asyncpg.RaiseError, match="append-only"):
        await service.pool.execute(act)


@pytest.mark.parametrize(
    ("tampering", "broken"),
    [
        ("UPDATE evidence SET facts = '{}' WHERE n = 2", 2),
        ("UPDATE evidence SET actor = NULL WHERE n = 2", 2),
        ("UPDATE evidence SET at = at + interval '1 second' WHERE n = 1", 1),
        ("DELETE FROM evidence WHERE n = 2", 2),
        ("DELETE FROM evidence WHERE n = 3", 3),
        ("UPDATE evidence SET hash = '' WHERE n = 3", 3),
    ],
)
async def test_what_was_tampered_with_is_found(ground: OpenGround, tampering: str, broken: int) -> None:
    service = await ground("intake", MIGRATIONS)
    case_id = await chain(service)
    await service.pool.execute("ALTER TABLE evidence DISABLE TRIGGER ALL")
    await service.pool.execute(tampering)
    assert await evidence.broken_at(service.pool, case_id, service.macs) == broken


async def test_there_is_no_evidence_for_a_case_that_is_not_stored(ground: OpenGround) -> None:
    service = await ground("intake", MIGRATIONS)
    with pytest.raises(LookupError):
        async with service.transactions.begin("test") as tx:
            await evidence.record(tx, CaseId(new_id()), act="x", actor=None, facts={})
