"""A service's process: what it stands on is opened, its loops run; it stops when told to, or when one of them dies.

A loop goes on whatever a row holds: operators are called, and the other loops never notice. What hangs is ended by the
watchdog, and what ends that should not ends the process; the supervisor starts it again.
"""

import asyncio
import os
import signal
import socket
import sys
import threading
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

import asyncpg
import uvicorn
from pydantic import ValidationError
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp
from uvicorn.loops.auto import auto_loop_factory

from shared import crash, watchdog
from shared.auth.services import ServiceTokens
from shared.delivery import figures, kafka, kept
from shared.delivery.consumer import Consumer
from shared.delivery.door import events_route, known_route
from shared.delivery.inbox import Inbox, On, forget
from shared.delivery.kept import Keeper
from shared.delivery.outbox import Transactions
from shared.delivery.reception import Reception
from shared.delivery.relay import Relay
from shared.delivery.second_road import SecondRoad
from shared.evidence import heads
from shared.postgres.faults import INFRASTRUCTURE
from shared.postgres.migrations import Migration, SchemaMismatch, check_schema, migrate
from shared.postgres.pool import Access, Pool, PoolerBetween
from shared.postgres.wake import Wake, wait
from shared.sealing import KeyRing, MacKeys
from shared.settings import NotApart, ServiceSettings
from shared.telemetry import logging, metrics, tracing
from shared.telemetry.logging import log
from shared.watchdog import Beat
from shared.web.application import application
from shared.web.guard import FairShare, GuardedProtocol, Lobby, limits_of
from shared.web.screens import Screens

S = TypeVar("S", bound=ServiceSettings)
FAILING: set[str] = set()
"""The loops of this process whose last turn failed for another reason than the ground."""
metrics.gauges(
    lambda: {"beredskab.loops.failing": float(len(FAILING))},
    {"beredskab.loops.failing": "Loops that fail at each turn; the others go on."},
)
_GOODBYE = 2.0
_LINGER = 0.3
"""Seconds between no longer accepting and closing what is idle."""


def run(name: str, settings: type[S], commands: Mapping[str, Callable[[S], Awaitable[None]]]) -> None:
    """Run the command named on the command line. What an operator can mend ends in a sentence and exit code 1 or 2."""
    command = commands.get(" ".join(sys.argv[1:]))
    if command is None:
        sys.exit(_say(f"Usage: python -m services.{name} {'|'.join(commands)}", code=2))
    try:
        crash.arm(os.environ)
        with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
            runner.run(_awaited(command(settings())))
    except crash.CrashNotAllowed:
        sys.exit(_say(f"{name}: unset BEREDSKAB_CRASH_AT: it is for tests alone.", code=2))
    except ValidationError as error:
        wrong = ", ".join(sorted({f"BEREDSKAB_{each['loc'][0]}".upper() for each in error.errors()}))
        sys.exit(_say(f"{name}: set {wrong} (see .env.example).", code=2))
    except (SchemaMismatch, PoolerBetween, NotApart) as error:
        sys.exit(_say(f"{name}: {error.advice}"))
    except FileNotFoundError as error:
        sys.exit(_say(f"{name}: {error.filename} is missing."))
    except INFRASTRUCTURE as error:
        sys.exit(_say(f"{name}: the database or Kafka does not answer ({logging.error_code(error)})."))
    except Exception as error:  # its text may repeat values, so a traceback must not be printed
        where = traceback.extract_tb(error.__traceback__)[-1]
        log().critical(
            "process.failed", error=logging.error_code(error), logger=f"{Path(where.filename).name}:{where.lineno}"
        )
        sys.exit(1)


async def _awaited(command: Awaitable[None]) -> None:
    await command


def _say(sentence: str, *, code: int = 1) -> int:
    with suppress(OSError):
        print(sentence, file=sys.stderr, flush=True)
    return code


@dataclass(frozen=True, slots=True)
class Loop:
    """Work that waits for rows: `run_once` says how many it did; after none, it waits for a wake or `at_most` s.

    What waits for time and not for rows is not `woken`: every commit would have it look in vain.
    """

    name: str
    run_once: Callable[[], Awaitable[int]]
    at_most: float = 0.5
    woken: bool = True

    def beat(self) -> Beat:
        """Its sign of life, which is not late while it only rests."""
        beat = Beat(self.name)
        beat.at_most += self.at_most
        return beat


