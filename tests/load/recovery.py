"""How soon events are handled again after a fault, under traffic: `python -m tests.load.recovery` prints it.

Each worker and PostgreSQL are killed -9, and Kafka is frozen. A service takes traffic again with the first event from
Kafka that it has handled without error since. At the end nothing is lost and nothing doubled. Exit code 1 when a
service took longer than it may.
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from tests.load.bench import WORKERS, machine
from tests.support.system import HEARS, System, running_stack, system_of, until
from tests.support.traffic import nothing_lost_nothing_doubled, traffic

A_SECOND = 20
FROZEN = 20.0
AFTER_A_FREEZE = 2.0
AFTER_A_KILL = 5.0
SETTLED = 8.0


async def handled_after(system: System, moment: float) -> Mapping[str, float]:
    """By service, the seconds from a moment (Unix time) to the end of the first event from Kafka handled without error.

    Spans are told every few seconds: a service that is missing may have handled some.
    """
    found: dict[str, float] = {}
    for span in await system.spans():
        tags: Mapping[str, Any] = span["tags"]
        ended = (span["timestamp"] + span["duration"]) / 1e6
        if span.get("kind") == "CONSUMER" and "messaging.kafka.offset" in tags and "error" not in tags:
            service = span["localEndpoint"]["serviceName"]
            if ended > moment:
                found[service] = min(ended - moment, found.get(service, float("inf")))
    return found


async def recovered(system: System, moment: float) -> Mapping[str, float]:
    """The same, once every service has."""

    async def all_of_them() -> Mapping[str, float]:
        found = await handled_after(system, moment)
        return found if set(found) >= set(HEARS) else {}

    return await until(all_of_them, within=90, every=1)


async def killed(system: System, name: str) -> float:
    """Kill -9; the moment from which it is gone."""
    await asyncio.to_thread(system.stack.kill, name)
    return time.time()


async def frozen(system: System) -> float:
    """Kafka answers nothing for a while; the moment from which it may again."""
    pid = system.stack.pid("kafka")
    assert pid
    os.kill(pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(FROZEN)
    finally:
        os.kill(pid, signal.SIGCONT)
    return time.time()


async def measured(system: System, tell: Callable[[str], None]) -> bool:
    """Whether every service took traffic again as soon as it must after each fault."""
    late = []
    async with traffic(system, a_second=A_SECOND) as flow:
        for fault in (*WORKERS, "postgres", "kafka frozen"):
            await asyncio.sleep(SETTLED)
            moment = await (frozen(system) if fault == "kafka frozen" else killed(system, fault))
            found = await recovered(system, moment)
            at_most = AFTER_A_FREEZE if fault == "kafka frozen" else AFTER_A_KILL
            late += [f"{service} after {fault}" for service, seconds in found.items() if seconds > at_most]
            tell(f"{fault:<18}" + "".join(f"{service} {found[service]:5.2f} s   " for service in sorted(HEARS)))
    await nothing_lost_nothing_doubled(system, flow.report_ids)
    tell(f"{len(flow.report_ids)} reports: none lost, none doubled")
    tell(f"later than it must: {', '.join(late) or 'none'}")
    return not late


@asynccontextmanager
async def _system() -> AsyncIterator[System]:
    with running_stack() as stack:
        async with system_of(stack) as system:
            yield system


async def _main() -> int:
    async with _system() as system:
        print(f"machine: {machine()}\nfirst event from Kafka handled after", flush=True)
        return 0 if await measured(system, lambda line: print(line, flush=True)) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(_main()))
