"""`beredskab verify-evidence`: every chain of evidence link by link, and every reading on both sides."""

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


async def unmatched_reads(*, intake: str, escalation: str) -> list[str]:
    """The readings in intake's evidence that escalation's does not know, or knows otherwise, by the grant's id."""
    shown, granted = await _reads(intake), await _reads(escalation)
    return sorted(grant for grant, read in shown.items() if granted.get(grant) != read)


async def _reads(url: str) -> dict[str, tuple[str, str]]:
    conn = await asyncpg.connect(url, timeout=10)
    try:
        rows = await conn.fetch(
            "SELECT facts::json->>'grant_id' AS grant, actor::text, facts FROM evidence WHERE act = 'report_read'"
        )
    finally:
        await conn.close()
    return {row["grant"]: (row["actor"], row["facts"]) for row in rows}


def verify_evidence(as_json: AsJson = False) -> None:
    """Whether any evidence was changed, left out or added, and every reading was granted. Exit code 1 when not."""
    place = Place.chosen()
    Stack(place.home, place.port_base).demand("postgres")
    server = place.postgres()
    urls = {name: server.url(name, user=name, password=place.password(name)) for name in WITH_EVIDENCE}
    found = asyncio.run(verify(urls))
    strays = asyncio.run(unmatched_reads(intake=urls["intake"], escalation=urls["escalation"]))
    if as_json:
        print(
            json.dumps([{**each, "unmatched_reads": strays} if each["service"] == "intake" else each for each in found])
        )
    else:
        for each in found:
            print(f"{each['service']:<11} {each['cases']} cases, {each['entries']} entries")
    broken = [
        f"{each['service']} {case['case_id']} from entry {case['entry']}" for each in found for case in each["broken"]
    ]
    if strays:
        raise Trouble(f"intake showed reports that escalation never granted: {', '.join(strays)}.")
    if broken:
        raise Trouble(f"The evidence does not hold: {'; '.join(broken)}.")
