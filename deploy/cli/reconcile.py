"""`beredskab reconcile`: after a database was put back, everything is asked for anew, and what is missing sent again.

The services do it themselves, as they do with what Kafka loses: each asks the consumers of its facts what they have.
Here they are only told to, waited for, and checked: report by report, in intake, triage and escalation.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

Databases = Mapping[str, str]
"""The services' databases: URL by service."""
_REPORTS = {
    "triage": "SELECT report_id FROM facts WHERE received_at IS NOT NULL AND NOT canary",
    "escalation": "SELECT report_id FROM reports JOIN cases USING (case_id) WHERE NOT canary",
    "intake": "SELECT report_id FROM reports JOIN cases USING (case_id) WHERE NOT canary",
}
"""Intake is read last: what comes meanwhile is then missing elsewhere for a moment, and never in intake."""
_BARE = "SELECT report_id FROM reports WHERE bare"
"""Demands that escalation opened for an event that nobody could read: the report it named need not exist anywhere."""


@dataclass(frozen=True)
class Compared:
    """How it ended: facts that no consumer has confirmed, and reports that a service does not have, by service."""

    asked: dict[str, int]
    unconfirmed: dict[str, int]
    missing: dict[str, list[UUID]]

    @property
    def whole(self) -> bool:
        """Whether everybody has everything."""
        return self.settled and not any(self.missing.values())

    @property
    def settled(self) -> bool:
        """Whether nothing is on its way any more."""
        return not any(self.unconfirmed.values())


async def reconcile(databases: Databases, *, now: datetime, within: float) -> Compared:
    """Have everything that is kept asked for anew, and wait until it is confirmed, at most `within` seconds.

    Intake's own reports are kept by nobody else: what its copy lacks is named, and stays so.
    """
    deadline = time.monotonic() + within
    asked = {service: await _ask_anew(url, now) for service, url in databases.items()}
    before: Compared | None = None
    while True:
        unconfirmed = {service: await _value(url, _UNCONFIRMED) for service, url in databases.items()}
        found = Compared(asked, unconfirmed, await _missing(databases))
        stays = before is not None and before.settled and found.settled and before.missing == found.missing
        if found.whole or stays or time.monotonic() > deadline:
            return found
        before = found
        await asyncio.sleep(1)


_UNCONFIRMED = "SELECT (SELECT count(*) FROM kept WHERE waits_for <> '{}') + (SELECT count(*) FROM outbox)"


async def _ask_anew(url: str, now: datetime) -> int:
    query = """WITH anew AS (UPDATE kept SET waits_for = consumers, asked = 0, ask_at = $1 RETURNING 1)
               SELECT count(*) FROM anew"""
    return await _value(url, query, now)


async def _missing(databases: Databases) -> dict[str, list[UUID]]:
    have = {service: await _reports(databases[service], query) for service, query in _REPORTS.items()}
    named = {**have, "escalation": have["escalation"] - await _reports(databases["escalation"], _BARE)}
    return {service: sorted(set().union(*named.values()) - known) for service, known in have.items()}


async def _reports(url: str, query: str) -> set[UUID]:
    conn = await asyncpg.connect(url, timeout=10)
    try:
        return {row["report_id"] for row in await conn.fetch(query)}
    finally:
        await conn.close()


async def _value(url: str, query: str, *values: object) -> int:
    conn = await asyncpg.connect(url, timeout=10)
    try:
        found: int = await conn.fetchval(query, *values)
    finally:
        await conn.close()
    return found
