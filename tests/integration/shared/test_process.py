"""A process's end: it waits for nobody for long, a collector that has stopped answering included."""

import asyncio
import os
import sys
from pathlib import Path

from tests.conftest import OpenGround
from tests.support.miniature import MIGRATIONS

ROOT = Path(__file__).parents[3]
SCRIPT = """
import asyncio, time
from shared.process import open_service
from shared.settings import ServiceSettings
from shared.telemetry.tracing import database_span
from tests.support.miniature import MIGRATIONS

async def main():
    async with open_service(ServiceSettings(), "notify", migrations=MIGRATIONS):
        with database_span("test", database="notify"):
            pass
        return time.monotonic()

began = asyncio.run(main())
print(time.monotonic() - began)
"""


async def test_a_frozen_collector_does_not_hold_a_process_that_ends(ground: OpenGround) -> None:
    own = await ground("notify", MIGRATIONS)
    held: list[asyncio.StreamWriter] = []

    async def frozen(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)

    server = await asyncio.start_server(frozen, "127.0.0.1", 0)
    settings = {
        "DATABASE_URL": own.url,
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "KEYS_DIR": str(own.keys_dir),
        "HTTP_PORT": "1",
        "OTLP_ENDPOINT": f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}",
    }
    environment = os.environ | {f"BEREDSKAB_{name}": value for name, value in settings.items()}
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SCRIPT, cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await child.communicate()
    assert child.returncode == 0
    assert held, "nothing was sent to the collector"
    for writer in held:
        writer.close()
    server.close()
    assert float(said.splitlines()[-1]) < 5
