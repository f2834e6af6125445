"""Consuming: every record is handled, skipped because it is not ours, or parked; then its offset is committed.

The handler given to FastStream never raises: with manual acknowledgement a raising handler loses the record for good.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress

from aiokafka import ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from faststream.kafka.subscriber.usecase import DefaultSubscriber

from shared.clock import Clock
from shared.delivery import kafka, parking
from shared.delivery.inbox import Inbox
from shared.delivery.outbox import INFRASTRUCTURE
from shared.events.envelope import Envelope, Undecodable, envelope_of, event_of, text_headers
from shared.events.model import Event
from shared.postgres.pool import Pool
from shared.sealing import KeyRing
from shared.settings import ServiceSettings
from shared.telemetry.logging import error_code, log
from shared.telemetry.tracing import process_span

COMMIT_EVERY = 100
COMMIT_AFTER = 1.0


class Consumer:
    """One service's subscription: one group, one record at a time, in order within each partition."""

    def __init__(self, settings: ServiceSettings, group: str, inbox: Inbox, pool: Pool, keys: KeyRing) -> None:
        self._group = group
        self._inbox = inbox
        self._pool = pool
        self._keys = keys
        self._clock: Clock = settings.clock
        self._offsets: dict[TopicPartition, int] = {}
        self._uncommitted = 0
        self._busy = asyncio.Lock()
        self._broker = kafka.broker(settings)
        self._subscriber: DefaultSubscriber = self._broker.subscriber(
            *inbox.topics,
            group_id=group,
            group_instance_id=f"{group}-{settings.instance}",
            auto_offset_reset="earliest",
            listener=_CommitOnRevoke(self),
            session_timeout_ms=10_000,
            heartbeat_interval_ms=3_000,
            rebalance_timeout_ms=60_000,
            max_poll_interval_ms=600_000,
        )
        self._subscriber(self._on_record)

    @property
    def connected(self) -> bool:
        """Whether the consumer holds partitions."""
        consumer = self._subscriber.consumer
        return consumer is not None and bool(consumer.assignment())

    async def run(self) -> None:
        """Start as soon as Kafka answers, then commit once a second. Runs until cancelled; stops cleanly then."""
        try:
            await self._start()
            while True:
                await asyncio.sleep(COMMIT_AFTER)
                await self.commit()
        finally:
            await self._stop()

    async def _start(self) -> None:
        delay = 0.25
        while True:
            try:
                return await self._broker.start()
            except (KafkaError, OSError) as error:
                log().warning("kafka.away", error=error_code(error))
            with suppress(Exception):
                await self._broker.stop()
            await asyncio.sleep(delay)
            delay = min(delay * 2, 2.0)

    async def _stop(self) -> None:
        self._subscriber.running = False
        with suppress(TimeoutError):
            async with asyncio.timeout(10):
                async with self._busy:
                    await self.commit()
                await self._broker.stop()

    async def _on_record(self, record: ConsumerRecord) -> None:
        async with self._busy:
            await self._take(record)
            self._offsets[TopicPartition(record.topic, record.partition)] = record.offset + 1
            self._uncommitted += 1
        if self._uncommitted >= COMMIT_EVERY:
            await self.commit()

    async def commit(self) -> None:
        """Commit what has had its effect. A rebalance in between is benign: the inbox drops what comes again."""
        consumer, offsets = self._subscriber.consumer, dict(self._offsets)
        if consumer is None or not offsets:
            return
        mine = {partition: offset for partition, offset in offsets.items() if partition in consumer.assignment()}
        try:
            if mine:
                await consumer.commit(mine)
        except (CommitFailedError, IllegalStateError, KafkaError) as error:
            log().info("kafka.commit_failed", error=error_code(error))
            return
        for partition, offset in offsets.items():
            if self._offsets.get(partition) == offset:
                del self._offsets[partition]
        self._uncommitted = 0

    async def _take(self, record: ConsumerRecord) -> None:
        try:
            envelope = envelope_of(text_headers(record.headers))
            event = event_of(envelope, record.value or b"")
        except Undecodable as fault:
            await self._park(record, reason=fault.reason)
            return
        if event is None or not self._inbox.handles(event):
            return
        with process_span(
            record.topic,
            group=self._group,
            partition=record.partition,
            offset=record.offset,
            event_id=str(envelope.id),
            traceparent=envelope.traceparent,
        ):
            await self._deliver(record, envelope, event)

    async def _deliver(self, record: ConsumerRecord, envelope: Envelope, event: Event) -> None:
        delay = 0.05
        while True:
            try:
                return await self._inbox.take(envelope, event)
            except INFRASTRUCTURE as error:
                log().warning("event.retried", event_id=envelope.id, type=event.type, error=error_code(error))
            except Exception as error:
                log().error("event.failed", event_id=envelope.id, type=event.type, error=error_code(error))
                if await self._gave_up(record):
                    await self._park(record, reason=f"handler_{error_code(error)}")
                    return None
            await asyncio.sleep(delay)
            delay = min(delay * 2, 5.0)

    async def _gave_up(self, record: ConsumerRecord) -> bool:
        with suppress(*INFRASTRUCTURE):
            return await parking.count_try(self._pool, record) >= parking.TRIES
        return False

    async def _park(self, record: ConsumerRecord, *, reason: str) -> None:
        delay = 0.05
        while True:
            try:
                await parking.park(self._pool, self._keys, self._clock, record, reason=reason)
                where = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
                log().error("event.parked", reason=reason, **where)
                return
            except INFRASTRUCTURE as error:
                log().warning("park.retried", error=error_code(error))
            await asyncio.sleep(delay)
            delay = min(delay * 2, 5.0)


class _CommitOnRevoke(ConsumerRebalanceListener):  # type: ignore[misc]
    """Before partitions go elsewhere, what is in hand is finished and committed."""

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(20), self._consumer._busy:
                await self._consumer.commit()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        return None
