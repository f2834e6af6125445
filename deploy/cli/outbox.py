"""`beredskab outbox`: the facts of each service that wait for Kafka."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import asyncpg

_WAITING = """SELECT count(*) AS rows, count(stuck) AS stuck, count(*) FILTER (WHERE urgent) AS urgent,
                     count(*) FILTER (WHERE waits_for <> '{}') AS not_handed_over, min(created_at) AS oldest
              FROM outbox"""


async def waiting(databases: Mapping[str, str], *, now: datetime) -> list[dict[str, Any]]:
    """For each service: how many wait, since when, and how many of them Kafka will not take."""
    found = []
    for service, url in databases.items():
        row = dict(await _row(url))
        oldest = row.pop("oldest")
        age = round((now - oldest).total_seconds(), 1) if oldest else None
        found.append({"service": service, **row, "oldest_seconds": age})
    return found


async def release(databases: Mapping[str, str]) -> None:
    """Let Kafka be offered again what it would not take: after its limits were raised, say."""
    for url in databases.values():
        conn = await asyncpg.connect(url, timeout=10)
        try:
            await conn.execute("UPDATE outbox SET stuck = NULL WHERE stuck IS NOT NULL")
        finally:
            await conn.close()


async def _row(url: str) -> asyncpg.Record:
    conn = await asyncpg.connect(url, timeout=10)
    try:
        row = await conn.fetchrow(_WAITING)
    finally:
        await conn.close()
    assert row is not None
    return row
