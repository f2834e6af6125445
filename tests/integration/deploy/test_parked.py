"""`beredskab parked` and `outbox`, on the databases of services in miniature."""

import asyncio
import json

import pytest

from deploy.cli import outbox, parked
from deploy.local.trouble import Trouble
from shared.delivery.arrival import Arrival
from shared.ids import new_id
from tests.conftest import OpenGround
from tests.support.miniature import MIGRATIONS, effects, headers, reception, tell, withdrawn
from tests.support.services import NOON, Ground

FACT = withdrawn()


async def set_aside(ground: Ground, *, reason: str = "handler_ZeroDivisionError") -> Arrival:
    named = headers(FACT, event_id=new_id())
    body = FACT.model_dump_json().encode()
    arrival = Arrival(FACT.topic, tuple((name, value.encode()) for name, value in named.items()), body, 3, 14)
    await reception(ground).park(arrival, reason=reason)
    return arrival


async def test_what_is_parked_is_told_without_its_content(ground: OpenGround) -> None:
    notify = await ground("notify", MIGRATIONS)
    arrival = await set_aside(notify)
    (row,) = await parked.listed({"notify": notify.url})
    assert (row["service"], row["reason"], row["type"]) == ("notify", "handler_ZeroDivisionError", FACT.type)
    assert (row["event_id"], row["partition"], row["offset"]) == (arrival.event_id, 3, 14)
    assert str(FACT.message_id) not in json.dumps(row, default=str)


async def test_a_replay_is_done_by_the_service_and_has_its_effect_once(ground: OpenGround) -> None:
    notify = await ground("notify", MIGRATIONS)
    databases = {"notify": notify.url}
    await set_aside(notify)
    await set_aside(notify)

    async def service() -> None:
        while await parked.listed(databases):
            await reception(notify).replay_once()

    rows, _ = await asyncio.gather(parked.replay(databases, await parked.listed(databases)), service())
    assert [row["state"] for row in rows] == ["replayed", "replayed"]
    assert await effects(notify) == [FACT.message_id] * 2
    with pytest.raises(Trouble, match="replayed already"):
        await parked.replay(databases, rows)


async def test_a_replay_that_nobody_does_stays_asked_for(ground: OpenGround) -> None:
    notify = await ground("notify", MIGRATIONS)
    databases = {"notify": notify.url}
    await set_aside(notify)
    (row,) = await parked.replay(databases, await parked.listed(databases), within=0.2)
    assert row["state"] == "asked"


async def test_a_replay_of_junk_is_parked_again(ground: OpenGround) -> None:
    notify = await ground("notify", MIGRATIONS)
    await reception(notify).park(Arrival(FACT.topic, (), b"junk"), reason="envelope_malformed")
    await notify.pool.execute("UPDATE parked SET state = 'asked'")
    assert await reception(notify).replay_once() == 1
    assert await reception(notify).replay_once() == 0
    assert [row["state"] for row in await parked.listed({"notify": notify.url})] == ["parked"]


async def test_what_another_key_has_sealed_is_parked_again(ground: OpenGround) -> None:
    notify = await ground("notify", MIGRATIONS)
    await set_aside(notify)
    await notify.pool.execute("UPDATE parked SET state = 'asked', sealed = sealed || 'x'")
    assert await reception(notify).replay_once() == 0
    assert [row["reason"] for row in await parked.listed({"notify": notify.url})] == ["seal_broken"]


async def test_what_is_discarded_is_destroyed_and_remembered(ground: OpenGround) -> None:
    notify = await ground("notify", MIGRATIONS)
    databases = {"notify": notify.url}
    arrival = await set_aside(notify)
    row = await parked.found(databases, str(arrival.arrival_id)[:8])
    assert (await parked.discard(databases, row, now=NOON))["state"] == "discarded"
    assert await parked.listed(databases) == []
    (kept,) = await parked.listed(databases, all_states=True)
    assert (kept["sealed_bytes"], kept["settled_at"]) == (0, NOON)
    with pytest.raises(Trouble, match="only what is parked"):
        await parked.discard(databases, kept, now=NOON)


async def test_an_unknown_id_is_said_to_be_one(ground: OpenGround) -> None:
    notify = await ground("notify", MIGRATIONS)
    with pytest.raises(Trouble, match="No parked event"):
        await parked.found({"notify": notify.url}, "0123abcd")


async def test_the_outbox_says_what_waits_and_what_is_stuck(ground: OpenGround) -> None:
    escalation = await ground("escalation", MIGRATIONS)
    databases = {"escalation": escalation.url}
    (empty,) = await outbox.waiting(databases, now=NOON)
    assert (empty["rows"], empty["oldest_seconds"]) == (0, None)
    await tell(escalation, withdrawn(), withdrawn())
    await escalation.pool.execute("UPDATE outbox SET stuck = 'too_large' WHERE seq = 1")
    (row,) = await outbox.waiting(databases, now=escalation.clock.pass_by(seconds=90))
    assert (row["rows"], row["urgent"], row["stuck"], row["oldest_seconds"]) == (2, 2, 1, 90.0)
    await outbox.release(databases)
    (row,) = await outbox.waiting(databases, now=NOON)
    assert row["stuck"] == 0


@pytest.mark.parametrize("packed", ["[]", "7", '{"headers": 7, "body": ""}', '{"headers": [], "body": 7}', "{"])
async def test_what_cannot_be_unpacked_goes_back_and_those_behind_it_are_replayed(
    ground: OpenGround, packed: str
) -> None:
    notify = await ground("notify", MIGRATIONS)
    bad, _ = [await set_aside(notify) for _ in range(2)]
    sealed = notify.keys.seal(packed.encode(), table="parked", column="sealed", row=bad.arrival_id)
    await notify.pool.execute("UPDATE parked SET sealed = $1 WHERE parked_id = $2", sealed, bad.arrival_id)
    await notify.pool.execute("UPDATE parked SET state = 'asked'")
    for _ in range(2):
        await reception(notify).replay_once()
    rows = await notify.pool.fetch("SELECT state, reason FROM parked ORDER BY state")
    assert [row["state"] for row in rows] == ["parked", "replayed"]
    assert rows[0]["reason"] == "seal_broken"
