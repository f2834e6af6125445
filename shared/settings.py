"""Settings every service has. A service's own class adds to it; each is built once, in `__main__`, and passed down."""

import os
from contextlib import suppress
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.clock import Clock

_MOUNTED = Path("/run/secrets")


class NotApart(Exception):
    """The database's owner is not known, or is the role that the processes sign in as. `advice` says what to do."""

    def __init__(self) -> None:
        self.advice = (
            "set BEREDSKAB_MIGRATE_DATABASE_URL: `migrate` signs in as the database's owner, which is another role "
            "than that of BEREDSKAB_DATABASE_URL."
        )
        super().__init__(self.advice)


class ServiceSettings(BaseSettings):
    """Environment variables with the prefix `BEREDSKAB_`; `.env.example` lists and explains them all.

    A container may be given any of them as a file instead, named like the variable in small letters.
    """

    model_config = SettingsConfigDict(
        env_prefix="BEREDSKAB_",
        secrets_dir=_MOUNTED if _MOUNTED.is_dir() else None,
        frozen=True,
        hide_input_in_errors=True,
    )

    database_url: SecretStr
    migrate_database_url: SecretStr = SecretStr("")
    database_connections: int = Field(default=10, ge=3)
    kafka_bootstrap_servers: str
    kafka_security_protocol: Literal["SASL_PLAINTEXT", "SASL_SSL"] = "SASL_SSL"
    kafka_username: str = ""
    kafka_password: SecretStr = SecretStr("")
    kafka_ca_file: Path | None = None
    kafka_replication_factor: int = Field(default=1, ge=1)
    keys_dir: Path
    http_host: str = "127.0.0.1"
    http_port: int = Field(ge=1, le=65535)
    http_fd: int = Field(default=0, ge=0)
    connections: int = Field(default=4096, ge=16)
    connections_per_source: int = Field(default=512, ge=8)
    trusted_proxies: str = ""
    peers: dict[str, str] = {}
    otlp_endpoint: str = ""
    instance: int = Field(default=0, ge=0)
    clock_offset_seconds: float = 0
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    def database_url_now(self) -> str:
        """The database's address; read anew where it is mounted as a file, because passwords are changed."""
        name, folder = "beredskab_database_url", self.model_config.get("secrets_dir")
        if isinstance(folder, str | Path) and name.upper() not in os.environ:
            with suppress(OSError):
                return (Path(folder) / name).read_text(encoding="utf-8").strip()
        return self.database_url.get_secret_value()

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, proxies: str) -> str:
        _ = networks(proxies)
        return proxies

    @property
    def clock(self) -> Clock:
        """The clock that all of this process reads."""
        return Clock(timedelta(seconds=self.clock_offset_seconds))

    def roles(self) -> tuple[str, str]:
        """The name of the role that the processes sign in as, and the owner's URL. Raises `NotApart`."""
        owner = self.migrate_database_url.get_secret_value()
        runtime = urlsplit(self.database_url.get_secret_value()).username or ""
        if not runtime or urlsplit(owner).username in (None, runtime):
            raise NotApart
        return unquote(runtime), owner


def networks(proxies: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Addresses and networks, written by comma. Raises `ValueError`."""
    return tuple(ip_network(each.strip()) for each in proxies.split(",") if each.strip())


class ScreenSettings(ServiceSettings):
    """What a service with screens has besides: the name people see, whom they call, where *leave the page* leads."""

    site: str = "Beredskab"
    duty_phone: str
    exit_url: str = "https://www.dmi.dk/"
