"""Forward-only migrations: numbered SQL files, applied once each, in order, under one lock, their checksum kept.

They belong to the database's owner, as whom `migrate` signs in. The processes sign in as a role that owns nothing and
may do what the `grants.toml` beside the migrations lists, table by table.

After them, each time, every column of a day or a moment that has no bounds gets them (`bounds.sql`).
"""

import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from shared.postgres.pool import Connection

_LOCK = 0x6265_7265  # any fixed number: it names the lock that keeps two migrations apart
_BOUNDS = (Path(__file__).parent / "bounds.sql").read_text(encoding="utf-8")


class SchemaMismatch(Exception):
    """The database's schema is not the one this code was written for. `advice` says what to do."""

    def __init__(self, advice: str) -> None:
        super().__init__(advice)
        self.advice = advice


@dataclass(frozen=True, slots=True)
class Migration:
    """One SQL file: its name (`part/0001_what.sql`), its text, and what the runtime role may do in its package."""

    name: str
    sql: str
    grants: Mapping[str, str] = field(default_factory=dict)
    """Table → privileges, of the whole package."""

    @property
    def checksum(self) -> str:
        """SHA-256 of the text, hexadecimal."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations_in(*packages: Path) -> list[Migration]:
    """The migrations of some packages, in the order given, each from its folder `migrations`."""
    return [migration for package in packages for migration in _of_package(package)]


def _of_package(package: Path) -> list[Migration]:
    folder = package / "migrations"
    grants = tomllib.loads((folder / "grants.toml").read_text(encoding="utf-8"))
    files = sorted(folder.glob("*.sql"))
    return [Migration(f"{package.name}/{file.name}", file.read_text(encoding="utf-8"), grants) for file in files]


async def migrate(conn: Connection, migrations: Sequence[Migration], *, runtime: str | None = None) -> list[str]:
    """Apply the missing ones and return their names; grant the role `runtime` its privileges and no others.

    Raises `SchemaMismatch` when an applied file was changed afterwards, or a table has no line in `grants.toml`.
    """
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
        await conn.execute(_BOUNDS)
        if runtime is not None:
            await _grant(conn, {"migrations": "SELECT"} | _grants(migrations), runtime)
    return [migration.name for migration in missing]


def _grants(migrations: Sequence[Migration]) -> dict[str, str]:
    return {table: privileges for migration in migrations for table, privileges in migration.grants.items()}


async def _grant(conn: Connection, grants: Mapping[str, str], role: str) -> None:
    tables = {row["relname"] for row in await conn.fetch(_TABLES)}
    if odd := sorted(tables ^ grants.keys()):
        raise SchemaMismatch(f"{odd[0]} must have a line in grants.toml if and only if it is a table.")
    who = await conn.fetchval("SELECT quote_ident($1)", role)
    await conn.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, {who}")
    await conn.execute(f"REVOKE ALL ON SCHEMA public FROM PUBLIC, {who}; GRANT USAGE ON SCHEMA public TO {who}")
    await conn.execute("".join(f"GRANT {grants[table]} ON {table} TO {who};" for table in sorted(tables)))


_TABLES = """SELECT relname FROM pg_class
             WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')"""


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
