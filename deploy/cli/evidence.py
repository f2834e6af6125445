"""`beredskab verify-evidence`: every chain of evidence link by link, and every reading on both sides."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import asyncpg
import typer
from aiokafka import AIOKafkaConsumer, TopicPartition
from joserfc.jwk import KeySet

from deploy.local.keys import replace
from deploy.local.place import Place
from deploy.local.stack import Stack
from deploy.local.trouble import Trouble
from shared.auth.bearer import key_in
from shared.evidence import broken_at
from shared.evidence.heads import TOPIC, WITH_EVIDENCE, Anchor, Forged, broken_heads, gaps, read
from shared.ids import CaseId
from shared.sealing import MacKeys

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


async def verify(
    databases: Mapping[str, str], macs: Mapping[str, MacKeys], anchors: Sequence[Anchor] = ()
) -> list[dict[str, Any]]:
    """For each service: how many cases and entries there are, and the cases whose chain breaks, and where.

    A chain breaks too where it is not what `anchors` say was handed out.
    """
    return [
        {
            "service": service,
            **await _verified(url, macs[service], [each for each in anchors if each.service == service]),
        }
        for service, url in databases.items()
    ]


async def _verified(url: str, macs: MacKeys, anchors: Sequence[Anchor]) -> dict[str, Any]:
    conn = await asyncpg.connect(url, timeout=10)
    try:
        async with conn.transaction(isolation="repeatable_read", readonly=True):
            cases = await conn.fetch("SELECT case_id FROM cases ORDER BY case_id")
            at = {row["case_id"]: await broken_at(conn, CaseId(row["case_id"]), macs) for row in cases}
            handed_out = dict(await broken_heads(conn, anchors))
            orphans = await conn.fetch(
                "SELECT DISTINCT case_id FROM evidence WHERE case_id NOT IN (SELECT case_id FROM cases)"
            )
            entries = await conn.fetchval("SELECT count(*) FROM evidence")
    finally:
        await conn.close()
    chains = {case_id: n for case_id, n in at.items() if n is not None}
    broken = [{"case_id": str(case_id), "entry": n} for case_id, n in (handed_out | chains).items()]
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


async def handed_out(client: Mapping[str, Any]) -> list[str]:
    """Every text in the topic of heads, in order. Raises aiokafka's errors."""
    part = TopicPartition(TOPIC, 0)
    consumer = AIOKafkaConsumer(**client, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign([part])
        begin, end = (await consumer.beginning_offsets([part]))[part], (await consumer.end_offsets([part]))[part]
        consumer.seek(part, begin)
        texts: list[str] = []
        while await consumer.position(part) < end:
            for records in (await consumer.getmany(part, timeout_ms=200)).values():
                texts += [record.value.decode("ascii", "replace") for record in records if record.value]
        return texts
    finally:
        await consumer.stop()


def _anchors_in(file: Path, place: Place) -> list[Anchor]:
    public = sorted((place.home / "keys" / "intake" / "public").glob("*.jwk"))
    keys = KeySet([key_in(path) for path in public if path.stem in WITH_EVIDENCE])
    try:
        anchors = [read(line, keys) for line in file.read_text(encoding="ascii").split()]
    except OSError as error:
        raise Trouble(f"{file} cannot be read: {error.strerror}.") from None
    except (Forged, UnicodeError):
        raise Trouble(f"{file} holds a line that none of the services has signed.") from None
    if missing := gaps(anchors):
        raise Trouble(f"{file} is not whole: anchor {missing[0]} is missing or another.")
    return anchors


def verify_evidence(
    as_json: AsJson = False,
    anchor: Annotated[Path | None, typer.Option(help="Check against a file of heads that was exported before.")] = None,
    export: Annotated[Path | None, typer.Option(help="Write the heads that were handed out so far to a file.")] = None,
) -> None:
    """Whether any evidence was changed, left out or added, and every reading was granted. Exit code 1 when not."""
    place = Place.chosen()
    Stack(place.home, place.port_base).demand("postgres", *(["kafka"] if export else []))
    if export:
        replace(export, "".join(f"{text}\n" for text in asyncio.run(handed_out(place.kafka_client()))))
    anchors = _anchors_in(anchor, place) if anchor else []
    server = place.postgres()
    urls = {name: server.url(name, user=name, password=place.password(name)) for name in WITH_EVIDENCE}
    macs = {name: MacKeys.read(place.home / "keys" / name / "evidence.json") for name in WITH_EVIDENCE}
    found = asyncio.run(verify(urls, macs, anchors))
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
