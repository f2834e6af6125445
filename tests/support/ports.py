"""Ports for what a test starts."""

import os
import random
import socket

from deploy.local.place import PORTS


def free_port() -> int:
    """A loopback port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def free_port_base() -> int:
    """A base from which every port of a local stack is free now; below those the kernel gives out by itself.

    The processes of one run of tests take turns with the bases, so that no two choose the same one at once.
    """
    lane = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    lanes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    while True:
        base = random.randrange(10_000 + 100 * lane, 32_600, 100 * lanes)
        if all(map(_is_free, (base + offset for offset in PORTS.values()))):
            return base


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
