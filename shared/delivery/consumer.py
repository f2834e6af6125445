"""Consuming: every record is handled, skipped because it is not ours, or parked; then its offset is committed.

One record at a time; where more have queued up, some in one transaction, because a queue is worked off faster so.
The handler given to FastStream never raises: with manual acknowledgement a raising handler loses the record for good.
"""

import asyncio
import time
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, suppress

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from faststream.kafka.subscriber.usecase import DefaultSubscriber

from shared.crash import crash_point
from shared.delivery import kafka
from shared.delivery.arrival import Arrival
from shared.delivery.inbox import Taking
from shared.delivery.lists import AccessLists
from shared.delivery.reception import Opened, Reception
from shared.postgres.faults import INFRASTRUCTURE
from shared.postgres.wake import wait
from shared.settings import ServiceSettings
from shared.telemetry.logging import error_code, log
from shared.telemetry.tracing import process_span
from shared.watchdog import Beat

COMMIT_EVERY = 100
TOGETHER = 20
COMMIT_AFTER = 1.0
LOOK_EVERY = 4.0
_ANSWERED_LATELY = 10.0
_LAST_WORDS = 6.0  # less than a supervisor waits before it kills
_FAULTS = (KafkaError, IllegalStateError, OSError, TimeoutError)


class Consumer:
    """One service's subscription: one group, one record at a time, in order within each partition."""

    def __init__(self, settings: ServiceSettings, group: str, reception: Reception) -> None:
        self.reception = reception
        self.beat = Beat("consumer", at_most=120)  # a rebalance may take 60 s
        self.lists = AccessLists(settings, group)
        self.lag_seconds = 0.0
        self._group = group
        self._settings = settings
        self._clock = settings.clock
        self._offsets: dict[TopicPartition, int] = {}
        self._uncommitted = 0
        self._busy = asyncio.Lock()
        self._stopping = asyncio.Event()
        self._joined = False
        self._answered = float("-inf")
        self._in_hand_since = 0.0
        self._broker = kafka.broker(settings)
        self._subscriber: DefaultSubscriber = self._broker.subscriber(
            *reception.inbox.topics,
            group_id=group,
            group_instance_id=f"{group}-{settings.instance}",
            auto_offset_reset="earliest",
            listener=_Membership(self),
            session_timeout_ms=10_000,
            heartbeat_interval_ms=3_000,
            rebalance_timeout_ms=60_000,
            max_poll_interval_ms=600_000,
            fetch_max_wait_ms=2_000,  # a record ends the wait at once; an empty topic is asked less
        )
        self._subscriber(self._on_record)

    @property
    def connected(self) -> bool:
        """Whether the consumer is a member of its group and Kafka has answered it lately."""
        return self._joined and time.monotonic() - self._answered < _ANSWERED_LATELY

    async def run(self) -> None:
        """Start as soon as Kafka answers, then commit once a second. Runs until cancelled; stops cleanly then."""
        try:
            await self._start()
            looked = time.monotonic()
            while True:
                await asyncio.sleep(COMMIT_AFTER)
                await self.commit()
                if time.monotonic() - looked >= LOOK_EVERY:
                    await self._look()
                    looked = time.monotonic()
        finally:
            await self._stop()

    async def _start(self) -> None:
        delay = 0.25
        while True:
            self.beat()
            try:
                return await self._broker.start()
            except (KafkaError, OSError) as error:
                log().warning("kafka.away", error=error_code(error))
            with suppress(Exception):
                await self._broker.stop()
            await asyncio.sleep(delay)
            delay = min(delay * 2, 2.0)

    async def _stop(self) -> None:
        """Finish what is in hand, commit it, leave. An event that waits for the database is left to the next start."""
        self._subscriber.running = False
        self._stopping.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORDS):
                async with self._busy:
                    await self.commit()
                await self._broker.stop()

    async def _on_record(self, record: ConsumerRecord) -> None:
        async with self._busy:
            queued = await self._queued()
            if not (queued and await self._taken_together([record, *queued])):
                for each in (record, *queued):
                    await self._take(each)
        if self._uncommitted >= COMMIT_EVERY:
            await self.commit()

    async def _take(self, record: ConsumerRecord) -> None:
        if not self._stopping.is_set():
            self._in_hand_since = record.timestamp / 1000
            if not await self._taken(_arrival(record)):
                return
            self._offsets[TopicPartition(record.topic, record.partition)] = record.offset + 1
            self._uncommitted += 1
            self.beat()

    async def _queued(self) -> list[ConsumerRecord]:
        """What has been fetched already, behind the record in hand."""
        consumer = self._subscriber.consumer
        with suppress(*_FAULTS):
            found = await consumer.getmany(timeout_ms=0, max_records=TOGETHER - 1) if consumer else {}
            return [record for records in found.values() for record in records]
        return []

    async def _taken_together(self, records: Sequence[ConsumerRecord]) -> bool:
        """Whether all of them are done with, in one transaction. If one cannot be, none is: then they come singly."""
        self._in_hand_since = records[0].timestamp / 1000
        arrivals = [_arrival(record) for record in records]
        try:
            opened = [(arrival, await self.reception.open(arrival)) for arrival in arrivals]
            taking = [Taking(each.envelope, each.event, self._span(arrival, each)) for arrival, each in opened if each]
            await self.reception.inbox.take_together(taking)
        except Exception as error:
            log().warning("events.taken_singly", error=error_code(error), count=len(records))
            return False
        for record in records:
            self._offsets[TopicPartition(record.topic, record.partition)] = record.offset + 1
        self._uncommitted += len(records)
        self.beat()
        return True

    async def _taken(self, arrival: Arrival) -> bool:
        """Whether it is done with or parked. Where it is neither: the same event again, for ever, or until we stop.

        Every error is caught, not those of the infrastructure alone: one that parking or counting raised would leave
        this record behind, and the commit of the next one would pass it.
        """
        delay = 0.05
        while not self._stopping.is_set():
            try:
                if await self._tried(arrival):
                    return True
            except Exception as error:
                say = log().warning if isinstance(error, INFRASTRUCTURE) else log().error
                say("event.retried", event_id=arrival.event_id, type=arrival.type, error=error_code(error))
            self.beat()
            await wait(self._stopping, at_most=delay, clear=False)
            delay = min(delay * 2, 5.0)
        return False

    async def _tried(self, arrival: Arrival) -> bool:
        opened = await self.reception.open(arrival)
        if opened is None:
            return True
        with self._span(arrival, opened):
            return await self.reception.deliver(arrival, opened)

    def _span(self, arrival: Arrival, opened: Opened) -> AbstractContextManager[object]:
        return process_span(
            arrival.topic,
            group=self._group,
            partition=arrival.partition,
            offset=arrival.offset,
            event_id=str(opened.envelope.id),
            traceparent=opened.envelope.traceparent,
            case_id=str(opened.event.case_id),
            event_type=opened.event.type,
        )

    async def commit(self) -> None:
        """Commit what has had its effect. A rebalance in between is benign: the inbox drops what comes again."""
        consumer, offsets = self._subscriber.consumer, dict(self._offsets)
        if consumer is None or not offsets:
            return
        crash_point("offsets.before_commit")
        mine = {partition: offset for partition, offset in offsets.items() if partition in consumer.assignment()}
        try:
            if mine:
                await consumer.commit(mine)
        except (CommitFailedError, *_FAULTS) as error:
            log().info("kafka.commit_failed", error=error_code(error))
            return
        self._forget(offsets)

    def _forget(self, offsets: dict[TopicPartition, int]) -> None:
        for partition, offset in offsets.items():
            if self._offsets.get(partition) == offset:
                del self._offsets[partition]
        self._uncommitted = 0

    async def _look(self) -> None:
        """How far behind are we? While Kafka is away nobody can tell, and nobody here is to blame.

        Kafka reachable but not by this client (all its brokers have new addresses, say): no sign of life.
        """
        consumer = self._subscriber.consumer
        try:
            async with asyncio.timeout(5):
                behind = consumer is not None and await _behind(consumer)
        except _FAULTS:
            if not await kafka.reachable(self._settings):
                self.beat()
            return
        self._answered = time.monotonic()
        now = self._clock.now() - self._clock.offset
        self.lag_seconds = max(0.0, now.timestamp() - self._in_hand_since) if behind else 0.0
        if self._joined and not behind and not self._busy.locked() and _alive(self._subscriber):
            self.beat()


class _Membership(ConsumerRebalanceListener):  # type: ignore[misc]
    """Before partitions go elsewhere, what is in hand is finished and committed."""

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        self._consumer._joined = False
        with suppress(TimeoutError):
            async with asyncio.timeout(20), self._consumer._busy:
                await self._consumer.commit()
        self._consumer._offsets.clear()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._consumer._joined = True
        self._consumer._answered = time.monotonic()


def _arrival(record: ConsumerRecord) -> Arrival:
    return Arrival(record.topic, tuple(record.headers), record.value or b"", record.partition, record.offset)


def _alive(subscriber: DefaultSubscriber) -> bool:
    return not all(task.done() for task in subscriber.tasks)


async def _behind(consumer: AIOKafkaConsumer) -> bool:
    ends = await consumer.end_offsets(consumer.assignment())
    return any([await consumer.position(partition) < end for partition, end in ends.items()])
