"""Kafka's disk is put back from an older copy, on a whole stack: what it had acknowledged since is sent again."""

import asyncio
import shutil
from uuid import UUID

from tests.support.system import System, until
from tests.support.traffic import concern, nothing_lost_nothing_doubled, sent_until_in
from tests.system.delivery.conftest import started

CONSUMERS = ("triage-work", "escalation-work")
REPORTS = 36
"""Three for each of a topic's twelve partitions: some lose their end, some all that they had."""


async def test_36_reports_that_kafka_acknowledged_and_lost_have_an_escalation_and_a_page_each(faulty: System) -> None:
    await until(faulty.at_rest, within=120)
    log = faulty.stack.place.home / "kafka" / "log"
    copy = log.with_name("copy")
    await asyncio.to_thread(faulty.stack.stop, "kafka")
    await asyncio.to_thread(shutil.copytree, log, copy)
    await started(faulty, "kafka")
    for name in CONSUMERS:
        await asyncio.to_thread(faulty.stack.stop, name)
    sent = await asyncio.gather(*(sent_until_in(faulty, concern()) for _ in range(REPORTS)))
    ids = [UUID(each["report_id"]) for each in sent]
    await until(lambda: acknowledged(faulty, ids), within=60)
    await asyncio.to_thread(faulty.stack.stop, "kafka")
    await asyncio.to_thread(shutil.rmtree, log)
    await asyncio.to_thread(copy.rename, log)
    await started(faulty, "kafka")
    await asyncio.gather(*(started(faulty, name) for name in CONSUMERS))
    await until(lambda: paged(faulty, ids), within=120)
    await nothing_lost_nothing_doubled(faulty, ids)
    waiting = "SELECT count(*) FROM kept JOIN reports USING (case_id) WHERE report_id = ANY($1) AND waits_for <> '{}'"
    await until(lambda: nothing(faulty, waiting, ids), within=60)


async def acknowledged(system: System, report_ids: list[UUID]) -> bool:
    """Whether Kafka has said that it has every fact of these reports: none waits to be sent."""
    waiting = "SELECT count(*) FROM outbox JOIN reports USING (case_id) WHERE report_id = ANY($1)"
    return await nothing(system, waiting, report_ids)


async def nothing(system: System, count: str, report_ids: list[UUID]) -> bool:
    return await system.value("intake", count, report_ids) == 0


async def paged(system: System, report_ids: list[UUID]) -> bool:
    """Whether each of them has an open escalation, of which somebody was told by mail."""
    opened = """SELECT case_id FROM escalations JOIN reports USING (case_id)
                WHERE report_id = ANY($1) AND state <> 'closed' AND next_at IS NOT NULL"""
    cases = {row["case_id"] for row in await system.rows("escalation", opened, report_ids)}
    told = """SELECT DISTINCT case_id FROM messages
              WHERE case_id = ANY($1) AND purpose = 'page' AND state = 'accepted'"""
    return len(cases) == len(report_ids) == len(await system.rows("notify", told, list(cases)))
