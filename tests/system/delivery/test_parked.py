"""Poison on every topic of the real stack: it is parked or passed over, its case goes on, and operators can mend it."""

import asyncio
import json
import os
import subprocess
import sys
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiokafka import AIOKafkaProducer

from deploy.local.place import ROOT
from shared.events.consumers import CONSUMERS
from shared.events.envelope import EVENTS
from tests.support.system import TOPICS, System, until
from tests.support.traffic import concern

pytestmark = pytest.mark.timeout(900)
SECRET = "Ane 010170-1234 siger"
HEARD = {topic: {who for event, whom in CONSUMERS.items() if event.topic == topic for who in whom} for topic in TOPICS}


async def command(system: System, *words: str) -> Any:
    """What `beredskab … --json` answers."""
    place = system.stack.place
    environment = {"BEREDSKAB_HOME": str(place.home), "BEREDSKAB_PORT_BASE": str(place.port_base)}
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "deploy.cli", *words, "--json"],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert SECRET not in done.stdout + done.stderr
    return json.loads(done.stdout)


def poison(topic: str) -> list[tuple[bytes | None, list[tuple[str, Any]]]]:
    """Records that no handler can take, full of what must not be repeated."""
    owner = topic.split(".")[0]
    known = next(event.type for event in EVENTS.values() if event.topic == topic)
    good = {"ce_id": str(uuid4()), "ce_source": owner, "ce_time": "2026-03-10T12:00:00+00:00", "ce_sequence": "1"}

    def headers(**more: str) -> list[tuple[str, Any]]:
        return [(name, value.encode()) for name, value in (good | {"ce_id": str(uuid4())} | more).items()]

    return [
        (SECRET.encode(), [(SECRET, SECRET.encode()), ("ce_id", None)]),
        (SECRET.encode(), [*headers(ce_type=known), ("ce_note", b"\xff\xfe")]),
        (SECRET.encode(), headers(ce_type=known.removesuffix("1") + "9")),
        (SECRET.encode(), headers(ce_type=f"beredskab.{owner}.told-later.v1")),
    ]


async def test_poison_on_each_topic_is_parked_by_who_hears_it_and_holds_up_nobody(faulty: System) -> None:
    sent = await faulty.send(concern())
    case = await faulty.paged(sent["report_id"], within=60)
    key = UUID(case["case_id"]).bytes
    producer = AIOKafkaProducer(**faulty.stack.place.kafka_client())
    await producer.start()
    try:
        for topic in TOPICS:
            for body, headers in poison(topic):
                await producer.send_and_wait(topic, body, key=key, headers=headers)
    finally:
        await producer.stop()
    second = await faulty.send(concern(children=[], text=None))
    await faulty.paged(second["report_id"], within=60)
    expected = sorted(
        (who, topic, reason)
        for topic in TOPICS
        for who in HEARD[topic]
        for reason in ("envelope_malformed", "body_malformed", "major_version_unknown")
    )

    async def all_parked() -> bool:
        rows = await command(faulty, "parked", "list")
        return sorted((row["service"], row["topic"], row["reason"]) for row in rows) == expected

    await until(all_parked, within=30, every=0.5)

    async def counted() -> bool:
        figures = {(each["service"], each["name"]): each["value"] for each in await faulty.metrics()}
        return all(figures.get((service, "beredskab.parked"), 0) >= 3 for service in ("intake", "triage", "notify"))

    await until(counted, within=60, every=1)
    one, *others = await command(faulty, "parked", "list")
    assert (await command(faulty, "parked", "show", one["parked_id"], "--service", one["service"]))["sealed_bytes"]
    await command(faulty, "parked", "discard", one["parked_id"], "--service", one["service"])
    assert await command(faulty, "parked", "list") == others
    assert all(SECRET not in text for text in faulty.logs().values())


async def test_what_failed_for_a_fault_of_ours_is_replayed_once_after_it_was_mended(faulty: System) -> None:
    async with faulty.database("notify") as conn:
        await conn.execute("ALTER TABLE cases RENAME TO broken")
    try:
        sent = await faulty.send(concern())

        async def failed() -> Any:
            rows = await command(faulty, "parked", "list", "--service", "notify")
            return [row for row in rows if row["reason"] == "handler_UndefinedTableError"]

        (row,) = await until(failed, within=60, every=0.5)
    finally:
        async with faulty.database("notify") as conn:
            await conn.execute("ALTER TABLE broken RENAME TO cases")
    (replayed,) = await command(faulty, "parked", "replay", row["parked_id"])
    assert replayed["state"] == "replayed"
    case = await faulty.paged(sent["report_id"], within=60)
    asked = "SELECT count(*) FROM messages WHERE case_id = $1 AND purpose = 'page'"
    assert await faulty.value("notify", asked, UUID(case["case_id"])) == 1
    assert [each["rows"] for each in await command(faulty, "outbox")] == [0, 0, 0, 0]


@pytest.mark.parametrize("topic", TOPICS)
def test_every_topic_is_heard(topic: str) -> None:
    assert HEARD[topic]
