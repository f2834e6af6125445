"""A real Apache Kafka of the tests' own, which can be killed, frozen and started again."""

import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.jars import cache_folder, ensure_jars, locked
from deploy.local.kafka import ADMIN, Kafka, client
from tests.support.ports import free_port


class Broker:
    """One broker; `address` stays the same over its deaths."""

    def __init__(self, folder: Path) -> None:
        self._kafka = Kafka(folder, free_port(), free_port(), {ADMIN: "secret"})
        self._log = folder.parent / "kafka.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Its bootstrap address."""
        return f"127.0.0.1:{self._kafka.port}"

    @property
    def client(self) -> dict[str, str]:
        """How a client of aiokafka signs in to it."""
        return client(self._kafka.port, ADMIN, "secret")

    @property
    def settings(self) -> dict[str, str]:
        """How a service is told to reach it."""
        return {
            "kafka_bootstrap_servers": self.address,
            "kafka_security_protocol": "SASL_PLAINTEXT",
            "kafka_username": ADMIN,
            "kafka_password": "secret",
        }

    def start(self) -> None:
        """Start it, unless it runs, and wait until it accepts connections."""
        if self._process is None:
            self._kafka.prepare()
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(self._kafka.command, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while not self._listens():
            assert time.monotonic() < deadline, "Kafka does not start"
            time.sleep(0.05)

    def kill(self) -> None:
        """SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """For the length of the block it holds its connections and answers nothing (SIGSTOP)."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._kafka.port)) == 0


@contextmanager
def running_broker(folder: Path) -> Iterator[Broker]:
    """A broker that lives as long as the block."""
    ensure_jars(locked(), cache_folder())
    broker = Broker(folder)
    broker.start()
    try:
        yield broker
    finally:
        broker.kill()
