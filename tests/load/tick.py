"""What a tick costs: 1,000 cases due at one second, among 10, 10,000 and 200,000 that are open and not due.

`python -m tests.load.tick [how many due]`. Exit code 1 when deciding is not flat, or takes longer than 5 seconds.
"""

import asyncio
import logging
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from deploy.local.keys import ensure_keys
from deploy.local.postgres import Postgres
from services.escalation import seed, tick
from services.escalation.app import MIGRATIONS
from services.escalation.domain.escalation import Escalation, State
from shared.ids import CaseId, derived_id
from shared.postgres.pool import Connection
from tests.support.databases import fresh_database, running_server
from tests.support.services import NOON, Ground, open_ground

OPEN = (10, 10_000, 200_000)
FLAT = 1.5
WITHIN = 5.0

_COLUMNS = [
    *("escalation_id", "case_id", "n", "state", "ladder_version", "outside_first", "received_at", "newest_report_no"),
    *("acknowledged_report_no", "declined", "round", "rung", "rate_by"),
]
_CLOCKS = """INSERT INTO deadlines (report_id, rule, case_id, target_at, limit_at, explanation, next_at)
             SELECT report_id, 'acute_judgement', case_id, received_at + interval '24 h',
                    received_at + interval '24 h', '', received_at + interval '20 h' FROM reports"""


def _unrated(case_id: CaseId, rate_by: datetime) -> Escalation:
    return Escalation(
        case_id=case_id,
        n=1,
        state=State.UNRATED,
        level=None,
        ladder_version=1,
        outside_first=False,
        received_at=NOON,
        newest_report_no=1,
        rate_by=rate_by,
    )


async def _fill(conn: Connection, *, idle: int, due: int) -> None:
    """So many cases that wait, and so many whose twenty seconds are over now."""
    await conn.execute("SET statement_timeout = 0")
    named = [CaseId(derived_id("case", n)) for n in range(idle + due)]
    stand = [_unrated(each, NOON if n < due else NOON + timedelta(days=1)) for n, each in enumerate(named)]
    rows = [
        (each.escalation_id, each.case_id, 1, each.state, 1, False, NOON, 1, 0, [], 1, 0, each.rate_by)
        for each in stand
    ]
    await conn.copy_records_to_table(
        "cases", records=[(each, "noerrebro") for each in named], columns=["case_id", "unit"]
    )
    reports = [(derived_id("report", each), each, 1, NOON, "noerrebro") for each in named]
    await conn.copy_records_to_table(
        "reports", records=reports, columns=["report_id", "case_id", "report_no", "received_at", "unit"]
    )
    await conn.copy_records_to_table("escalations", records=rows, columns=_COLUMNS)
    await conn.execute(_CLOCKS)
    await conn.execute("ANALYZE; RESET statement_timeout")


async def _decide(ground: Ground, *, idle: int, due: int) -> float:
    """Seconds until everything that was due has been decided."""
    async with ground.pool.acquire() as conn:
        await seed.load(conn, seed.read(Path("deploy/seed/people.toml")))
        await _fill(conn, idle=idle, due=due)
    began = time.perf_counter()
    while await tick.run_once(ground.transactions):
        pass
    took = time.perf_counter() - began
    pages: int = await ground.pool.fetchval("SELECT count(*) FROM pages")
    assert pages == due, f"{pages} pages for {due} cases"
    return took


async def _measured(server: Postgres, keys: Path, *, due: int) -> list[float]:
    seconds = []
    for idle in OPEN:
        async with fresh_database(server, MIGRATIONS) as url, open_ground("escalation", url, keys) as ground:
            took = await _decide(ground, idle=idle, due=due)
        print(f"{idle:>7} open  {due} due decided in {took:.2f} s, {1000 * took / due:.2f} ms each", flush=True)
        seconds.append(took)
    return seconds


def main(due: int) -> int:
    """Measure, tell, and say whether it is flat and fast enough."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        place.chmod(0o755)  # the server runs as a user of its own
        ensure_keys(place / "keys", local_issuer=True)
        with running_server(place / "data") as server:
            seconds = asyncio.run(_measured(server, place / "keys", due=due))
    flat = max(seconds) / seconds[0]
    print(f"flat within {flat:.2f}×")
    return 0 if flat <= FLAT and max(seconds) <= WITHIN else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000))
