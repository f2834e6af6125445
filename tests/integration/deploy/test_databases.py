"""What the database container of docker-compose.yml runs first, run on a real PostgreSQL."""

import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from deploy.compose import ensure_secrets
from deploy.local.keys import SERVICES
from deploy.local.postgres import Postgres
from tests.support.databases import running_server

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A server of its own: the roles the script makes belong to the whole of it."""
    with running_server(tmp_path_factory.mktemp("postgres") / "data") as server:
        yield server


@pytest.fixture(scope="module")
def urls(server: Postgres, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The URLs that the services are given, after the script has run; for this server instead of the container's."""
    made, mounted = tmp_path_factory.mktemp("made"), tmp_path_factory.mktemp("mounted")
    ensure_secrets(made, now=datetime(2026, 3, 1, tzinfo=UTC))
    for service in SERVICES:
        (mounted / f"{service}_database_password").write_bytes((made / "postgres" / service).read_bytes())
        (mounted / f"{service}_owner_password").write_bytes((made / "postgres" / f"{service}_owner").read_bytes())
    tools = Path(server.command[0]).parent
    environment = {
        "PATH": f"{tools}:{os.environ['PATH']}",
        "SECRETS": str(mounted),
        "PGHOST": "127.0.0.1",
        "PGPORT": str(server.port),
        "PGPASSWORD": server.password,
    }
    for _ in range(2):
        subprocess.run(["bash", ROOT / "deploy/postgres/databases.sh"], env=environment, check=True)
    files = {service: made / service / "database_url" for service in SERVICES}
    files |= {f"{service}_owner": made / "postgres" / f"{service}_owner_url" for service in SERVICES}
    return {
        role: file.read_text().replace("@postgres:5432/", f"@127.0.0.1:{server.port}/") for role, file in files.items()
    }


@pytest.mark.parametrize("service", SERVICES)
async def test_migrate_owns_the_database_and_the_processes_own_nothing(service: str, urls: dict[str, str]) -> None:
    owner, runtime = await asyncpg.connect(urls[f"{service}_owner"]), await asyncpg.connect(urls[service])
    try:
        await owner.execute("CREATE TABLE mine (n integer)")
        assert await runtime.fetchval("SELECT current_database()") == service
        for act in (
            "CREATE TABLE other (n integer)",
            "DROP TABLE mine",
            "SELECT * FROM mine",
            "CREATE TEMP TABLE t ()",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await runtime.execute(act)
    finally:
        await owner.close()
        await runtime.close()


async def test_no_service_may_connect_to_the_database_of_another(urls: dict[str, str]) -> None:
    strangers = urls["notify"].rsplit("/", 1)[0] + "/intake"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(strangers)
