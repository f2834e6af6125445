"""`POST /events`: another service's urgent facts, handed over by itself."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx2
import pytest

from shared.auth.services import ServiceTokens
from shared.delivery.arrival import Arrival
from shared.delivery.door import events_route
from shared.delivery.inbox import On
from shared.delivery.kafka import MAX_BYTES
from shared.delivery.outbox import Transaction
from shared.delivery.reception import Reception
from shared.events.escalation import MessageWithdrawn
from shared.ids import new_id
from shared.web.application import application
from tests.conftest import OpenGround
from tests.support.miniature import MIGRATIONS, effects, headers, reception, withdrawn
from tests.support.services import Ground


@dataclass
class Door:
    """notify's door in miniature, and those who may knock."""

    ground: Ground

    async def post(
        self,
        body: bytes,
        named: dict[str, str],
        *,
        caller: str = "escalation",
        to: Reception | None = None,
        **more: Any,
    ) -> httpx2.Response:
        async def ready() -> list[str]:
            return []

        tokens = ServiceTokens.read(self.ground.keys_dir.parent / caller, caller, self.ground.clock)
        sent = {name.replace("ce_", "ce-"): value for name, value in named.items()}
        sent = {"authorization": f"Bearer {tokens.token('notify')}"} | sent | more.pop("also", {})
        app = application([events_route("notify", to or reception(self.ground), self.ground.tokens)], ready=ready)
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://notify") as client:
            return await client.post("/events", content=body, headers=sent)

    async def parked(self) -> list[tuple[str, UUID | None]]:
        rows = await self.ground.pool.fetch("SELECT reason, event_id FROM parked")
        return [(row["reason"], row["event_id"]) for row in rows]


@pytest.fixture
async def door(ground: OpenGround) -> Door:
    return Door(await ground("notify", MIGRATIONS))


FACT = withdrawn()
BODY = FACT.model_dump_json().encode()


async def test_a_fact_has_its_effect_once_however_often_it_is_posted(door: Door) -> None:
    named = headers(FACT)
    answers = [await door.post(BODY, named) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [204, 204, 204]
    assert await effects(door.ground) == [FACT.message_id]


async def test_whichever_copy_comes_later_is_dropped(door: Door) -> None:
    named = headers(FACT)
    assert (await door.post(BODY, named)).status_code == 204
    by_kafka = Arrival(FACT.topic, tuple((name, value.encode()) for name, value in named.items()), BODY, 3, 14)
    opened = await reception(door.ground).open(by_kafka)
    assert opened is not None
    assert await reception(door.ground).deliver(by_kafka, opened)
    assert await effects(door.ground) == [FACT.message_id]


async def test_nobody_comes_in_without_a_token(door: Door) -> None:
    answer = await door.post(BODY, headers(FACT), also={"authorization": "Bearer no"})
    assert answer.status_code == 401
    assert await effects(door.ground) == []


@pytest.mark.parametrize(
    ("caller", "changed"),
    [
        ("triage", {}),
        ("escalation", {"ce_source": "triage"}),
        ("triage", {"ce_source": "triage"}),
        ("escalation", {"ce_type": "beredskab.triage.case-rated.v1"}),
    ],
    ids=["another's fact", "in another's name", "another's type", "a type of another"],
)
async def test_a_service_is_believed_its_own_facts_alone(door: Door, caller: str, changed: dict[str, str]) -> None:
    assert (await door.post(BODY, headers(FACT, **changed), caller=caller)).status_code == 403
    assert await effects(door.ground) == []
    assert await door.parked() == []


async def test_a_body_that_no_fact_can_have_is_refused(door: Door) -> None:
    assert (await door.post(b" " * (MAX_BYTES + 1), headers(FACT))).status_code == 413


@pytest.mark.parametrize(
    ("body", "changed", "reason"),
    [
        (b"\x00junk", {}, "body_malformed"),
        (BODY, {"ce_time": "yesterday"}, "envelope_malformed"),
        (BODY, {"ce_type": "beredskab.escalation.message-withdrawn.v9"}, "major_version_unknown"),
    ],
)
async def test_what_cannot_be_read_is_parked_and_not_sent_again(
    door: Door, body: bytes, changed: dict[str, str], reason: str
) -> None:
    assert (await door.post(body, headers(FACT, **changed))).status_code == 204
    assert [parked[0] for parked in await door.parked()] == [reason]


async def test_an_unknown_type_is_passed_over(door: Door) -> None:
    named = headers(FACT, ce_type="beredskab.escalation.told-later.v1")
    assert (await door.post(b"{}", named)).status_code == 204
    assert await door.parked() == []


async def test_an_event_that_fails_is_sent_again_until_it_is_parked_at_the_third_time(door: Door) -> None:
    async def fail(tx: Transaction, event: MessageWithdrawn) -> None:
        raise ZeroDivisionError

    event_id = new_id()
    failing = reception(door.ground, On(MessageWithdrawn, fail))
    codes = [(await door.post(BODY, headers(FACT, event_id=event_id), to=failing)).status_code for _ in range(3)]
    assert codes == [503, 503, 204]
    assert await door.parked() == [("handler_ZeroDivisionError", event_id)]


async def test_while_the_database_is_away_the_fact_must_come_again(door: Door) -> None:
    async def fail(tx: Transaction, event: MessageWithdrawn) -> None:
        raise ConnectionResetError

    failing = reception(door.ground, On(MessageWithdrawn, fail))
    codes = [(await door.post(BODY, headers(FACT), to=failing)).status_code for _ in range(5)]
    assert codes == [503] * 5
    assert await door.parked() == []
