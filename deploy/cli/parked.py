"""`beredskab parked`: events that could not have their effect. Shown by what is known of them, never by their content.

A replay is done by the service itself: it alone can unseal them, and its inbox sees to it that the effect comes once.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import asyncpg

from deploy.local.trouble import Trouble
from shared.postgres.wake import CHANNEL

_COLUMNS = """parked_id, state, reason, type, event_id, topic, partition, "offset", header_names, parked_at, settled_at,
              octet_length(sealed) AS sealed_bytes"""
_PATIENCE = 15.0
Row = dict[str, Any]
Databases = Mapping[str, str]
"""The services' databases: URL by service."""


async def listed(databases: Databases, *, all_states: bool = False) -> list[Row]:
    """What is parked, oldest first; with `all_states` also what was replayed or discarded."""
    where = "" if all_states else "WHERE state IN ('parked', 'asked')"
    found = [row for service in databases for row in await _rows(databases, service, where)]
    return sorted(found, key=lambda row: row["parked_at"])


async def found(databases: Databases, parked_id: str) -> Row:
    """The one whose id begins like this. Raises `Trouble` when there is none, or more than one."""
    rows = [
        row
        for service in databases
        for row in await _rows(databases, service, "WHERE starts_with(parked_id::text, $1)", parked_id.lower())
    ]
    if not rows:
        raise Trouble(f"No parked event has an id that begins with {parked_id!r}: `beredskab parked list` shows them.")
    if len(rows) > 1:
        raise Trouble(f"{len(rows)} parked events have an id that begins with {parked_id!r}: write more, or --service.")
    return rows[0]


async def replay(databases: Databases, rows: Sequence[Row], *, within: float = _PATIENCE) -> list[Row]:
    """Have the services take these in again, and wait for what comes of it; each as it stands then."""
    for row in rows:
        if row["state"] not in ("parked", "asked"):
            raise Trouble(f"{row['parked_id']} is {row['state']} already.")
        await _execute(databases, row, "UPDATE parked SET state = 'asked' WHERE parked_id = $1", row["parked_id"])
    for service in {row["service"] for row in rows}:
        await _execute(databases, {"service": service}, f"NOTIFY {CHANNEL}")
    deadline = time.monotonic() + within
    while True:
        now = [await found({row["service"]: databases[row["service"]]}, str(row["parked_id"])) for row in rows]
        waiting = [row for row in now if row["state"] == "asked"]
        if not waiting or time.monotonic() > deadline:
            return now
        await asyncio.sleep(0.1)


async def discard(databases: Databases, row: Row, *, now: datetime) -> Row:
    """Give it up: its bytes are destroyed, that it was there is not."""
    if row["state"] != "parked":
        raise Trouble(f"{row['parked_id']} is {row['state']}: only what is parked can be discarded.")
    sql = (
        "UPDATE parked SET state = 'discarded', sealed = '', settled_at = $2 WHERE parked_id = $1 AND state = 'parked'"
    )
    await _execute(databases, row, sql, row["parked_id"], now)
    return await found({row["service"]: databases[row["service"]]}, str(row["parked_id"]))


async def _rows(databases: Databases, service: str, where: str, *values: object) -> list[Row]:
    conn = await asyncpg.connect(databases[service], timeout=10)
    try:
        rows = await conn.fetch(f"SELECT {_COLUMNS} FROM parked {where} ORDER BY parked_at", *values)
    finally:
        await conn.close()
    return [{"service": service, **row} for row in rows]


async def _execute(databases: Databases, row: Row, sql: str, *values: object) -> None:
    conn = await asyncpg.connect(databases[row["service"]], timeout=10)
    try:
        await conn.execute(sql, *values)
    finally:
        await conn.close()
