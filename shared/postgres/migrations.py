"""Forward-only migrations: numbered SQL files, applied once each, in order, under one lock, their checksum kept."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.postgres.pool import Connection

_LOCK = 0x6265_7265  # any fixed number: it names the lock that keeps two migrations apart


class SchemaMismatch(Exception):
    """The database's schema is not the one this code was written for. `advice` says what to do."""

    def __init__(self, advice: str) -> None:
        super().__init__(advice)
        self.advice = advice


@dataclass(frozen=True, slots=True)
class Migration:
    """One SQL file: its name (`part/0001_what.sql`), its text and its SHA-256."""

    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text, hexadecimal."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations_in(*packages: Path) -> list[Migration]:
    """The migrations of some packages, in the order given, each from its folder `migrations`."""
    files = [file for package in packages for file in sorted((package / "migrations").glob("*.sql"))]
    return [Migration(f"{file.parent.parent.name}/{file.name}", file.read_text(encoding="utf-8")) for file in files]


async def migrate(conn: Connection, migrations: Sequence[Migration]) -> list[str]:
    """Apply what is missing and name it. Raises `SchemaMismatch` when an applied file was changed afterwards."""
    async with conn.transaction():
        await conn.execute("SET LOCAL lock_timeout = '10s'; SET LOCAL statement_timeout = '5min'")
        await conn.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        await conn.execute(
            "CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY, checksum text NOT NULL, n integer NOT NULL)"
        )
        applied = await _applied(conn)
        missing = [migration for migration in migrations if migration.name not in applied]
        _refuse_changed(applied, migrations)
        for migration in missing:
            await conn.execute(migration.sql)
            await conn.execute(
                "INSERT INTO migrations SELECT $1, $2, count(*) + 1 FROM migrations", migration.name, migration.checksum
            )
    return [migration.name for migration in missing]


async def check_schema(conn: Connection, migrations: Sequence[Migration]) -> None:
    """Raise `SchemaMismatch` when the database lacks a migration this code needs, or has another text of it."""
    exists = await conn.fetchval("SELECT to_regclass('migrations') IS NOT NULL")
    applied = await _applied(conn) if exists else {}
    missing = [migration.name for migration in migrations if migration.name not in applied]
    if missing:
        raise SchemaMismatch(f"The database lacks {missing[0]}. Run the service's `migrate` first.")
    _refuse_changed(applied, migrations)


async def _applied(conn: Connection) -> dict[str, str]:
    return {row["name"]: row["checksum"] for row in await conn.fetch("SELECT name, checksum FROM migrations")}


def _refuse_changed(applied: dict[str, str], migrations: Sequence[Migration]) -> None:
    for migration in migrations:
        if applied.get(migration.name, migration.checksum) != migration.checksum:
            raise SchemaMismatch(f"{migration.name} was changed after it was applied. Add a new migration instead.")
