"""1,000 cases due at one second, on a whole stack: how soon all are decided, and paged at the mail server.

`python -m tests.load.due [how many]`. Exit code 1 when the last decision takes 5 seconds or the last page 15.
"""

import asyncio
import sys
from datetime import timedelta

from tests.load.bench import machine
from tests.load.client import open_loop, report_body
from tests.support.system import System, running_stack, system_of, until

DECIDED, PAGED = 5.0, 15.0
SOON = timedelta(seconds=10)
_FAR = timedelta(hours=1)


async def waiting(system: System, count: int) -> None:
    """Have so many cases wait for a rating that does not come, all until the same moment."""
    system.stack.stop("triage-work")
    door = system.stack.place.port("intake-web")
    await open_loop(door, "/v1/reports", rate=100, bodies=[report_body() for _ in range(count)])

    async def stored() -> bool:
        found = await system.value("escalation", "SELECT count(*) FROM reports")
        await system.value("escalation", "UPDATE escalations SET rate_by = now() + $1 WHERE state = 'unrated'", _FAR)
        return bool(found >= count)

    await until(stored, within=300, every=0.5)
    await until(lambda: _read(system), within=120, every=1)


async def _read(system: System) -> bool:
    """Whether intake and escalation have nothing else to do."""
    unread = await system.value("intake", "SELECT count(*) FROM reports WHERE reading = 'pending'")
    return not unread + await system.value("escalation", "SELECT count(*) FROM outbox")


async def measured(system: System, count: int) -> tuple[float, float]:
    """Seconds from the moment at which all are due to the last decision, and to the last page taken."""
    await waiting(system, count)
    sql = "UPDATE escalations SET rate_by = now() + $1 WHERE state = 'unrated' RETURNING rate_by"
    (due, *more) = [row["rate_by"] for row in await system.rows("escalation", sql, SOON)]
    assert len(more) + 1 == count, f"{len(more) + 1} of {count} wait"

    async def all_paged() -> bool:
        sql = "SELECT count(*) FROM messages WHERE purpose = 'page' AND state = 'accepted'"
        return bool(await system.value("notify", sql) >= count)

    await until(all_paged, within=120, every=1)
    decided = await system.value("escalation", "SELECT max(requested_at) FROM pages")
    paged = await system.value("notify", "SELECT max(ended_at) FROM attempts")
    return (decided - due).total_seconds(), (paged - due).total_seconds()


async def main(count: int) -> int:
    """Measure, tell, and say whether it is fast enough."""
    with running_stack() as stack:
        async with system_of(stack) as system:
            decided, paged = await measured(system, count)
    print(
        f"machine: {machine()}\n{count} due at one second: decided within {decided:.1f} s, paged within {paged:.1f} s"
    )
    return 0 if decided <= DECIDED and paged <= PAGED else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)))
