"""The pool: sessions of a former primary are dropped, a changed password is found, a pooler is refused in words."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import httpx2
import pytest
from pydantic import SecretStr
from pydantic_settings import SettingsConfigDict

from shared import process
from shared.delivery.inbox import On
from shared.events.escalation import MessageWithdrawn
from shared.postgres.pool import Access, Pool, PoolerBetween
from shared.process import Service
from shared.settings import ServiceSettings
from tests.conftest import OpenGround
from tests.support.miniature import MIGRATIONS, note_effect
from tests.support.services import Ground


def settings(url: str, ground: Ground | None = None) -> ServiceSettings:
    keys = ground.keys_dir if ground else Path()
    return ServiceSettings(database_url=SecretStr(url), kafka_bootstrap_servers="", keys_dir=keys, http_port=1)


@asynccontextmanager
async def opened(given: ServiceSettings) -> AsyncIterator[tuple[Pool, Access]]:
    access = Access(given)
    pool = await access.open_pool(application="test")
    try:
        yield pool, access
    finally:
        await pool.close()


def service(pool: Pool, access: Access, ground: Ground) -> Service:
    wake = process.Wake(pool)
    return Service("notify", settings(ground.url), pool, wake, ground.transactions, ground.keys, ground.tokens, access)


async def write(pool: Pool) -> None:
    await pool.execute("INSERT INTO tries (arrival_id, n) VALUES (gen_random_uuid(), 1)")


async def read_only(ground: Ground, *, to: str) -> None:
    """As after a failover, or when a provider closes a full disk to writes: it holds for new sessions."""
    conn = await asyncpg.connect(ground.url)
    await conn.execute("SET default_transaction_read_only = off")
    await conn.execute(f"ALTER DATABASE {urlsplit(ground.url).path[1:]} {to}")
    await conn.close()


async def test_readiness_notices_a_read_only_database_and_that_it_is_writable_again(ground: OpenGround) -> None:
    own = await ground("notify", MIGRATIONS)
    await read_only(own, to="SET default_transaction_read_only = on")
    async with opened(settings(own.url)) as (pool, access):
        assert await service(pool, access, own).database_missing() == ["database"]
        await read_only(own, to="RESET default_transaction_read_only")
        assert await service(pool, access, own).database_missing() == []


async def test_a_worker_without_kafka_is_ready_and_says_that_kafka_is_away(ground: OpenGround) -> None:
    """Others hand it their facts by `/events` exactly then."""
    own = await ground("notify", MIGRATIONS)
    async with opened(settings(own.url)) as (pool, access):
        worker = service(pool, access, own)
        app = worker.worker_app([], worker.consumer([On(MessageWithdrawn, note_effect)]))
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://worker") as client:
            answer = await client.get("/ready")
    assert (answer.status_code, answer.json()) == (200, {"ready": True, "missing": [], "away": ["kafka"]})


async def test_no_session_of_a_read_only_time_outlives_it(ground: OpenGround) -> None:
    own = await ground("notify", MIGRATIONS)
    await read_only(own, to="SET default_transaction_read_only = on")
    async with opened(settings(own.url)) as (pool, _):
        held = [await pool.acquire() for _ in range(5)]
        await asyncio.gather(*(pool.release(each) for each in held))
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await write(pool)
        await read_only(own, to="RESET default_transaction_read_only")
        await asyncio.gather(*(write(pool) for _ in range(20)))


class Mounted(ServiceSettings):
    """Settings with secrets in a folder of the test's."""

    model_config = SettingsConfigDict(**{**ServiceSettings.model_config, "secrets_dir": None})


async def test_a_rotated_password_is_found_without_a_restart(ground: OpenGround, tmp_path: Path) -> None:
    own = await ground("notify", MIGRATIONS)
    role, parts = f"r{secrets.token_hex(4)}", urlsplit(own.url)
    file = tmp_path / "beredskab_database_url"

    async def rotate(password: str, *, told: bool) -> None:
        await own.pool.execute(f"ALTER ROLE {role} PASSWORD '{password}'")
        if told:
            file.write_text(f"postgresql://{role}:{password}@{parts.hostname}:{parts.port}{parts.path}\n", "utf-8")

    await own.pool.execute(f"CREATE ROLE {role} LOGIN")
    try:
        await rotate("first", told=True)
        Mounted.model_config["secrets_dir"] = tmp_path
        given = Mounted(kafka_bootstrap_servers="", keys_dir=own.keys_dir, http_port=1)
        async with opened(given) as (pool, _):
            await rotate("second", told=False)
            await pool.expire_connections()
            with pytest.raises(asyncpg.InvalidPasswordError):
                await pool.fetchval("SELECT 1")
            await rotate("second", told=True)
            assert await pool.fetchval("SELECT 1") == 1
    finally:
        await own.pool.execute(f"DROP ROLE {role}")


async def test_a_process_whose_password_stays_wrong_says_that_it_needs_a_new_start(
    ground: OpenGround, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = await ground("notify", MIGRATIONS)
    role, parts = f"r{secrets.token_hex(4)}", urlsplit(own.url)
    await own.pool.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'first'")
    given = settings(f"postgresql://{role}:first@{parts.hostname}:{parts.port}{parts.path}")
    try:
        async with opened(given) as (pool, access):
            await own.pool.execute(f"ALTER ROLE {role} PASSWORD 'second'")
            await pool.expire_connections()
            monkeypatch.setattr("shared.postgres.pool._REFUSED_TOO_LONG", 0.0)
            assert not access.refused
            with pytest.raises(asyncpg.InvalidPasswordError):
                await pool.fetchval("SELECT 1")
            assert access.refused
            assert not service(pool, access, own).admitted()
            await own.pool.execute(f"ALTER ROLE {role} PASSWORD 'first'")
            await pool.fetchval("SELECT 1")
            assert not access.refused
    finally:
        await own.pool.execute(f"DROP ROLE {role}")


async def test_a_pooler_that_refuses_our_session_settings_is_named() -> None:
    """PgBouncer's own answer, byte for byte: FATAL 08P01, unsupported startup parameter."""
    fields = b"SFATAL\0C08P01\0Munsupported startup parameter: plan_cache_mode\0\0"

    async def pooler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (length := int.from_bytes(await reader.readexactly(4))) == 8:  # a wish for TLS
            await reader.readexactly(4)
            writer.write(b"N")
        await reader.readexactly(length - 4)
        writer.write(b"E" + (len(fields) + 4).to_bytes(4) + fields)
        writer.close()

    server = await asyncio.start_server(pooler, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(PoolerBetween) as refused:
            await Access(settings(f"postgresql://u:p@127.0.0.1:{port}/d")).open_pool(application="test")
    assert "pooler" in refused.value.advice


async def test_a_pooler_that_drops_our_session_settings_is_named(ground: OpenGround) -> None:
    """One with `ignore_startup_parameters` lets the start pass; the session tells by what does not hold in it."""
    own = await ground("notify", MIGRATIONS)

    class Ignoring(Access):
        async def _connect(self, *_: object, **options: object) -> asyncpg.Connection:
            return await super()._connect(**{**options, "server_settings": {}})

    with pytest.raises(PoolerBetween):
        await Ignoring(settings(own.url)).open_pool(application="test")
