"""Heads: what a service's own rights, or the loss of a chain's end, do to evidence is found by what was handed out."""

import asyncpg
from joserfc.jwk import KeySet

from deploy.cli.evidence import verify
from services.intake.app import MIGRATIONS
from shared import evidence
from shared.auth.bearer import key_in
from shared.evidence.heads import Anchor, Forged, Heads, broken_heads, gaps, read
from shared.ids import CaseId
from shared.sealing import MacKeys
from tests.conftest import OpenGround
from tests.integration.shared.test_evidence import chain
from tests.support.services import Ground


def public(service: Ground) -> KeySet:
    return KeySet([key_in(service.keys_dir / "public" / f"{name}.jwk") for name in ("intake", "notify")])


async def handed_out(service: Ground) -> list[Anchor]:
    """What would have gone to Kafka."""
    rows = await service.pool.fetch("SELECT body FROM outbox WHERE topic = 'evidence.heads' ORDER BY seq")
    return [read(row["body"].decode(), public(service)) for row in rows]


async def recomputed(conn: asyncpg.Connection, case_id: CaseId, macs: MacKeys) -> None:
    """Compute a whole chain anew, as one can who has the table and a key."""
    previous, n = b"", 0
    for row in await conn.fetch("SELECT * FROM evidence WHERE case_id = $1 ORDER BY n", case_id):
        actor = row["actor"] and str(row["actor"])
        said = {"at": row["at"], "act": row["act"], "actor": actor, "facts": row["facts"]}
        n, previous = n + 1, evidence.entry_hash(previous, n + 1, evidence.entry_mac(macs, case_id, **said))
        await conn.execute("UPDATE evidence SET hash = $3 WHERE case_id = $1 AND n = $2", case_id, row["n"], previous)
    await conn.execute("UPDATE cases SET evidence_n = $2, evidence_head = $3 WHERE case_id = $1", case_id, n, previous)


async def forged(service: Ground, act: str, case_id: CaseId, macs: MacKeys) -> None:
    """Do it as somebody who has taken the guards away, and compute what follows anew."""
    async with service.pool.acquire() as conn:
        await conn.execute("ALTER TABLE evidence DISABLE TRIGGER ALL")
        await conn.execute(act, case_id)
        await recomputed(conn, case_id, macs)  # type: ignore[arg-type]


REWRITTEN = "UPDATE evidence SET act = 'other' WHERE case_id = $1 AND n = 2"
CUT_OFF = "DELETE FROM evidence WHERE case_id = $1 AND n = 3"


async def test_a_chain_rewritten_without_the_key_is_found_without_any_help(ground: OpenGround) -> None:
    service = await ground("intake", MIGRATIONS)
    case_id = await chain(service)
    await forged(service, REWRITTEN, case_id, MacKeys("e1", {"e1": b"guessed"}))
    assert await evidence.broken_at(service.pool, case_id, service.macs) == 1


async def test_a_chain_rewritten_with_the_services_own_key_is_found_by_what_was_handed_out(ground: OpenGround) -> None:
    service = await ground("intake", MIGRATIONS)
    case_id, other = await chain(service), await chain(service)
    assert await Heads(service.transactions, service.tokens).run_once() == 2
    await forged(service, REWRITTEN, case_id, service.macs)
    assert await evidence.broken_at(service.pool, case_id, service.macs) is None
    assert await broken_heads(service.pool, await handed_out(service)) == [(case_id, 3)]
    [found] = await verify({"intake": service.url}, {"intake": service.macs}, await handed_out(service))
    assert found["broken"] == [{"case_id": str(case_id), "entry": 3}]
    assert await evidence.broken_at(service.pool, other, service.macs) is None


async def test_a_chain_that_lost_its_end_is_found_by_what_was_handed_out(ground: OpenGround) -> None:
    service = await ground("intake", MIGRATIONS)
    case_id = await chain(service)
    await Heads(service.transactions, service.tokens).run_once()
    await forged(service, CUT_OFF, case_id, service.macs)
    assert await evidence.broken_at(service.pool, case_id, service.macs) is None
    assert await broken_heads(service.pool, await handed_out(service)) == [(case_id, 3)]


async def test_only_chains_that_grew_are_handed_out_again(ground: OpenGround) -> None:
    service = await ground("intake", MIGRATIONS)
    one, _ = await chain(service), await chain(service)
    heads = Heads(service.transactions, service.tokens)
    assert [await heads.run_once(), await heads.run_once()] == [2, 0]
    async with service.transactions.begin("test") as tx:
        await evidence.record(tx, one, act="more", actor=None, facts={})
    assert [await heads.run_once(), await heads.run_once()] == [1, 0]
    service.clock.pass_by(hours=1)
    assert await heads.run_once() == 0
    first, second = await handed_out(service)
    assert (first.n, second.n, second.previous) == (1, 2, first.sha256)
    assert [(case_id, n) for case_id, n, _ in second.heads] == [(one, 4)]


async def test_a_missing_or_exchanged_anchor_is_found(ground: OpenGround) -> None:
    service = await ground("intake", MIGRATIONS)
    heads = Heads(service.transactions, service.tokens)
    for _ in range(3):
        await chain(service)
        await heads.run_once()
    first, second, third = await handed_out(service)
    assert gaps([first, second, third, second]) == []  # Kafka may hold one twice
    assert gaps([first, third]) == ["intake 2"]
    other = Anchor("intake", 2, second.previous, "00", second.heads)
    assert gaps([first, other, third]) == ["intake 2"]


async def test_what_no_service_has_signed_is_no_anchor(ground: OpenGround) -> None:
    service = await ground("intake", MIGRATIONS)
    claims = {"iss": "notify", "n": 1, "previous": "", "heads": []}
    for text in ("", "a.b.c", service.tokens.signed(claims), service.tokens.token("intake")):
        try:
            read(text, public(service))
        except Forged:
            continue
        raise AssertionError(text)


async def test_an_entry_without_a_key_is_accepted_from_the_time_before_keys_alone(ground: OpenGround) -> None:
    service = await ground("intake", MIGRATIONS)
    case_id, at = await chain(service), service.clock.now()
    digest = evidence.unkeyed_hash(b"", case_id, 1, at=at, act="first", actor=None, facts='{"n":1}')
    await service.pool.execute("ALTER TABLE evidence DISABLE TRIGGER ALL")
    await service.pool.execute("DELETE FROM evidence WHERE n > 1")
    await service.pool.execute("UPDATE evidence SET key_id = NULL, hash = $1", digest)
    await service.pool.execute("UPDATE cases SET evidence_n = 1, evidence_head = $1", digest)
    before = MacKeys("e1", service.macs.keys, unkeyed_until=at)
    assert await evidence.broken_at(service.pool, case_id, before) is None
    assert await evidence.broken_at(service.pool, case_id, service.macs) == 1
