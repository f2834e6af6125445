"""The relay: takes outbox rows in order, hands them to Kafka, deletes what Kafka has acknowledged.

One relay a service, by an advisory lock: a standby takes over when its connection ends. Never a cursor over a sequence
(late commits would be lost), never several relays with SKIP LOCKED (the order within a case would break).
While Kafka leaves a send without an answer for `OUTAGE` seconds, urgent rows go by the second road as well.
"""

import asyncio
import json
import time
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, RecordListTooLargeError
from opentelemetry.trace import Span

from shared.crash import crash_point
from shared.delivery import kafka
from shared.delivery.kept import keep
from shared.delivery.second_road import SecondRoad
from shared.postgres.faults import INFRASTRUCTURE
from shared.postgres.pool import Connection, Pool
from shared.postgres.wake import Wake, wait
from shared.settings import ServiceSettings
from shared.telemetry.logging import error_code, log
from shared.telemetry.tracing import start_send_span, traceparent_of
from shared.watchdog import Beat

BATCH = 200
POLL = 2.0
"""Seconds between two looks of a relay that nobody wakes: what is committed wakes it, here or by NOTIFY."""
ROAD_POLL = 0.25
OUTAGE = 3.0
_LOCK = 0x6265_7266  # any fixed number: it names the relay's lock in its service's database
_PATIENCE = 75.0  # beyond the producer's own 60 s: it has been seen to wait for ever
_LAST_WORDS = 2.0
_SAY_EVERY = 10.0
_TOO_LARGE = (MessageSizeTooLargeError, RecordListTooLargeError)


@dataclass(frozen=True, slots=True)
class _Sent:
    seq: int
    span: Span
    acknowledged: "asyncio.Future[Any]"


