"""PostgreSQL's log repeats nothing of what was stored or asked: it is read by people who may know no case."""

import asyncio
from contextlib import suppress

import asyncpg
import pytest

from tests.support.databases import running_server

LOOKUP, NAME, CPR, PASSWORD = "6c6f6f6b7570", "Amina Hussein", "0101119999", "hemmeligt-ord"


def test_no_error_writes_a_value_into_the_log(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("postgres")
    with running_server(folder / "data") as server:
        asyncio.run(_provoked(server.url()))
    log = (folder / "postgres.log").read_text()
    assert log.count("ERROR:  duplicate key value") == 1
    assert [word for word in (LOOKUP, NAME, CPR, PASSWORD, "DETAIL", "STATEMENT") if word in log] == []


async def _provoked(url: str) -> None:
    """Errors of every kind that could repeat a value."""
    conn = await asyncpg.connect(url)
    try:
        await conn.execute("CREATE TABLE children (lookup bytea UNIQUE, name text CHECK (name <> ''), n integer)")
        insert = "INSERT INTO children VALUES ($1, $2, $3)"
        for lookup, name in ((LOOKUP, NAME), (LOOKUP, NAME), ("", "")):
            with suppress(asyncpg.IntegrityConstraintViolationError):
                await conn.execute(insert, bytes.fromhex(lookup), name, 1)
        for act in (
            f"INSERT INTO children VALUES ('', '', '{len(NAME)}') -- {NAME} {CPR}",
            f"CREATE ROLE children PASSWORD '{PASSWORD}' NONSENSE",
            f"SELECT no_such_column FROM children WHERE name = '{NAME}'",
        ):
            with suppress(asyncpg.PostgresError):
                await conn.execute(act)
    finally:
        await conn.close()