async def keep_turning(loop: Loop, beat: Beat, woken: asyncio.Event) -> None:
    """Run the loop until cancelled. Faults of the ground are waited out; and no loop ends by what is stored."""
    while True:
        beat()
        try:
            done = await loop.run_once()
        except INFRASTRUCTURE as error:
            log().warning("loop.interrupted", loop=loop.name, error=logging.error_code(error))
            await asyncio.sleep(0.25)
            continue
        except Exception as error:
            FAILING.add(loop.name)
            log().error("loop.failed", loop=loop.name, error=logging.error_code(error))
            await asyncio.sleep(1)
            continue
        FAILING.discard(loop.name)
        if not done:
            await wait(woken, at_most=loop.at_most)


@dataclass(frozen=True, slots=True)
class Service:
    """What every process of a service stands on."""

    name: str
    settings: ServiceSettings
    pool: Pool
    wake: Wake
    transactions: Transactions
    keys: KeyRing
    tokens: ServiceTokens
    access: Access

    async def database_missing(self) -> list[str]:
        """What `/ready` names: the database, where it does not answer or takes no write (a replica, a former primary).

        A worker needs no more either. While Kafka is away, others hand it their facts by `/events`.
        """
        try:
            async with asyncio.timeout(2):
                read_only = await self.pool.fetchval("SHOW transaction_read_only")
        except INFRASTRUCTURE:
            return ["database"]
        return ["database"] if read_only == "on" else []

    def admitted(self) -> bool:
        """What `/live` tells: False once the database has refused our password for too long."""
        return not self.access.refused

    def worker_app(
        self,
        routes: Sequence[BaseRoute],
        consumer: Consumer,
        screens: Screens | None = None,
        away: Callable[[], Sequence[str]] = tuple,
    ) -> ASGIApp:
        """The application of a worker: its health, and what else it answers. `away`: what else it does without."""

        def all_away() -> list[str]:
            open_ = ["kafka_access_lists"] if consumer.lists.open else []
            return [*([] if consumer.connected else ["kafka"]), *open_, *away()]

        return application(routes, ready=self.database_missing, away=all_away, alive=self.admitted, screens=screens)

    def reception(self, subscriptions: Sequence[On[Any]]) -> Reception:
        """Where events of a subscription table are taken in, whichever road they come by."""
        return Reception(Inbox(self.transactions, subscriptions), self.pool, self.keys, self.settings.clock)

    def consumer(self, subscriptions: Sequence[On[Any]]) -> Consumer:
        """The consumer of a subscription table, in the group named like the service."""
        return Consumer(self.settings, self.name, self.reception(subscriptions))

    def events(self, subscriptions: Sequence[On[Any]]) -> list[Route]:
        """`POST /events`: the end of the second road, for the process whose port the other services know."""
        reception = self.reception(subscriptions)
        return [events_route(self.name, reception, self.tokens), known_route(reception, self.tokens)]

    async def serve(self, web: ASGIApp) -> None:
        """Run a door: HTTP alone, so that no stuck worker takes it along."""
        running = [self.wake.notify_others(), figures.keep_clock(self.pool, self.settings.clock)]
        await _until_stopped(self._server(web), running)

    async def work(self, web: ASGIApp, consumer: Consumer | None, loops: Sequence[Loop]) -> None:
        """Run a worker: consumer, relay and loops, with HTTP beside them, under a watchdog."""
        road = SecondRoad(self.settings, self.name, self.pool, self.tokens)
        relay = Relay(self.settings, self.pool, self.wake, road)
        keeper = Keeper(self.pool, self.settings.clock, road, self.wake)
        loops = [
            *loops,
            Loop("keeper", keeper.run_once, at_most=10, woken=False),
            Loop("forget kept", partial(kept.forget, self.pool, self.settings.clock), at_most=3600, woken=False),
        ]
        if consumer is not None:
            loops = [
                *loops,
                Loop("replay", consumer.reception.replay_once, at_most=3, woken=False),
                Loop("forget", partial(forget, self.pool, self.settings.clock), at_most=3600, woken=False),
            ]
        if self.name in heads.WITH_EVIDENCE:
            hand_out = heads.Heads(self.transactions, self.tokens).run_once
            loops = [*loops, Loop("heads", hand_out, at_most=heads.EVERY, woken=False)]
        looping = [(loop, loop.beat()) for loop in loops]
        running = [
            self.wake.notify_others(),
            self.wake.listen(),
            relay.run(),
            figures.keep(self.pool, self.settings.clock, consumer, relay, self.wake),
            figures.keep_clock(self.pool, self.settings.clock),
        ]
        running += [
            keep_turning(loop, beat, self.wake.on_work() if loop.woken else asyncio.Event()) for loop, beat in looping
        ]
        beats = [relay.beat, *(beat for _, beat in looping)]
        if consumer is not None:
            running += [consumer.run(), consumer.lists.keep()]
            beats.append(consumer.beat)
        watchdog.watch(beats)
        await _until_stopped(self._server(web), running)

    def _server(self, web: ASGIApp) -> "_Server":
        limits = limits_of(self.settings)
        config = uvicorn.Config(
            FairShare(web, limits),
            http=cast(Any, partial(GuardedProtocol, Lobby(limits))),
            forwarded_allow_ips=[str(network) for network in limits.trusted],
            backlog=limits.connections,
            host=self.settings.http_host,
            port=self.settings.http_port,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=5,
        )
        return _Server(config, self.settings.http_fd)


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: the process decides when to stop.

    With `fd` it takes over a socket that listens already. Who holds that socket open beside us loses no connection
    while we restart.
    """

    def __init__(self, config: uvicorn.Config, fd: int) -> None:
        super().__init__(config)
        self._inherited = [socket.socket(fileno=fd)] if fd else None

    async def answer(self) -> None:
        """Serve until `should_exit`."""
        await self.serve(self._inherited)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept nobody any more, but answer those who were: their request may be on its way."""
        for server in self.servers:
            server.close()
        self.server_state.default_headers = [*self.server_state.default_headers, (b"connection", b"close")]
        await asyncio.sleep(_LINGER)
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _until_stopped(server: _Server, running: Sequence[Any]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    tasks = [asyncio.ensure_future(each) for each in running]
    door = asyncio.ensure_future(server.answer())
    ended = asyncio.ensure_future(stop.wait())
    done, _ = await asyncio.wait([*tasks, door, ended], return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    await asyncio.gather(door, return_exceptions=True)
    for task in (*tasks, ended):
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for task in done - {ended}:
        task.result()
        raise RuntimeError("a loop ended that should not")


@asynccontextmanager
async def open_service(
    settings: ServiceSettings, name: str, *, migrations: Sequence[Migration], process: str = "work"
) -> AsyncIterator[Service]:
    """Telemetry, keys, pool. Raises `SchemaMismatch` when the database is not migrated to this code."""
    logging.configure(name, settings.log_level)
    described = tracing.resource(name, f"{process}-{settings.instance}")
    spans = tracing.start_tracing(described, settings.otlp_endpoint)
    meters = metrics.start_metrics(described, settings.otlp_endpoint)
    keys = KeyRing.read(settings.keys_dir / "kek.json")
    macs = MacKeys.read(settings.keys_dir / "evidence.json")
    tokens = ServiceTokens.read(settings.keys_dir, name, settings.clock)
    access = Access(settings)
    pool = await access.open_pool(application=name)
    try:
        async with pool.acquire() as conn:
            await check_schema(conn, migrations)
        wake = Wake(pool, instance=settings.instance)
        yield Service(
            name, settings, pool, wake, Transactions(pool, settings.clock, name, wake, macs), keys, tokens, access
        )
    finally:
        await _close(pool, spans.shutdown, meters.shutdown)


async def _close(pool: Pool, *shutdowns: Callable[[], Any]) -> None:
    """Let go of everything at once, and wait for none of it for long: a frozen collector must not hold a process.

    The threads are daemons of our own: those of the loop's executor would be waited for when it is closed.
    """
    threads = [threading.Thread(target=shutdown, daemon=True) for shutdown in shutdowns]
    for thread in threads:
        thread.start()
    with suppress(TimeoutError):
        async with asyncio.timeout(_GOODBYE):
            await pool.close()
            while any(thread.is_alive() for thread in threads):  # noqa: ASYNC110 - a thread sets no event
                await asyncio.sleep(0.02)


async def migrate_service(
    settings: ServiceSettings,
    name: str,
    *,
    migrations: Sequence[Migration],
    topic: str,
    seed: Callable[[asyncpg.Connection], Awaitable[None]] | None = None,
) -> None:
    """Bring the database to this code, load the seed, create the topic. Safe to repeat and to run twice at once.

    Raises `NotApart` when the database's owner is not told, or is the role that the processes sign in as.
    """
    logging.configure(name, settings.log_level)
    runtime, owner = settings.roles()
    conn = await asyncpg.connect(owner, timeout=10)
    try:
        for applied in await migrate(conn, migrations, runtime=runtime):
            log().info("migration.applied", migration=applied)
        if seed is not None:
            await seed(conn)
    finally:
        await conn.close()
    await kafka.create_topic(settings, topic)
    if name in heads.WITH_EVIDENCE:
        await kafka.create_topic(settings, heads.TOPIC, partitions=1, retention=kafka.FOR_EVER)
    log().info("migrate.done", topic=topic)
