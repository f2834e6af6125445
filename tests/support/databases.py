"""A real PostgreSQL for the test run, and in it a database for each test, cloned from a migrated template."""

import asyncio
import hashlib
import secrets
import subprocess
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import asyncpg

from deploy.local.postgres import Postgres
from shared.postgres.migrations import Migration, migrate
from tests.support.ports import free_port

RUNTIME = "runtime"
"""The role that the services' processes sign in as: it owns nothing."""
# Tests may lose their data in a power cut.
_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"}


@contextmanager
def running_server(folder: Path) -> Iterator[Postgres]:
    """A server that lives as long as the block."""
    postgres = Postgres(folder, free_port(), secrets.token_hex(8), _FAST)
    postgres.prepare()
    log = (folder.parent / "postgres.log").open("wb")
    with log, subprocess.Popen(postgres.command, user=postgres.system_user, stdout=log, stderr=log) as process:
        try:
            asyncio.run(_answering(postgres))
            asyncio.run(_ensure_runtime(postgres))
            yield postgres
        finally:
            process.send_signal(2)
            process.wait(20)


async def _answering(postgres: Postgres) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                conn = await asyncpg.connect(postgres.url())
            except (OSError, asyncpg.PostgresError):
                await asyncio.sleep(0.05)
                continue
            return await conn.close()


@asynccontextmanager
async def fresh_database(postgres: Postgres, migrations: Sequence[Migration]) -> AsyncIterator[str]:
    """The URL of a new database with these migrations applied; it is dropped afterwards."""
    template = await _template(postgres, migrations)
    name = f"test_{secrets.token_hex(6)}"
    admin = await asyncpg.connect(postgres.url())
    try:
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        yield postgres.url(name)
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await admin.close()


async def _ensure_runtime(postgres: Postgres) -> None:
    admin = await asyncpg.connect(postgres.url())
    try:
        await admin.execute(f"CREATE ROLE {RUNTIME}")
    finally:
        await admin.close()


async def _template(postgres: Postgres, migrations: Sequence[Migration]) -> str:
    name = (
        "template_"
        + hashlib.sha256("".join(each.checksum + str(each.grants) for each in migrations).encode()).hexdigest()[:16]
    )
    admin = await asyncpg.connect(postgres.url())
    try:
        if not await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            await admin.execute(f"CREATE DATABASE {name}")
            conn = await asyncpg.connect(postgres.url(name))
            try:
                await migrate(conn, migrations, runtime=RUNTIME)
            finally:
                await conn.close()
    finally:
        await admin.close()
    return name
