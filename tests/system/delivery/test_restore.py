"""A database is put back from a copy: `beredskab reconcile` brings what came since, as the runbook says."""

import asyncio
import json
from uuid import UUID, uuid4

import asyncpg
from aiokafka import AIOKafkaProducer

from deploy.local.postgres import owner_of
from tests.support.children import new_child
from tests.support.system import System, until
from tests.support.traffic import concern, nothing_lost_nothing_doubled, sent_until_in
from tests.system.delivery.conftest import started
from tests.system.delivery.test_parked import poison
from tests.system.test_cli import answer, beredskab

PROCESSES = {
    "triage": ("triage-work",),
    "escalation": ("escalation-web", "escalation-work"),
    "intake": ("intake-web", "intake-work"),
}
HEAR_OF_REPORTS = ("triage", "escalation")
OPEN = """SELECT count(*) FROM escalations JOIN reports USING (case_id)
          WHERE report_id = ANY($1) AND state <> 'closed' AND next_at IS NOT NULL"""


async def test_after_a_copy_is_put_back_reconcile_brings_the_reports_that_came_since(faulty: System) -> None:
    """Both databases at once, by the steps of the runbook, with a demand open for an event that nobody could read."""
    await forged(faulty, "intake.reports")
    await until(faulty.at_rest, within=120)
    for service in HEAR_OF_REPORTS:
        await stopped(faulty, service)
        await copied(faulty, service, f"{service}_copy")
        await running(faulty, service)
    sent = [await sent_until_in(faulty, concern()) for _ in range(2)]
    ids = [UUID(each["report_id"]) for each in sent]
    for each in sent:
        await faulty.paged(each["report_id"], within=120)
    await until(faulty.at_rest, within=120)
    for service in HEAR_OF_REPORTS:
        await stopped(faulty, service)
        await put_back(faulty, service, f"{service}_copy")
    assert [await known(faulty, service, ids) for service in HEAR_OF_REPORTS] == [0, 0]
    for service in HEAR_OF_REPORTS:
        await running(faulty, service)
    told = await asyncio.to_thread(answer, faulty.stack, "reconcile", "--within", "240")
    assert not any(told["missing"].values())
    await nothing_lost_nothing_doubled(faulty, ids)
    assert await faulty.value("escalation", OPEN, ids) == 2
    assert [await known(faulty, service, ids) for service in HEAR_OF_REPORTS] == [2, 2]


async def forged(system: System, topic: str) -> None:
    """Let records that nobody can read, and that name no case there is, come to the topic."""
    producer = AIOKafkaProducer(**system.stack.place.kafka_client())
    await producer.start()
    try:
        for body, headers in poison(topic):
            await producer.send_and_wait(topic, body, key=uuid4().bytes, headers=headers)
    finally:
        await producer.stop()

    async def demanded() -> bool:
        return bool(await system.value("escalation", "SELECT count(*) FROM reports WHERE bare"))

    await until(demanded, within=60)


async def known(system: System, service: str, report_ids: list[UUID]) -> int:
    table = "facts" if service == "triage" else "reports"
    return int(await system.value(service, f"SELECT count(*) FROM {table} WHERE report_id = ANY($1)", report_ids))


async def stopped(system: System, service: str) -> None:
    for name in PROCESSES[service]:
        await asyncio.to_thread(system.stack.stop, name)


async def running(system: System, service: str) -> None:
    for name in PROCESSES[service]:
        await started(system, name)


async def copied(system: System, database: str, name: str) -> None:
    await _as_administrator(system, f"CREATE DATABASE {name} TEMPLATE {database} OWNER {owner_of(database)}")


async def put_back(system: System, database: str, name: str) -> None:
    await _as_administrator(
        system, f"DROP DATABASE {database} WITH (FORCE)", f"ALTER DATABASE {name} RENAME TO {database}"
    )


async def _as_administrator(system: System, *statements: str) -> None:
    conn = await asyncpg.connect(system.urls["postgres"])
    try:
        for each in statements:
            await conn.execute(each)
    finally:
        await conn.close()


async def test_when_intakes_own_copy_is_put_back_what_it_lost_is_named_and_stays_demanded(faulty: System) -> None:
    """Its words are gone, and no other service has them: a person must ask, and no figure says that all is well."""
    child = new_child()
    first = await sent_until_in(faulty, concern(children=[child], text="Først."))
    await faulty.paged(first["report_id"], within=120)
    await until(faulty.at_rest, within=120)
    await stopped(faulty, "intake")
    await copied(faulty, "intake", "intake_copy")
    await running(faulty, "intake")
    bodies = (concern(children=[child], text="Så dette."), concern())
    lost = [UUID((await sent_until_in(faulty, body))["report_id"]) for body in bodies]
    for each in lost:
        await faulty.paged(str(each), within=120)
    await until(faulty.at_rest, within=120)
    await stopped(faulty, "intake")
    await put_back(faulty, "intake", "intake_copy")
    await running(faulty, "intake")
    await named_as_missing(faulty, lost)
    again = await sent_until_in(faulty, concern(children=[child], text="Og dette."))
    case = await faulty.paged(again["report_id"], within=120)
    assert [each["report_no"] for each in case["reports"]] == [1, 2, 3]
    assert case["reports"][-1]["report_id"] == again["report_id"]
    assert await faulty.value("escalation", OPEN, [*lost, UUID(again["report_id"])]) == 3
    await until(faulty.at_rest, within=120)
    await named_as_missing(faulty, lost)


async def named_as_missing(system: System, report_ids: list[UUID]) -> None:
    """`reconcile` ends with an error, names these alone, and nothing else is left to be done."""
    ended = await asyncio.to_thread(beredskab, system.stack, "reconcile", "--within", "240", "--json")
    assert ended.returncode == 1
    told = json.loads(ended.stdout)
    assert {name: sorted(map(UUID, ids)) for name, ids in told["missing"].items()} == {
        "triage": [],
        "escalation": [],
        "intake": sorted(report_ids),
    }
    assert not any(told["unconfirmed"].values())
