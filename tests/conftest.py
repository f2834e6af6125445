"""Fixtures for all tiers. Each starts something real, once a run where it is dear, and ends what it started."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import hypothesis
import pytest

from deploy.local.keys import ensure_keys
from deploy.local.postgres import Postgres
from shared.postgres.migrations import Migration
from tests.support.databases import fresh_database, running_server
from tests.support.races import FRESH
from tests.support.services import Ground, open_ground

hypothesis.settings.register_profile("the same every time", derandomize=True)
if not FRESH:
    hypothesis.settings.load_profile("the same every time")
os.environ["BEREDSKAB_STRICT_LOGS"] = "1"
os.environ["BEREDSKAB_CANARY_EVERY_SECONDS"] = "0"  # tests count what they sent; those about canaries ask for them

OpenGround = Callable[[str, Sequence[Migration]], Awaitable[Ground]]


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the keys of all services and of the sign-in."""
    folder = tmp_path_factory.mktemp("keys")
    ensure_keys(folder, local_issuer=True)
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A real PostgreSQL server, in a folder that no other test run closes to its user (pytest does with its own)."""
    with TemporaryDirectory(prefix="beredskab-") as folder, running_server(Path(folder) / "data") as server:
        yield server


@pytest.fixture
async def ground(postgres: Postgres, keys: Path) -> AsyncIterator[OpenGround]:
    """Opens the ground of a service: `await ground("triage", MIGRATIONS)`, on a fresh database."""
    async with AsyncExitStack() as stack:

        async def opened(name: str, migrations: Sequence[Migration]) -> Ground:
            url = await stack.enter_async_context(fresh_database(postgres, migrations))
            return await stack.enter_async_context(open_ground(name, url, keys))

        yield opened
