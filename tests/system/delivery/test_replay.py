"""Everything that was ever told is told again, twice and backwards: the databases stay as they are, row for row."""

import random
from uuid import UUID

import pytest
from aiokafka import AIOKafkaProducer

from tests.support.system import DATABASES, System
from tests.support.traffic import concern, nothing_lost_nothing_doubled

pytestmark = pytest.mark.timeout(900)


async def dump(system: System) -> dict[str, list[str]]:
    """Every row of every table of every service."""
    found: dict[str, list[str]] = {}
    for name in DATABASES:
        async with system.database(name) as conn:
            tables = await conn.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            for table in (row["tablename"] for row in tables):
                rows = await conn.fetch(f"SELECT row_to_json(t)::text AS row FROM {table} t ORDER BY 1")
                found[f"{name}.{table}"] = [row["row"] for row in rows]
    return found


async def tell_again(system: System) -> int:
    """Put every record on its topic again, twice, in any order; how many that were."""
    records = await system.records()
    again = [*records, *records]
    random.Random(7).shuffle(again)
    producer = AIOKafkaProducer(**system.stack.place.kafka_client())
    await producer.start()
    try:
        for record in again:
            await producer.send(record.topic, record.value, key=record.key, headers=[*record.headers])
        await producer.flush()
    finally:
        await producer.stop()
    return len(again)


async def test_what_is_told_again_changes_nothing(faulty: System) -> None:
    sent = [UUID((await faulty.send(concern()))["report_id"]) for _ in range(5)]
    changed: list[str] = []
    for _ in range(3):  # a ladder may climb meanwhile: that is time's doing, and does not happen every time
        await nothing_lost_nothing_doubled(faulty, sent)
        before = await dump(faulty)
        assert await tell_again(faulty) > 20
        await nothing_lost_nothing_doubled(faulty, sent)
        after = await dump(faulty)
        changed = [table for table in before if before[table] != after[table]]
        if not changed:
            return
    assert changed == []
