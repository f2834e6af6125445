"""Where one local stack lives: its folder, its ports, its secrets, its addresses."""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from deploy.local.kafka import ADMIN, Kafka, client
from deploy.local.keys import SERVICES, replace
from deploy.local.postgres import Postgres, owner_of
from deploy.local.trouble import Trouble

ROOT = Path(__file__).resolve().parents[2]
"""The checkout."""
SEED_FILE = ROOT / "deploy" / "seed" / "people.toml"
"""The people, desks, shifts and ladders of the local stack."""

PORTS = {
    "intake-web": 1,
    "triage-work": 2,
    "escalation-web": 3,
    "notify-work": 4,
    "sign-in": 5,
    "zipkin": 11,
    "otlp": 18,
    "mail": 25,
    "mail-web": 26,
    "intake-work": 31,
    "escalation-work": 33,
    "mail-imap": 43,
    "postgres": 54,
    "kafka": 92,
    "kafka-controller": 93,
}
"""Counted from the port base. Everything listens on loopback alone."""

MAILBOX = "vagt"
USERS = (ADMIN, *SERVICES)
"""Who signs in to Kafka."""
_PASSWORDS = ("postgres", "mail", "sign-in", *SERVICES, *map(owner_of, SERVICES), *map("kafka-{}".format, USERS))


@dataclass(frozen=True, slots=True)
class Place:
    """One stack's folder and the port its ports count from."""

    home: Path
    port_base: int

    @classmethod
    def chosen(cls) -> "Place":
        """The one the environment names: `BEREDSKAB_HOME`, `BEREDSKAB_PORT_BASE`. Raises `Trouble`."""
        home = Path(os.environ.get("BEREDSKAB_HOME") or ROOT / ".beredskab")
        base = os.environ.get("BEREDSKAB_PORT_BASE") or "8000"
        if not base.isdecimal() or not 1024 <= int(base) <= 65535 - max(PORTS.values()):
            raise Trouble(f"BEREDSKAB_PORT_BASE is {base!r}: it must be a number from 1024 to 65400, 8000 say.")
        return cls(home.absolute(), int(base))

    def port(self, name: str) -> int:
        """The port of a process or of one of its doors."""
        return self.port_base + PORTS[name]

    def http(self, name: str) -> str:
        """The address of an HTTP door."""
        return f"http://127.0.0.1:{self.port(name)}"

    def log(self, name: str) -> Path:
        """The log of a process."""
        return self.home / f"{name}.log"

    def password(self, of: str) -> str:
        """The password made for this stack; call `ensure_secrets` once before."""
        found: str = json.loads((self.home / "secrets.json").read_text(encoding="utf-8"))[of]
        return found

    def ensure_secrets(self) -> None:
        """Make the folder and the passwords, those that are not there: an older version may have known fewer."""
        self.home.mkdir(parents=True, exist_ok=True)
        path = self.home / "secrets.json"
        known: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        if known.keys() < set(_PASSWORDS):
            replace(path, json.dumps({name: secrets.token_hex(12) for name in _PASSWORDS} | known))

    def postgres(self) -> Postgres:
        """The database server."""
        return Postgres(self.home / "postgres", self.port("postgres"), self.password("postgres"))

    def kafka(self) -> Kafka:
        """The broker."""
        passwords = {user: self.password(f"kafka-{user}") for user in USERS}
        return Kafka(self.home / "kafka", self.port("kafka"), self.port("kafka-controller"), passwords)

    def kafka_client(self, user: str = ADMIN) -> dict[str, str]:
        """How a client of aiokafka signs in to Kafka; as its administrator by default."""
        return client(self.port("kafka"), user, self.password(f"kafka-{user}"))

    def urls(self) -> dict[str, str]:
        """Every address a person or a test may want; mail_imap and postgres with user and password."""
        return {
            "intake": self.http("intake-web"),
            "triage": self.http("triage-work"),
            "escalation": self.http("escalation-web"),
            "notify": self.http("notify-work"),
            "sign_in": self.http("sign-in"),
            "traces": self.http("zipkin"),
            "otlp": self.http("otlp"),
            "mail_smtp": f"smtp://127.0.0.1:{self.port('mail')}",
            "mail_web": self.http("mail-web"),
            "mail_imap": f"imap://{MAILBOX}:{self.password('mail')}@127.0.0.1:{self.port('mail-imap')}",
            "postgres": self.postgres().url(),
            "kafka": f"127.0.0.1:{self.port('kafka')}",
        }