class Relay:
    """Moves one service's facts from its outbox to Kafka, and by the second road while Kafka is away."""

    def __init__(self, settings: ServiceSettings, pool: Pool, wake: Wake, road: SecondRoad) -> None:
        self.beat = Beat("relay", at_most=2 * _PATIENCE)
        self._settings = settings
        self._pool = pool
        self._wake = wake
        self._road = road
        self._woken = wake.on_facts()
        self._woken_for = {peer: wake.on_facts() for peer in road.peers}
        self._producer: AIOKafkaProducer | None = None
        self._oldest: tuple[int, float] | None = None
        self._away_since: float | None = None
        self._said_at = float("-inf")
        self._batch = BATCH
        self._stuck_for: set[str] = set()

    async def run(self) -> None:
        """Relay whenever this process holds the lock. Runs until cancelled."""
        for peer in self._road.unknown:
            log().error("second_road.no_address", peer=peer)
        try:
            while True:
                self.beat()
                try:
                    async with self._pool.acquire() as conn:
                        await self._lead(conn)
                except* INFRASTRUCTURE as group:
                    log().warning("relay.interrupted", error=error_code(group.exceptions[0]))
                except* Exception as group:  # whatever a row holds: the relay goes on
                    log().error("loop.failed", loop="relay", error=error_code(group.exceptions[0]))
                await asyncio.sleep(1)
        finally:
            await self._drop_producer()
            await self._road.close()

    @property
    def outage(self) -> bool:
        """Whether Kafka has left the oldest row, or the wish to send at all, without an answer for too long.

        A mere backlog is no outage: its oldest row is another one all the time.
        """
        since = [self._away_since] if self._away_since else []
        since += [self._oldest[1]] if self._oldest else []
        return any(time.monotonic() - each >= OUTAGE for each in since)

    async def _lead(self, conn: Connection) -> None:
        if not await conn.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):
            return
        log().info("relay.leads")
        # A delete that a crash undoes has its fact sent again, and the inbox drops it: not worth waiting for the disk.
        await conn.execute("SET synchronous_commit = off")
        self._oldest = self._away_since = None
        if await conn.fetchval("SELECT EXISTS (SELECT FROM outbox WHERE stuck IS NOT NULL AND waits_for <> '{}')"):
            self._stuck_for = set(self._road.peers)
        self._wake.leads = True
        try:
            async with asyncio.TaskGroup() as both:
                for peer in self._road.peers:
                    both.create_task(self._follow_road(peer))
                both.create_task(self._follow_kafka(conn))
        finally:
            self._wake.leads = False
            self._oldest = self._away_since = None
            with suppress(*INFRASTRUCTURE):
                await conn.execute("SELECT pg_advisory_unlock($1)", _LOCK)
                await conn.execute("RESET synchronous_commit")

    async def _follow_kafka(self, conn: Connection) -> None:
        while True:
            self.beat()
            if await self.run_once(conn) < self._batch:
                await wait(self._woken, at_most=POLL)

    async def _follow_road(self, peer: str) -> None:
        delay = 2 * ROAD_POLL
        while True:
            needed = self.outage or peer in self._stuck_for
            taken = await self._taken_by(peer) if needed else 0
            if taken is None:
                await asyncio.sleep(delay)
                delay = min(delay * 2, 8 * ROAD_POLL)
                continue
            delay = 2 * ROAD_POLL
            if not taken:
                self._stuck_for.discard(peer)
                await wait(self._woken_for[peer], at_most=ROAD_POLL)

    async def _taken_by(self, peer: str) -> int | None:
        try:
            return await self._road.run_once(peer)
        except INFRASTRUCTURE as error:
            log().warning("second_road.interrupted", peer=peer, error=error_code(error))
        return None

    async def run_once(self, conn: Connection) -> int:
        """Send the oldest rows and delete those acknowledged; how many that were. Errors of Kafka end in a wait."""
        rows = await conn.fetch("SELECT * FROM outbox WHERE stuck IS NULL ORDER BY seq LIMIT $1", self._batch)
        self._note_oldest(rows)
        try:
            producer = await self._running_producer()
            sent = await self._send(conn, producer, rows)
        except (KafkaError, OSError) as error:
            self._say_away(error, len(rows))
            await asyncio.sleep(0.25)
            return 0
        return await _even_if_cancelled(self._finish(conn, sent)) if sent else 0

    def _say_away(self, error: Exception, waiting: int) -> None:
        if time.monotonic() - self._said_at > _SAY_EVERY:
            self._said_at = time.monotonic()
            log().warning("relay.kafka_away", error=error_code(error), count=waiting)

    def _note_oldest(self, rows: Sequence[asyncpg.Record]) -> None:
        if self._oldest is None or self._oldest[0] not in [row["seq"] for row in rows]:
            self._oldest = (rows[0]["seq"], time.monotonic()) if rows else None

    async def _send(self, conn: Connection, producer: AIOKafkaProducer, rows: Sequence[asyncpg.Record]) -> list[_Sent]:
        sent = []
        for row in rows:
            crash_point("relay.before_send")
            if len(row["body"]) > kafka.MAX_BYTES:
                await self._set_aside(conn, row["seq"], "too_large")
                continue
            try:
                sent.append(await self._sent(producer, row))
            except (ValueError, TypeError, AttributeError, AssertionError):  # what is stored makes no record
                await self._set_aside(conn, row["seq"], "unsendable")
        return sent

    async def _sent(self, producer: AIOKafkaProducer, row: asyncpg.Record) -> _Sent:
        stored = json.loads(row["headers"])
        span = start_send_span(
            row["topic"],
            event_id=str(row["event_id"]),
            traceparent=stored.get("traceparent"),
            case_id=stored.get("ce_subject"),
            event_type=stored.get("ce_type"),
        )
        headers = stored | {"traceparent": traceparent_of(span) or stored.get("traceparent", "")}
        acknowledged = await producer.send(
            row["topic"],
            row["body"],
            key=row["case_id"].bytes,
            headers=[(name, value.encode()) for name, value in headers.items()],
        )
        return _Sent(row["seq"], span, acknowledged)

    async def _finish(self, conn: Connection, sent: list[_Sent]) -> int:
        """Wait for every acknowledgement and delete what has one."""
        crash_point("relay.sent")
        done = await self._settle(conn, sent)
        crash_point("relay.acknowledged")
        await keep(conn, done, service=self._road.service, clock=self._settings.clock)
        return len(done)

    async def _settle(self, conn: Connection, sent: list[_Sent]) -> list[int]:
        """An error result leaves a gap in the producer's sequence: what follows is sent by a new one."""
        await asyncio.wait([each.acknowledged for each in sent], timeout=_PATIENCE)
        for each in sent:
            each.span.end()
        failed = [(each.seq, fault) for each in sent if (fault := _fault(each.acknowledged)) is not None]
        if failed:
            log().error("relay.send_failed", error=error_code(failed[0][1]), count=len(failed))
            await self._drop_producer()
            await self._suspect(conn, failed, alone=len(sent) == 1)
            await asyncio.sleep(0.25)
        else:
            self._batch = BATCH
        faulty = {seq for seq, _ in failed}
        return [each.seq for each in sent if each.seq not in faulty]

    async def _suspect(self, conn: Connection, failed: list[tuple[int, BaseException]], *, alone: bool) -> None:
        """Too large for the broker: records that travel together fail together, so they are tried one by one."""
        if not any(isinstance(fault, _TOO_LARGE) for _, fault in failed):
            return
        self._batch = 1
        if alone:
            await self._set_aside(conn, failed[0][0], "too_large")

    async def _set_aside(self, conn: Connection, seq: int, reason: str) -> None:
        await conn.execute("UPDATE outbox SET stuck = $2 WHERE seq = $1", seq, reason)
        self._stuck_for = set(self._road.peers)
        log().error("relay.stuck", reason=reason, count=1)

    async def _running_producer(self) -> AIOKafkaProducer:
        if self._producer is None:
            self._away_since = self._away_since or time.monotonic()
            fresh = kafka.producer(self._settings)
            try:
                await fresh.start()
            except BaseException:
                await kafka.abandon(fresh)
                raise
            self._producer = fresh
        self._away_since = None
        return self._producer

    async def _drop_producer(self) -> None:
        old, self._producer = self._producer, None
        if old is not None:
            await kafka.abandon(old)


def _fault(acknowledged: "asyncio.Future[Any]") -> BaseException | None:
    if not acknowledged.done():
        return TimeoutError()
    if acknowledged.cancelled():
        return asyncio.CancelledError()
    return acknowledged.exception()


async def _even_if_cancelled(work: Coroutine[Any, Any, int]) -> int:
    """Told to stop in the middle, it gets a moment to come to its end: what is acknowledged need not be sent again."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task], timeout=_LAST_WORDS)
        task.cancel()
        raise
