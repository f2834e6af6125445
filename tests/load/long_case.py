"""How long the views of a case take that has many reports: as the API tells it, and on the screen with its texts.

`python -m tests.load.long_case [reports]`. In one process, on a real PostgreSQL. Exit code 1 when one takes a second.
"""

import asyncio
import logging
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import UUID

import httpx2
import structlog

from deploy.local.keys import ensure_keys
from deploy.local.postgres import Postgres
from services.escalation import app as escalation_app
from services.intake import app as intake_app
from services.intake import tick
from services.intake.reading import read_text
from services.intake.secrets import Secrets
from shared.events.codes import Level
from shared.events.intake import ReportReceived
from shared.ids import CaseId
from tests.integration.console.conftest import AASE, House, open_house
from tests.support.databases import fresh_database, running_server
from tests.support.services import open_ground

LONGEST = 1.0
CHILD = {"name": "Anna Eksempel", "cpr": "010112-9999", "age_band": "13-17"}
TEXT = "Hun skal giftes på fredag, siger hendes bror. Hun er bange og må ikke gå ud. Hendes far har taget hendes pas. "


async def long_case(house: House, count: int) -> str:
    """A case of so many reports on one child, each read by machine and rated; its id."""
    for n in range(count):
        body = {
            "children": [CHILD],
            "text": f"{n}. {TEXT * 8}",
            "answers": [{"sign": "fear.extreme", "answer": "said"}],
        }
        (await house.door.post("/v1/reports", json=body)).raise_for_status()
    secrets = Secrets.read(house.intake.keys, house.intake.keys_dir)
    while await tick.run_once(house.intake.transactions, secrets, read_text):
        pass
    events = [each for each in await house.intake.published(ReportReceived) if isinstance(each, ReportReceived)]
    for no, event in enumerate(events, 1):
        await house.hear(event)
        await house.hear(house.rating(Level.ACUTE, event, no))
    (case_id,) = {event.case_id for event in events}
    return str(case_id)


async def measured(postgres: Postgres, keys: Path, count: int) -> float:
    """Print the table; the slowest of all, each the best of three."""
    async with AsyncExitStack() as stack:
        grounds = []
        for name, app in (("intake", intake_app), ("escalation", escalation_app)):
            url = await stack.enter_async_context(fresh_database(postgres, app.MIGRATIONS))
            grounds.append(await stack.enter_async_context(open_ground(name, url, keys)))
        house = await stack.enter_async_context(open_house(*grounds))
        begun = time.perf_counter()
        case_id = await long_case(house, count)
        print(f"  a case of {count} reports: {1000 * (time.perf_counter() - begun) / count:.1f} ms to take in each")
        browser = await house.browser(AASE)
        screen = await browser.into(CaseId(UUID(case_id)))
        while "/known" in screen.text:  # the names come in pieces too
            screen = await browser.press(screen, "/known")
        paths = [f"/v1/cases/{case_id}", f"/v1/cases/{case_id}?older={count // 2}", "/v1/work", "/work"]
        paths += [f"/cases/{case_id}", f"/cases/{case_id}?older={count // 2}"]
        return max([await _took(path, case_id, browser.open) for path in paths])


async def _took(path: str, case_id: str, open_: Callable[[str], Awaitable[httpx2.Response]]) -> float:
    best = 60.0
    for _ in range(3):
        begun = time.perf_counter()
        answer = await open_(path)
        best = min(best, time.perf_counter() - begun)
    size = len(answer.content)
    print(f"  {path.replace(case_id, '{id}'):<40}{answer.status_code:>5}{1000 * best:>9.1f} ms{size:>10} bytes")
    return best


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
