"""What the doors' first answers cost, and whether *not yours* can be told from *not there* by the time it takes.

`python -m tests.load.doors [how many of each]`. In one process, on a real PostgreSQL: what is measured is the server.
Exit code 1 when the form's first answer takes 20 ms, or a difference stands out from what the machine does by itself.
"""

import asyncio
import logging
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import structlog

from deploy.local.keys import ensure_keys
from deploy.local.postgres import Postgres
from services.escalation import app as escalation_app
from services.escalation import seed
from services.intake import app as intake_app
from shared.events.codes import Unit
from tests.integration.attack.conftest import Doors, before, escalation_on, intake_on
from tests.integration.attack.test_escalation import UNKNOWN, Case, ask, keep_out, opened
from tests.integration.escalation.conftest import SEED
from tests.support.databases import fresh_database, running_server
from tests.support.services import open_ground

FIRST_ANSWER = 0.020
NOISE = 2.5
"""How much further apart two medians may be than those of two halves of the same."""
LOOKS = ("GET /v1/cases/{id}", "GET /v1/reports/{id}", "GET /cases/{id}", "POST /v1/cases/{id}/acknowledge")
Seconds = Mapping[str, Sequence[float]]


async def taken(act: Callable[[], Awaitable[Any]]) -> float:
    """Seconds of one act."""
    begun = time.perf_counter()
    await act()
    return time.perf_counter() - begun


async def in_turns(doors: Doors, endpoint: str, cases: Mapping[str, Case], *, rounds: int) -> Seconds:
    """One of each by turns, so that what else the machine does hits all alike."""
    shown = await (doors.cookie if endpoint.startswith("GET /cases") else doors.bearer)("consultant")
    found: dict[str, list[float]] = {kind: [] for kind in cases}
    for n in range(rounds):
        for kind in list(cases) if n % 2 else reversed(list(cases)):
            found[kind].append(await taken(lambda kind=kind: ask(doors, endpoint, shown, cases[kind])))  # type: ignore[misc]
    return found


def stands_out(found: Seconds) -> bool:
    """Whether the medians differ by more than those of the even and the odd tries at what is not there."""
    unknown = found["unknown"]
    itself = abs(statistics.median(unknown[::2]) - statistics.median(unknown[1::2]))
    spread = (statistics.quantiles(unknown, n=4)[2] - statistics.quantiles(unknown, n=4)[0]) / len(unknown) ** 0.5
    apart = max(abs(statistics.median(each) - statistics.median(unknown)) for each in found.values())
    return apart > NOISE * max(itself, 2 * spread)


def told(name: str, seconds: Sequence[float]) -> str:
    """One line of the table."""
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    return f"  {name:<50}{1000 * cuts[49]:>10.2f}{1000 * cuts[94]:>10.2f}"


async def measured(postgres: Postgres, keys: Path, rounds: int) -> list[str]:
    """Print the table; what is wrong with it."""
    wrong = []
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(fresh_database(postgres, intake_app.MIGRATIONS))
        intake = intake_on(await stack.enter_async_context(open_ground("intake", url, keys)))
        client = await stack.enter_async_context(before(intake))
        form = [await taken(lambda: client.get("/")) for _ in range(rounds)]
        print(f"first answers{'p50 ms':>49}{'p95 ms':>10}\n{told('the form', form)}")
        wrong += ["the form's first answer takes too long"] if statistics.median(form) > FIRST_ANSWER else []
        url = await stack.enter_async_context(fresh_database(postgres, escalation_app.MIGRATIONS))
        ground = await stack.enter_async_context(open_ground("escalation", url, keys))
        async with ground.pool.acquire() as conn:
            await seed.load(conn, seed.read(SEED))
        app = escalation_on(ground)
        doors = Doors(ground, app, await stack.enter_async_context(before(app)))
        cases = {"another unit's": await opened(doors, unit=Unit.AMAGER), "kept out of": await opened(doors)}
        await keep_out(doors, cases["kept out of"])
        for endpoint in LOOKS:
            found = await in_turns(doors, endpoint, {**cases, "unknown": UNKNOWN}, rounds=rounds)
            print("\n".join(told(f"{endpoint}, {kind}", each) for kind, each in found.items()))
            wrong += [f"{endpoint}: the time tells"] if stands_out(found) else []
    return wrong


def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory() as folder, running_server(Path(folder) / "data") as postgres:
        keys = Path(folder) / "keys"
        ensure_keys(keys, local_issuer=True)
        wrong = asyncio.run(measured(postgres, keys, rounds))
    print("\n".join(wrong))
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
