"""`beredskab verify-evidence`: whether the chain of evidence of every case follows, link by link."""

import asyncio
import json
from collections.abc import Mapping
from typing import Annotated, Any

import asyncpg
import typer

from deploy.local.place import Place
from deploy.local.stack import Stack
from deploy.local.trouble import Trouble
from shared.evidence import broken_at
from shared.ids import CaseId

WITH_EVIDENCE = ("intake", "escalation", "notify")
"""triage keeps none: its ratings are append-only already."""
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


async def verify(databases: Mapping[str, str]) -> list[dict[str, Any]]:
    """For each service: how many cases and entries there are, and the cases whose chain breaks, and where."""
    return [{"service": service, **await _verified(url)} for service, url in databases.items()]


async def _verified(url: str) -> dict[str, Any]:
    conn = await asyncpg.connect(url, timeout=10)
    try:
        async with conn.transaction(isolation="repeatable_read", readonly=True):
            cases = await conn.fetch("SELECT case_id FROM cases ORDER BY case_id")
            at = {row["case_id"]: await broken_at(conn, CaseId(row["case_id"])) for row in cases}
            orphans = await conn.fetch(
                "SELECT DISTINCT case_id FROM evidence WHERE case_id NOT IN (SELECT case_id FROM cases)"
            )
            entries = await conn.fetchval("SELECT count(*) FROM evidence")
    finally:
        await conn.close()
    broken = [{"case_id": str(case_id), "entry": n} for case_id, n in at.items() if n is not None]
    return {
        "cases": len(at),
        "entries": entries,
        "broken": [*broken, *({"case_id": str(each["case_id"]), "entry": 1} for each in orphans)],
    }


def verify_evidence(as_json: AsJson = False) -> None:
    """Whether any evidence was changed, left out or added afterwards. Exit code 1 when it was."""
    place = Place.chosen()
    Stack(place.home, place.port_base).demand("postgres")
    server = place.postgres()
    found = asyncio.run(
        verify({name: server.url(name, user=name, password=place.password(name)) for name in WITH_EVIDENCE})
    )
    if as_json:
        print(json.dumps(found))
    else:
        for each in found:
            print(f"{each['service']:<11} {each['cases']} cases, {each['entries']} entries")
    broken = [
        f"{each['service']} {case['case_id']} from entry {case['entry']}" for each in found for case in each["broken"]
    ]
    if broken:
        raise Trouble(f"The evidence does not hold: {'; '.join(broken)}.")
