"""Both roads between two services in miniature, on a real Kafka and a real PostgreSQL."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
import uvicorn
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from pydantic import SecretStr

from deploy.local.stack import Stack
from shared.clock import Clock
from shared.delivery import kafka
from shared.delivery.consumer import Consumer
from shared.delivery.door import events_route, known_route
from shared.delivery.kept import Keeper
from shared.delivery.reception import Reception
from shared.delivery.relay import Relay
from shared.delivery.second_road import SecondRoad
from shared.events.escalation import MessageWithdrawn
from shared.ids import new_id
from shared.postgres.wake import Wake
from shared.settings import ServiceSettings
from shared.web.application import application
from tests.conftest import OpenGround
from tests.support.broker import Broker, running_broker
from tests.support.miniature import MIGRATIONS, effects, reception
from tests.support.services import Ground
from tests.support.system import SERVICES, System, one_by_one, running_stack, system_of, until
from tests.support.traffic import concern, sent_until_in

TOPIC = MessageWithdrawn.topic
_PATIENCE = 300.0


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A real Kafka."""
    with running_broker(tmp_path_factory.mktemp("kafka") / "data") as running:
        yield running


@dataclass
class Roads:
    """escalation tells, notify hears. Relays, consumers and doors run for the length of a block."""

    broker: Broker
    teller: Ground
    hearer: Ground
    socket: socket.socket
    group: str = field(default_factory=lambda: f"notify-{new_id().hex[:8]}")

    def settings(self, ground: Ground) -> ServiceSettings:
        return ServiceSettings(
            **self.broker.settings,
            database_url=SecretStr(ground.url),
            keys_dir=ground.keys_dir,
            http_port=1,
            peers={"notify": f"http://127.0.0.1:{self.socket.getsockname()[1]}"},
        )

    @asynccontextmanager
    async def relay(self) -> AsyncIterator[Relay]:
        """escalation's relay. What commits wakes it."""
        settings, ground = self.settings(self.teller), self.teller
        wake = Wake(ground.pool)
        road = SecondRoad(settings, "escalation", ground.pool, ground.tokens)
        relay = Relay(settings, ground.pool, wake, road)
        async with running(relay.run()):
            yield relay

    @asynccontextmanager
    async def consumer(self, to: Reception | None = None) -> AsyncIterator[Consumer]:
        """notify's consumer, once it has joined its group."""
        consumer = Consumer(self.settings(self.hearer), self.group, to or reception(self.hearer))
        async with running(consumer.run()):
            await until(lambda: _true(consumer.connected))
            yield consumer

    @asynccontextmanager
    async def door(self) -> AsyncIterator[None]:
        """notify's `/events`."""

        async def ready() -> list[str]:
            return []

        heard = reception(self.hearer)
        doors = [events_route("notify", heard, self.hearer.tokens), known_route(heard, self.hearer.tokens)]
        app = application(doors, ready=ready)
        server = _Server(uvicorn.Config(app, log_config=None, lifespan="off"))
        task = asyncio.create_task(server.serve([self.socket]))
        try:
            yield
        finally:
            server.should_exit = True
            await task

    async def ask(self, *, later: timedelta) -> int:
        """Let escalation's keeper ask, that much later; how many facts were confirmed or sent again."""
        settings, ground = self.settings(self.teller), self.teller
        road = SecondRoad(settings, "escalation", ground.pool, ground.tokens)
        try:
            return await Keeper(ground.pool, Clock(later), road, Wake(ground.pool)).run_once()
        finally:
            await road.close()

    async def waiting(self) -> int:
        """How many facts nobody has confirmed."""
        n: int = await self.teller.pool.fetchval("SELECT count(*) FROM kept WHERE waits_for <> '{}'")
        return n

    async def outbox(self) -> int:
        """How many facts wait for Kafka."""
        n: int = await self.teller.pool.fetchval("SELECT count(*) FROM outbox")
        return n

    async def heard(self, *events: MessageWithdrawn, within: float = 30) -> None:
        """Wait until each of these has had its effect, once."""
        wanted = {event.message_id for event in events}

        async def all_of_them() -> bool:
            return wanted <= set(await effects(self.hearer))

        await until(all_of_them, within=within)
        found = Counter(await effects(self.hearer))
        assert {found[message_id] for message_id in wanted} == {1}

    async def sent_all(self, *, within: float = 30) -> None:
        """Wait until the outbox is empty."""

        async def empty() -> bool:
            return await self.outbox() == 0

        await until(empty, within=within)

    async def produce(self, *records: tuple[bytes | None, list[tuple[str, Any]]], key: bytes) -> None:
        """Put records on the topic as a stranger might."""
        producer = AIOKafkaProducer(**self.broker.client, max_request_size=2_000_000)
        await producer.start()
        try:
            for body, headers in records:
                await producer.send_and_wait(TOPIC, body, key=key, headers=headers)
        finally:
            await producer.stop()

    async def begin_at_end(self) -> None:
        """Let the group begin after what other tests have left in the topic."""
        parts = [TopicPartition(TOPIC, n) for n in range(kafka.PARTITIONS)]
        consumer = AIOKafkaConsumer(**self.broker.client, group_id=self.group, enable_auto_commit=False)
        await consumer.start()
        try:
            consumer.assign(parts)
            await consumer.commit(await consumer.end_offsets(parts))
        finally:
            await consumer.stop()


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _true(value: bool) -> bool:
    return value


@asynccontextmanager
async def running(work: Any) -> AsyncIterator[None]:
    """Work that goes on during the block and is cancelled, as at a stop, at its end."""
    task = asyncio.create_task(work)
    try:
        yield
        assert not task.done(), task.exception()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.fixture
async def roads(broker: Broker, ground: OpenGround) -> AsyncIterator[Roads]:
    """Both roads, on databases of their own; nothing runs on them yet."""
    broker.start()
    async with AsyncExitStack() as stack:
        door = stack.enter_context(socket.socket())
        door.bind(("127.0.0.1", 0))
        roads = Roads(broker, await ground("escalation", MIGRATIONS), await ground("notify", MIGRATIONS), door)
        await kafka.create_topic(roads.settings(roads.teller), TOPIC)
        await roads.begin_at_end()
        yield roads
        broker.start()


@pytest.fixture(scope="session")
def faulty_stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """A whole stack to be ill-treated. Every test leaves it running, with the settings it began with."""
    with running_stack(only=SERVICES, keep=lambda: bool(request.session.testsfailed)) as stack:
        yield stack


@pytest.fixture
async def faulty(faulty_stack: Stack) -> AsyncIterator[System]:
    """The stack to be ill-treated, all of it running and warm."""
    async with system_of(faulty_stack) as system:
        first = await sent_until_in(system, concern())
        await system.paged(first["report_id"], within=120)
        yield system
        faulty_stack.override(one_by_one({}))
        for name in ("postgres", "kafka", *SERVICES):
            await started(system, name)


async def started(system: System, name: str) -> None:
    """Start it, unless it runs, and wait until it is ready, on a busy machine too."""
    await asyncio.to_thread(system.stack.start, name, within=_PATIENCE)


async def restarted(system: System, *names: str) -> None:
    """Restart these, all at once."""
    await asyncio.gather(*(asyncio.to_thread(system.stack.restart, name, within=_PATIENCE) for name in names))
