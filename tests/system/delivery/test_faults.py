"""The whole system, ill-treated: brokers, databases and workers die. Nothing is lost, nothing is done twice.

`make soak` has it endure longer.
"""

import asyncio
import os
import signal
from collections import Counter
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import httpx2
import pytest

from shared.crash import POINTS
from tests.support.children import new_child
from tests.support.system import System, one_by_one, until
from tests.support.traffic import ACUTE, answered, concern, nothing_lost_nothing_doubled, sent_until_in, traffic
from tests.system.delivery.conftest import restarted, started

pytestmark = pytest.mark.timeout(14_400 if os.environ.get("BEREDSKAB_SOAK") else 1800)
SOAK = bool(os.environ.get("BEREDSKAB_SOAK"))
WORKERS = ("intake-work", "triage-work", "escalation-work", "notify-work")
ROAD = tuple(point for point in POINTS if point.startswith("second_road."))
HANDLING = tuple(point for point in POINTS if point not in ROAD)
DOING = ("act.before_commit", "act.after_commit")


async def test_a_frozen_kafka_loses_and_doubles_nothing_and_has_traffic_soon_after(faulty: System) -> None:
    async with traffic(faulty, a_second=20 if SOAK else 8) as flow:
        await asyncio.sleep(1)
        kafka = faulty.stack.pid("kafka")
        assert kafka
        os.kill(kafka, signal.SIGSTOP)
        try:
            await asyncio.sleep(20 if SOAK else 8)
        finally:
            os.kill(kafka, signal.SIGCONT)
        await until(lambda: _outboxes_empty(faulty), within=60)
    await nothing_lost_nothing_doubled(faulty, flow.report_ids)


async def _outboxes_empty(system: System) -> bool:
    """Whether no fact has waited for Kafka longer than the traffic of a moment does."""
    return max([await system.value(name, "SELECT count(*) FROM outbox") for name in _DATABASES]) < 10


_DATABASES = ("intake", "triage", "escalation", "notify")


async def test_a_crowd_gets_in_while_everything_is_killed(faulty: System) -> None:
    shared = [new_child() for _ in range(10)]

    async def client(n: int) -> list[dict[str, str]]:
        answers = []
        for i in range(50 if SOAK else 12):
            children = [shared[(n + i) % 10] if i % 2 else new_child()]
            body = {"children": children, "answers": ACUTE, "text": f"{uuid4()}"}
            answers.append(await (sent_until_in(faulty, body) if i % 4 else _twice(faulty, body)))
        return answers

    async def killer() -> None:
        for name in ("intake-web", *WORKERS, "intake-web", "postgres", "escalation-web", "intake-web", "intake-work"):
            await until(lambda name=name: _runs(faulty, name))
            await asyncio.to_thread(faulty.stack.kill, name)
            await asyncio.sleep(0.5)

    *answers, _ = await asyncio.gather(*(client(n) for n in range(16)), killer())
    ids = [answer["report_id"] for each in answers for answer in each]
    assert len(ids) == 16 * (50 if SOAK else 12)
    assert Counter(ids) == dict.fromkeys(ids, 1)
    await nothing_lost_nothing_doubled(faulty, [UUID(each) for each in ids], one_each=False)


async def _runs(system: System, name: str) -> bool:
    return system.stack.pid(name) is not None


async def _twice(system: System, body: dict[str, object]) -> dict[str, str]:
    key = str(uuid4())
    first, second = await asyncio.gather(*(sent_until_in(system, body, key=key) for _ in range(2)))
    assert first == second
    return first


async def test_each_service_survives_a_crash_at_each_point(faulty: System) -> None:
    for _ in range(20 if SOAK else 1):
        armed = {**dict.fromkeys(WORKERS, HANDLING), "intake-web": DOING, "escalation-web": DOING}
        await _crash_at_all(faulty, armed)


async def test_each_service_survives_a_crash_on_the_second_road_and_starts_without_kafka(faulty: System) -> None:
    for _ in range(20 if SOAK else 1):
        await _crash_at_all(faulty, dict.fromkeys(WORKERS, ROAD), without_kafka=True)


async def _crash_at_all(system: System, armed: dict[str, tuple[str, ...]], *, without_kafka: bool = False) -> None:
    """Have every process die once at each of its points, while reports are sent and answered; then look."""
    notes = {name: system.stack.place.home / f"crashed-{name}-{uuid4().hex[:6]}" for name in armed}
    system.stack.override(
        one_by_one(
            {
                name: {"CRASH_AT": ",".join(points), "CRASH_ALLOWED": "1", "CRASH_ONCE": str(notes[name])}
                for name, points in armed.items()
            }
        )
    )
    await restarted(system, *armed)
    if without_kafka:
        system.stack.stop("kafka", by=signal.SIGKILL)
    sent: list[dict[str, str]] = []

    def left() -> dict[str, set[str]]:
        return {name: rest for name, points in armed.items() if (rest := set(points) - _had(notes[name]))}

    while left():
        assert len(sent) < 10, f"never reached: {left()}"
        sent.append(await sent_until_in(system, concern()))
        await answered(system, sent[-1], within=900)
    system.stack.override(one_by_one({}))
    await started(system, "kafka")
    await nothing_lost_nothing_doubled(system, [UUID(each["report_id"]) for each in sent])


def _had(notes: Path) -> set[str]:
    return set(notes.read_text("utf-8").split()) if notes.exists() else set()


async def test_a_rolling_restart_refuses_no_report(faulty: System) -> None:
    statuses: list[int] = []
    over = asyncio.Event()

    async def client() -> None:
        async with httpx2.AsyncClient(timeout=300, trust_env=False) as patient:
            system = replace(faulty, client=patient)
            while not over.is_set():
                statuses.append((await system.post(concern(), key=str(uuid4()))).status_code)
                await asyncio.sleep(0.05)

    async def restarts() -> None:
        for _ in range(2):
            await restarted(faulty, "intake-web")
        over.set()

    await asyncio.gather(*(client() for _ in range(4)), restarts())
    assert set(statuses) == {201}
