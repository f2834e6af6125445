"""How long the views of a case take that has many reports: the case as the API tells it, its news, the work list.

`python -m tests.load.long_case [reports]`. In one process, on a real PostgreSQL. Exit code 1 when one takes a second.
"""

import asyncio
import logging
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

import structlog

from deploy.local.keys import ensure_keys
from deploy.local.postgres import Postgres
from services.escalation import app, seed
from tests.integration.escalation.conftest import AASE, SEED, door
from tests.integration.escalation.test_long import long_case
from tests.support.databases import fresh_database, running_server
from tests.support.services import open_ground

LONGEST = 1.0


async def measured(postgres: Postgres, keys: Path, count: int) -> float:
    """Print the table; the slowest of all."""
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(fresh_database(postgres, app.MIGRATIONS))
        ground = await stack.enter_async_context(open_ground("escalation", url, keys))
        async with ground.pool.acquire() as conn:
            await seed.load(conn, seed.read(SEED))
        service = await stack.enter_async_context(door(ground))
        begun = time.perf_counter()
        case_id = await long_case(service, count)
        print(f"  a case of {count} reports: {1000 * (time.perf_counter() - begun) / count:.1f} ms to handle each")
        slowest = 0.0
        for path in (f"cases/{case_id}", f"cases/{case_id}?older={count // 2}", "work", f"cases/{case_id}"):
            begun = time.perf_counter()
            answer = await service.ask(AASE, path)
            took = time.perf_counter() - begun
            slowest = max(slowest, took)
            print(f"  {path.replace(str(case_id), '{id}'):<40}{1000 * took:>8.1f} ms{len(answer.content):>10} bytes")
    return slowest


def main() -> int:
    """Measure."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    with tempfile.TemporaryDirectory() as folder, running_server(Path(folder) / "data") as postgres:
        keys = Path(folder) / "keys"
        ensure_keys(keys, local_issuer=True)
        return int(asyncio.run(measured(postgres, keys, count)) >= LONGEST)


if __name__ == "__main__":
    sys.exit(main())
