"""The relay: takes outbox rows in order, hands them to Kafka, deletes what Kafka has acknowledged.

One relay a service, by an advisory lock: a standby takes over when its connection ends. Never a cursor over a sequence
(late commits would be lost), never several relays with SKIP LOCKED (the order within a case would break).
"""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from opentelemetry.trace import Span

from shared.delivery import kafka
from shared.delivery.outbox import INFRASTRUCTURE
from shared.postgres.pool import Connection, Pool
from shared.postgres.wake import wait
from shared.settings import ServiceSettings
from shared.telemetry.logging import error_code, log
from shared.telemetry.tracing import start_send_span, traceparent_of

BATCH = 200
POLL = 0.5
_LOCK = 0x6265_7266  # any fixed number: it names the relay's lock in its service's database


@dataclass(frozen=True, slots=True)
class _Sent:
    seq: int
    span: Span
    acknowledged: "asyncio.Future[Any]"


class Relay:
    """Moves one service's facts from its outbox to Kafka."""

    def __init__(self, settings: ServiceSettings, pool: Pool, woken: asyncio.Event) -> None:
        self._settings = settings
        self._pool = pool
        self._woken = woken
        self._producer: AIOKafkaProducer | None = None

    async def run(self) -> None:
        """Relay whenever this process holds the lock. Runs until cancelled."""
        try:
            while True:
                try:
                    async with self._pool.acquire() as conn:
                        await self._lead(conn)
                except INFRASTRUCTURE as error:
                    log().warning("relay.interrupted", error=error_code(error))
                await asyncio.sleep(1)
        finally:
            await self._drop_producer()

    async def _lead(self, conn: Connection) -> None:
        if not await conn.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):
            return
        try:
            while True:
                if not await self.run_once(conn):
                    await wait(self._woken, at_most=POLL)
        finally:
            await conn.execute("SELECT pg_advisory_unlock($1)", _LOCK)

    async def run_once(self, conn: Connection) -> int:
        """Send the oldest rows and delete those acknowledged; how many that were. Errors of Kafka end in a wait."""
        rows = await conn.fetch("SELECT * FROM outbox ORDER BY seq LIMIT $1", BATCH)
        if not rows:
            return 0
        try:
            sent = await self._send(await self._running_producer(), rows)
        except (KafkaError, OSError) as error:
            log().warning("relay.kafka_away", error=error_code(error), count=len(rows))
            await asyncio.sleep(0.25)
            return 0
        done = await self._settle(sent)
        await conn.execute("DELETE FROM outbox WHERE seq = ANY($1::bigint[])", done)
        return len(done)

    async def _send(self, producer: AIOKafkaProducer, rows: list[asyncpg.Record]) -> list[_Sent]:
        sent = []
        for row in rows:
            stored = json.loads(row["headers"])
            span = start_send_span(row["topic"], event_id=str(row["event_id"]), traceparent=stored.get("traceparent"))
            headers = stored | {"traceparent": traceparent_of(span) or stored.get("traceparent", "")}
            acknowledged = await producer.send(
                row["topic"],
                row["body"],
                key=row["case_id"].bytes,
                headers=[(name, value.encode()) for name, value in headers.items()],
            )
            sent.append(_Sent(row["seq"], span, acknowledged))
        return sent

    async def _settle(self, sent: list[_Sent]) -> list[int]:
        """Wait for every acknowledgement. An error result leaves a gap in the producer's sequence: begin a new one."""
        results = await asyncio.gather(*(each.acknowledged for each in sent), return_exceptions=True)
        failed = [result for result in results if isinstance(result, BaseException)]
        for each in sent:
            each.span.end()
        if failed:
            log().error("relay.send_failed", error=error_code(failed[0]), count=len(failed))
            await self._drop_producer()
            await asyncio.sleep(0.25)
        return [each.seq for each, result in zip(sent, results, strict=True) if not isinstance(result, BaseException)]

    async def _running_producer(self) -> AIOKafkaProducer:
        if self._producer is None:
            fresh = kafka.producer(self._settings)
            try:
                await fresh.start()
            except BaseException:
                await kafka.abandon(fresh)
                raise
            self._producer = fresh
        return self._producer

    async def _drop_producer(self) -> None:
        old, self._producer = self._producer, None
        if old is not None:
            await kafka.abandon(old)
