"""Migrations: each applied once, in order, by one at a time; a schema that is not the code's is refused."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from deploy.local.postgres import Postgres
from shared.postgres.migrations import Migration, SchemaMismatch, check_schema, migrate
from tests.support.databases import fresh_database

FIRST = Migration("a/0001_first.sql", "CREATE TABLE things (n integer)")
SECOND = Migration("a/0002_second.sql", "INSERT INTO things VALUES (1)")


@pytest.fixture
async def url(postgres: Postgres) -> AsyncIterator[str]:
    async with fresh_database(postgres, []) as fresh:
        yield fresh


async def applied(url: str, *migrations: Migration) -> list[str]:
    conn = await asyncpg.connect(url)
    try:
        return await migrate(conn, migrations)
    finally:
        await conn.close()


async def check(url: str, *migrations: Migration) -> None:
    conn = await asyncpg.connect(url)
    try:
        await check_schema(conn, migrations)
    finally:
        await conn.close()


async def test_each_is_applied_once(url: str) -> None:
    assert await applied(url, FIRST) == [FIRST.name]
    assert await applied(url, FIRST, SECOND) == [SECOND.name]
    assert await applied(url, FIRST, SECOND) == []
    await check(url, FIRST, SECOND)


async def test_two_at_once_do_it_once(url: str) -> None:
    both = await asyncio.gather(applied(url, FIRST, SECOND), applied(url, FIRST, SECOND))
    assert sorted(both) == [[], [FIRST.name, SECOND.name]]


async def test_one_that_fails_leaves_nothing_of_its_run(url: str) -> None:
    with pytest.raises(asyncpg.PostgresError):
        await applied(url, FIRST, Migration("a/0002_wrong.sql", "SELECT nonsense"))
    assert await applied(url, FIRST) == [FIRST.name]


async def test_a_database_that_lacks_a_migration_is_refused_at_start(url: str) -> None:
    with pytest.raises(SchemaMismatch, match=r"lacks a/0001_first\.sql"):
        await check(url, FIRST)


async def test_a_migration_that_was_changed_after_it_was_applied_is_refused(url: str) -> None:
    await applied(url, FIRST)
    changed = Migration(FIRST.name, "CREATE TABLE things (n bigint)")
    with pytest.raises(SchemaMismatch, match="changed"):
        await check(url, changed)
    with pytest.raises(SchemaMismatch, match="changed"):
        await applied(url, changed)


async def test_an_older_code_runs_on_a_newer_schema(url: str) -> None:
    await applied(url, FIRST, SECOND)
    await check(url, FIRST)
