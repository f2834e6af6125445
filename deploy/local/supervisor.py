"""Keeps the processes of one local stack running: starts each after what it stands on, restarts what ends.

`python -m deploy.local.supervisor HOME PORT_BASE [NAME…]`. It writes `state.json`; what is to be held down is a file in
`held/`, read again on SIGHUP; SIGTERM ends everything, the services before what they stand on.
"""

import asyncio
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from deploy.local.lifeline import tied_to
from deploy.local.place import ROOT, Place
from deploy.local.processes import Process, processes, service_environment
from deploy.local.running import claim
from deploy.local.trouble import Trouble

_BACKOFF = (0.1, 0.5, 1.0, 2.0, 5.0)
_LONG_ENOUGH = 10.0
"""Seconds a process must have lived for its next restart to come at once."""
_PATIENCE = 10.0
"""Seconds a process gets to end by itself."""
_BIG_LOG = 10_000_000


class Keeper:
    """Keeps one process running."""

    def __init__(self, process: Process, supervisor: "Supervisor") -> None:
        self.process = process
        self.supervisor = supervisor
        self.child: asyncio.subprocess.Process | None = None
        self.first_ready = asyncio.Event()
        self.woken = asyncio.Event()
        self.ending = False
        self.socket: socket.socket | None = None
        self.farewell: asyncio.Task[None] | None = None
        self.told: dict[str, Any] = {"state": "waiting", "pid": None, "restarts": 0, "trouble": ""}

    async def keep(self) -> None:
        """Run it for as long as the supervisor runs; a step, until it is done."""
        try:
            await self._prepare()
        except (Trouble, OSError) as error:
            return self._tell(state="failed", trouble=str(error))
        quick = 0
        while not self.ending:
            if self.held:
                self._close_door()
                await self._rest("stopped", None)
                continue
            started = time.monotonic()
            try:
                code = await self._run()
            except OSError as error:  # it could not even be started: no such program, no room for its log
                self._tell(trouble=str(error))
                code = 1
            if self.process.ready is None and code == 0:
                self.first_ready.set()
                return self._tell(state="done", pid=None)
            if not (self.held or self.ending):
                quick = 0 if time.monotonic() - started > _LONG_ENOUGH else quick + 1
                self._tell(restarts=self.told["restarts"] + 1)
                await self._rest("restarting", _BACKOFF[min(quick, len(_BACKOFF) - 1)])
        return None

    @property
    def held(self) -> bool:
        """Whether an operator has stopped it."""
        return (self.supervisor.place.home / "held" / self.process.name).exists()

    def wake(self) -> None:
        """Look again at what is wanted."""
        self.woken.set()
        if self.held and self.child:
            self.farewell = asyncio.create_task(self.end())

    async def end(self) -> None:
        """End the process: asked first, then made to."""
        child = self.child
        if child is None:
            return
        with suppress(ProcessLookupError):
            child.send_signal(self.process.ends_by)
        try:
            async with asyncio.timeout(_PATIENCE):
                await child.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                child.kill()
            await child.wait()

    async def _prepare(self) -> None:
        await asyncio.gather(*(self.supervisor.keepers[name].first_ready.wait() for name in self.process.after))
        self._tell(state="preparing")
        await asyncio.to_thread(self.process.prepare)

    def _open_door(self) -> int:
        """The socket outlives the process: what knocks in between is queued by the kernel, and none is refused."""
        if self.socket is None:
            self.socket = socket.create_server(("127.0.0.1", self.process.door or 0), backlog=1024)
        return self.socket.fileno()

    def _close_door(self) -> None:
        if self.socket is not None:
            self.socket.close()
            self.socket = None

    async def _run(self) -> int:
        door = self._open_door() if self.process.door else None
        with _log(self.supervisor.place.log(self.process.name)) as log:
            self.child = await asyncio.create_subprocess_exec(
                *self.process.command,
                cwd=ROOT,
                env=self._environment() | ({"BEREDSKAB_HTTP_FD": str(door)} if door else {}),
                pass_fds=[door] if door else [],
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=self.process.user,
                preexec_fn=tied_to(os.getpid(), self.process.dies_by),
            )
        self._tell(state="starting", pid=self.child.pid)
        watch = asyncio.create_task(self._watch())
        code = await self.child.wait()
        watch.cancel()
        self.child = None
        self._tell(state="starting", pid=None)  # at once: nobody must find it ready and gone
        return code

    async def _watch(self) -> None:
        if self.process.ready is None:
            return
        while not await self.process.ready():  # noqa: ASYNC110 - another process is asked
            await asyncio.sleep(0.1)
        self._tell(state="ready")
        self.first_ready.set()

    async def _rest(self, state: str, seconds: float | None) -> None:
        self.woken.clear()
        self._tell(state=state)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.woken.wait()

    def _environment(self) -> dict[str, str]:
        place = self.supervisor.place
        names = {"BEREDSKAB_HOME": str(place.home), "BEREDSKAB_PORT_BASE": str(place.port_base)}
        own = dict(self.process.environment)
        if self.process.environment.get("BEREDSKAB_KEYS_DIR"):
            own |= service_environment(place, self.process.name)  # overrides may have changed since the start
        return {**os.environ, **names, **own}

    def _tell(self, **news: Any) -> None:
        self.told |= news
        self.supervisor.write()


class Supervisor:
    """All keepers of one place."""

    def __init__(self, place: Place, wanted: Sequence[Process]) -> None:
        self.place = place
        self.keepers = {process.name: Keeper(process, self) for process in wanted}

    async def run(self) -> None:
        """Until told to stop."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._wake)
        tasks = [asyncio.create_task(keeper.keep()) for keeper in self.keepers.values()]
        await stop.wait()
        await self._end_all()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def write(self) -> None:
        """Tell the state, whole or not at all."""
        state = {"pid": os.getpid(), "processes": {name: keeper.told for name, keeper in self.keepers.items()}}
        draft = self.place.home / "state.json.draft"
        with suppress(OSError):  # a full disk must not end what still runs
            draft.write_text(json.dumps(state), encoding="utf-8")
            draft.replace(self.place.home / "state.json")

    def _wake(self) -> None:
        for keeper in self.keepers.values():
            keeper.wake()

    async def _end_all(self) -> None:
        for keeper in self.keepers.values():
            keeper.ending = True
            keeper.woken.set()
        stood_on = {name for keeper in self.keepers.values() for name in keeper.process.after}
        for phase in (self.keepers.keys() - stood_on, stood_on):
            await asyncio.gather(*(self.keepers[name].end() for name in phase))


def _log(path: Path) -> Any:
    if path.exists() and path.stat().st_size > _BIG_LOG:
        path.replace(path.with_suffix(".log.1"))
    return path.open("ab")


def chosen(place: Place, names: Iterable[str]) -> list[Process]:
    """The named processes and what they stand on; all when none is named."""
    every = {process.name: process for process in processes(place)}
    wanted = set(names) or set(every)
    for name in reversed(every):
        if name in wanted:
            wanted |= set(every[name].after)
    return [process for name, process in every.items() if name in wanted]


def main() -> None:
    """Supervise the place named on the command line; end at once when another does."""
    place = Place(Path(sys.argv[1]), int(sys.argv[2]))
    with claim(place.home):
        asyncio.run(Supervisor(place, chosen(place, sys.argv[3:])).run())


if __name__ == "__main__":
    main()
