"""Kafka's access lists, looked at instead of trusted: whether the broker lets this service write another's topic.

Asked by a record for a partition that no topic has: who may write is told that there is none, who may not is told that.
Nothing can be written so.
"""

import asyncio

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError, UnknownTopicOrPartitionError, for_code
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from shared.delivery import kafka
from shared.events.consumers import TOPICS
from shared.settings import ServiceSettings
from shared.telemetry import metrics
from shared.telemetry.logging import log

EVERY = 3600.0
_AWAY = 5.0
_NO_PARTITION = 2**31 - 1


class AccessLists:
    """The topics of others that Kafka would let this service write: none, when its lists are in force."""

    def __init__(self, settings: ServiceSettings, service: str) -> None:
        self.open: tuple[str, ...] = ()
        self._settings = settings
        self._foreign = [topic for owner, topic in TOPICS.items() if owner != service]

    async def keep(self) -> None:
        """Look as soon as Kafka answers, then every hour, and say so loudly. Runs until cancelled."""
        name = "beredskab.kafka.open"
        metrics.gauges(lambda: {name: len(self.open)}, {name: "Topics of others that Kafka would let us write."})
        while True:
            try:
                await self.look()
            except (KafkaError, OSError):
                await asyncio.sleep(_AWAY)
                continue
            await asyncio.sleep(EVERY)

    async def look(self) -> None:
        """Ask the broker for each topic. Raises `OSError` and aiokafka's errors."""
        admin = AIOKafkaAdminClient(
            bootstrap_servers=self._settings.kafka_bootstrap_servers, **kafka.client_security(self._settings)
        )
        try:
            await admin.start()
            self.open = tuple([topic for topic in self._foreign if await _writable(admin, topic)])
        finally:
            await admin.close()
        for topic in self.open:
            log().critical("kafka.foreign_topic_open", topic=topic)


async def _writable(admin: AIOKafkaAdminClient, topic: str) -> bool:
    answer = await admin._send_request(ProduceRequest(None, 1, 5_000, [(topic, [(_NO_PARTITION, _record())])]))
    code = int(answer.topics[0][1][0][1])
    if code not in (TopicAuthorizationFailedError.errno, UnknownTopicOrPartitionError.errno):
        raise for_code(code)(topic)
    return bool(code != TopicAuthorizationFailedError.errno)


def _record() -> bytes:
    batch = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 1024)
    batch.append(0, 0, None, b"", [])
    return bytes(batch.build())
