"""The local stack as a value: `Stack(home, port_base).up()`; single processes can be stopped, killed and started."""

import asyncio
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import psutil

from deploy.local.disk import demand_space
from deploy.local.jars import cache_folder, ensure_jars, locked
from deploy.local.place import PORTS, ROOT, Place
from deploy.local.processes import Process, processes, service_environment
from deploy.local.running import is_running, state
from deploy.local.supervisor import chosen
from deploy.local.trouble import Trouble

SPACE = 500_000_000
"""Bytes the data folder must have left to start."""
_TRIES = 3
_FIRST_START = 300.0


@dataclass(frozen=True, slots=True)
class Watching:
    """What is told while one waits: archives downloaded so far and in all; the name of each process that is ready."""

    downloaded: Callable[[int, int], None] = lambda _done, _of: None
    ready: Callable[[str], None] = lambda _name: None


_NOBODY = Watching()


class Stack:
    """One place's processes. With `only`, those and what they stand on. Every method may raise `Trouble`."""

    def __init__(self, home: Path, port_base: int, *, only: Sequence[str] = ()) -> None:
        self.place = Place(home.absolute(), port_base)
        self.only = tuple(only)
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def urls(self) -> dict[str, str]:
        """Addresses by name, as `beredskab status --json` tells them."""
        return self.place.urls()

    @property
    def running(self) -> bool:
        """Whether the supervisor lives."""
        return is_running(self.place.home)

    def environment(self, name: str) -> dict[str, str]:
        """The settings of a service's process (`intake-web`, `intake-migrate`, …)."""
        return service_environment(self.place, name)

    def override(self, settings: Mapping[str, Mapping[str, str]]) -> None:
        """Other settings (without prefix) per process, `*` for all services; they hold from the next start on."""
        self.place.ensure_secrets()
        (self.place.home / "overrides.json").write_text(json.dumps(settings), encoding="utf-8")

    def up(self, watching: Watching = _NOBODY, *, within: float = _FIRST_START) -> bool:
        """Start everything and wait until it is ready; False when it ran already. What fails is taken down again."""
        self.place.home.mkdir(parents=True, exist_ok=True)
        with _alone(self.place.home):
            if self.running:
                self._start_held()
                self.wait_ready(within=within)
                return False
            self._prepare(watching)
            self._launch()
            try:
                self.wait_ready(within=within, watching=watching)
            except BaseException:
                self.down()
                raise
        return True

    def down(self, *, erase: bool = False) -> bool:
        """End everything; False when nothing ran. With `erase`, the data, the logs and the keys go too."""
        pid = state(self.place.home).get("pid")
        if pid:
            _end(pid, lambda: not self.running)
        if self._child:
            self._child.terminate()  # it may have had no time yet to tell its number
            self._child.wait(20)
            self._child = None
        if erase and self.place.home.exists():
            _erase(self.place.home)
        return bool(pid)

    def start(self, name: str, *, within: float = 60.0) -> None:
        """Start a stopped process and wait until it is ready."""
        self._known(name)
        self._held(name).unlink(missing_ok=True)
        self._wake()
        self.wait_ready(name, within=within)

    def stop(self, name: str, *, by: signal.Signals | None = None) -> None:
        """End a process and keep it down until `start`; `by` SIGKILL gives it no time to say goodbye."""
        self._known(name)
        pid = self.pid(name)
        self._held(name).parent.mkdir(exist_ok=True)
        self._held(name).touch()
        if by is not None and pid is not None:
            os.kill(pid, by)
        self._wake()
        self._wait(lambda: self.pid(name) is None, f"{name} does not end.", within=15)

    def restart(self, name: str, *, within: float = 60.0) -> None:
        """End a process and have it started again, with its door held open: who knocks meanwhile waits."""
        self._known(name)
        pid = self.pid(name)
        if pid is None:
            return self.start(name, within=within)
        os.kill(pid, next(process.ends_by for process in processes(self.place) if process.name == name))
        self._wait(lambda: self.pid(name) not in (None, pid), f"{name} does not end.", within=within)
        return self.wait_ready(name, within=within)

    def kill(self, name: str) -> None:
        """SIGKILL; the supervisor starts it again. Returns when it is gone."""
        pid = self.pid(name)
        if pid is None:
            raise Trouble(f"{name} is not running.")
        os.kill(pid, signal.SIGKILL)
        self._wait(lambda: self.pid(name) != pid, f"{name} does not end.", within=10)

    def pid(self, name: str) -> int | None:
        """The process's own number, None while it does not run."""
        return cast("int | None", self._told(name).get("pid"))

    def wait_ready(self, *names: str, within: float = 60.0, watching: Watching = _NOBODY) -> None:
        """Wait until these (all, when none is named) are ready. Raises `Trouble` naming the log of one that is not."""
        ready: set[str] = set()
        before: dict[str, int] = {}
        deadline = time.monotonic() + within
        while True:
            told = self._all(names)
            before = {name: told[name]["restarts"] for name in told} | before
            for name in [name for name in told if told[name]["state"] in ("ready", "done") and name not in ready]:
                ready.add(name)
                watching.ready(name)
            if told and ready.issuperset(told):
                return
            self._demand_hope(told, ready, before, late=time.monotonic() > deadline)
            time.sleep(0.05)

    def demand(self, *names: str) -> None:
        """Raise `Trouble` unless these processes, all when none is named, are ready now."""
        self._supervisor()
        rows = asyncio.run(self.status())["processes"]
        away = [row["name"] for row in rows if not row["ready"] and (not names or row["name"] in names)]
        if away:
            demand_space(self.place.home, SPACE // 10)
            logs = f"`beredskab logs {away[0]}` tells why"
            raise Trouble(f"Not ready: {', '.join(away)}; {logs}, `beredskab start NAME` starts what was stopped.")

    async def status(self) -> dict[str, Any]:
        """Ready or not, the addresses, the processes: asked now, not remembered."""
        told = state(self.place.home).get("processes", {})
        kept = [process for process in processes(self.place) if process.ready and process.name in told]
        rows = await asyncio.gather(*(_row(process, told[process.name]) for process in kept))
        return {"ready": bool(rows) and all(row["ready"] for row in rows), "urls": self.urls, "processes": rows}

    def _prepare(self, watching: Watching) -> None:
        demand_space(self.place.home, SPACE)
        self.place.ensure_secrets()
        self._demand_ports()
        mirror = os.environ.get("BEREDSKAB_MAVEN_MIRROR", "")
        ensure_jars(locked(), cache_folder(), mirror=mirror, said=watching.downloaded)

    def _launch(self) -> None:
        shutil.rmtree(self.place.home / "held", ignore_errors=True)
        (self.place.home / "state.json").unlink(missing_ok=True)
        command = [sys.executable, "-m", "deploy.local.supervisor", str(self.place.home), str(self.place.port_base)]
        with self.place.log("supervisor").open("ab") as log:
            self._child = subprocess.Popen(
                [*command, *self.only],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _demand_ports(self) -> None:
        wanted = {process.name for process in chosen(self.place, self.only)}
        doors = [name for name in PORTS if name in wanted or name.rsplit("-", 1)[0] in wanted]
        deadline = time.monotonic() + 3  # what was killed may need a moment to let go
        while taken := [port for port in map(self.place.port, doors) if _taken(port)]:
            if time.monotonic() > deadline:
                raise Trouble(_whose(taken[0]))
            time.sleep(0.1)

    def _start_held(self) -> None:
        shutil.rmtree(self.place.home / "held", ignore_errors=True)
        self._wake()

    def _held(self, name: str) -> Path:
        return self.place.home / "held" / name

    def _wake(self) -> None:
        os.kill(self._supervisor(), signal.SIGHUP)

    def _supervisor(self) -> int:
        pid = state(self.place.home).get("pid")
        if not pid:
            raise Trouble(f"Nothing runs in {self.place.home}: start it with `make up`.")
        return cast(int, pid)

    def _known(self, name: str) -> None:
        names = [process.name for process in processes(self.place) if process.ready]
        if name not in names:
            raise Trouble(f"There is no process {name}; there are {', '.join(names)}.")

    def _told(self, name: str) -> dict[str, Any]:
        return cast("dict[str, Any]", state(self.place.home).get("processes", {}).get(name, {}))

    def _all(self, names: Iterable[str]) -> dict[str, dict[str, Any]]:
        told = state(self.place.home).get("processes", {})
        return {name: told[name] for name in names or told}

    def _wait(self, condition: Callable[[], bool], otherwise: str, *, within: float) -> None:
        deadline = time.monotonic() + within
        while not condition():
            if time.monotonic() > deadline:
                raise Trouble(otherwise)
            time.sleep(0.02)

    def _demand_hope(
        self, told: Mapping[str, Mapping[str, Any]], ready: set[str], before: Mapping[str, int], *, late: bool
    ) -> None:
        if self._child is not None and self._child.poll() is not None:
            raise Trouble(self._why("supervisor", ""))
        for name, each in told.items():
            hopeless = each["state"] == "failed" or each["restarts"] - before[name] >= _TRIES
            if name not in ready and (hopeless or (late and each["state"] != "waiting")):
                raise Trouble(self._why(name, each["trouble"]))
        if late:
            raise Trouble(f"Not ready in time: {', '.join(sorted(told.keys() - ready))}.")

    def _why(self, name: str, trouble: str) -> str:
        log = self.place.log(name)
        why = trouble or last_error(log)
        if "No space left" in why:
            return f"The disk is full, so {name} does not start: make room, or point BEREDSKAB_HOME to another disk."
        if "ModuleNotFoundError" in why:
            return f"{name} lacks a Python module ({why}): delete .venv, then run `make up` again."
        return f"{name} does not become ready. The last error in its log {log}: {why}"


async def _row(process: Process, told: Mapping[str, Any]) -> dict[str, Any]:
    pid = told["pid"]
    ready = bool(pid and process.ready and await process.ready())
    return {
        "name": process.name,
        "pid": pid,
        "ready": ready,
        "rss_mb": _rss_mb(pid),
        "restarts": told["restarts"],
    }


def _rss_mb(pid: int | None) -> int:
    try:
        return round(psutil.Process(pid).memory_info().rss / 1_000_000) if pid else 0
    except psutil.Error:
        return 0


def last_error(log: Path) -> str:
    """The last line of a log that speaks of an error, else its last line."""
    lines = log.read_text(encoding="utf-8", errors="replace")[-65536:].splitlines() if log.exists() else []
    lines = [line.strip() for line in lines if line.strip()]
    errors = [line for line in lines if "error" in line.lower() or "fatal" in line.lower()]
    return (errors or lines or ["it said nothing."])[-1]


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    with (home / "up.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def _whose(port: int) -> str:
    name, home = _holder(port)
    stop = f"stop it (BEREDSKAB_HOME={home} .venv/bin/beredskab down)" if home else "stop it"
    whose = f"another copy of beredskab, whose data lie in {home}" if home else name
    return f"Port {port} is taken by {whose}: {stop}, or set BEREDSKAB_PORT_BASE to another number, 9000 say."


def _holder(port: int) -> tuple[str, str]:
    """Who has the port, and the BEREDSKAB_HOME of that program; not everybody's may be looked into."""
    with suppress(psutil.Error):
        for each in psutil.net_connections("tcp"):
            if each.laddr and each.laddr.port == port and each.pid:
                process = psutil.Process(each.pid)
                return f"{process.name()} (process {each.pid})", process.environ().get("BEREDSKAB_HOME", "")
    return "another program", ""


def _end(pid: int, gone: Callable[[], bool]) -> None:
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 40
    while not gone():
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            return
        time.sleep(0.02)


def _erase(home: Path) -> None:
    if not (home / "secrets.json").exists():
        raise Trouble(f"{home} is not a folder of this command's making: nothing was deleted.")
    shutil.rmtree(home)
