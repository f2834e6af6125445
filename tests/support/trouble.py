"""A database in trouble: every write to a table fails with an SQLSTATE of the test's choice, raised by PostgreSQL."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

INFRASTRUCTURE = ("53100", "53200", "25006", "42501", "28P01", "0A000", "57P03", "XX000", "40001")


@asynccontextmanager
async def failing(url: str, sqlstate: str, *tables: str) -> AsyncIterator[None]:
    """While the block lasts, inserting into, changing or deleting from these tables fails."""
    conn = await asyncpg.connect(url)
    try:
        await conn.execute(
            f"""CREATE OR REPLACE FUNCTION in_trouble() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN RAISE EXCEPTION 'in trouble' USING ERRCODE = '{sqlstate}'; END $$"""
        )
        for table in tables:
            await conn.execute(
                f"""CREATE TRIGGER in_trouble BEFORE INSERT OR UPDATE OR DELETE ON {table}
                    FOR EACH STATEMENT EXECUTE FUNCTION in_trouble()"""
            )
        yield
        for table in tables:
            await conn.execute(f"DROP TRIGGER in_trouble ON {table}")
    finally:
        await conn.close()
