"""Kafka: one FastStream subscriber a service, one idempotent producer a relay, topics made by `migrate`."""

import asyncio
import ssl
from contextlib import suppress
from typing import Any

from aiokafka import AIOKafkaProducer, ConsumerRecord
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import NoError, TopicAlreadyExistsError, for_code
from aiokafka.helpers import create_ssl_context
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from faststream.kafka.message import FAKE_CONSUMER
from faststream.security import BaseSecurity, SASLScram512

from shared.settings import ServiceSettings

PARTITIONS = 12
RETENTION = 14 * 24 * 3600 * 1000
"""Milliseconds that a topic keeps a fact."""
FOR_EVER = -1
MAX_BYTES = 900_000
REQUEST_TIMEOUT = 75_000  # must exceed the rebalance time-out by 10 s, or the group is never joined


def broker(settings: ServiceSettings) -> KafkaBroker:
    """A FastStream broker that only consumes, injects nothing and logs nothing of a message."""
    return KafkaBroker(
        settings.kafka_bootstrap_servers,
        consumer_only=True,
        apply_types=False,
        allow_auto_create_topics=False,
        ack_policy=AckPolicy.MANUAL,
        request_timeout_ms=REQUEST_TIMEOUT,
        graceful_timeout=10.0,
        security=_security(settings),
        parser=_parse,
        decoder=_decode,
        logger=None,
    )


async def _parse(record: ConsumerRecord) -> KafkaMessage:
    # Headers stay unread here: FastStream's own parser raises on a null or non-UTF-8 one and the record is lost.
    return KafkaMessage(body=record.value or b"", raw_message=record, consumer=FAKE_CONSUMER)


async def _decode(message: Any) -> ConsumerRecord:
    return message.raw_message


def producer(settings: ServiceSettings) -> AIOKafkaProducer:
    """An idempotent producer that waits for all replicas and never lingers."""
    return AIOKafkaProducer(
        bootstrap_servers=settings.kafka_bootstrap_servers,
        enable_idempotence=True,
        acks="all",
        linger_ms=0,
        request_timeout_ms=60_000,
        max_request_size=MAX_BYTES + 100_000,
        **client_security(settings),
    )


async def abandon(old: AIOKafkaProducer) -> None:
    """Close a producer without waiting for its broker: `stop()` hangs while Kafka is away and may publish later.

    Reaches into aiokafka's private names, which is why the version is pinned; this is the only place that does.
    """
    old._closed = True
    sender = old._sender._sender_task
    with suppress(TimeoutError):
        async with asyncio.timeout(1), old.client._get_conn_lock:
            if sender:
                sender.cancel()  # not while it makes a connection: of one half made nobody would know
    with suppress(TimeoutError):
        async with asyncio.timeout(5):
            while sender and not sender.done():
                sender.cancel()  # before the connections are closed, or it opens others
                await old.client.close()
                await asyncio.wait([sender], timeout=0.5)
            await old.client.close()


async def reachable(settings: ServiceSettings) -> bool:
    """Whether any of the bootstrap servers accepts a connection."""
    for server in settings.kafka_bootstrap_servers.split(","):
        host, _, port = server.strip().rpartition(":")
        try:
            async with asyncio.timeout(2):
                _, writer = await asyncio.open_connection(host.strip("[]"), int(port))
        except (OSError, TimeoutError, ValueError):
            continue
        writer.close()
        return True
    return False


async def create_topic(
    settings: ServiceSettings, topic: str, *, partitions: int = PARTITIONS, retention: int = RETENTION
) -> None:
    """Create the topic unless it exists, and wait until every partition has a leader. Raises aiokafka's errors."""
    admin = AIOKafkaAdminClient(
        bootstrap_servers=settings.kafka_bootstrap_servers, request_timeout_ms=10_000, **client_security(settings)
    )
    await admin.start()
    try:
        configs = {"retention.ms": str(retention), "cleanup.policy": "delete"}
        new = NewTopic(topic, partitions, settings.kafka_replication_factor, topic_configs=configs)
        _demand_created(await admin.create_topics([new]))
        await _wait_for_leaders(admin, topic, partitions)
    finally:
        await admin.close()


def _demand_created(answer: Any) -> None:
    ((topic, code, *_),) = answer.topic_errors
    if code not in (NoError.errno, TopicAlreadyExistsError.errno):
        raise for_code(code)(topic)


async def _wait_for_leaders(admin: AIOKafkaAdminClient, topic: str, partitions: int) -> None:
    async with asyncio.timeout(30):
        while True:
            (found,) = await admin.describe_topics([topic])
            if len(found["partitions"]) == partitions and all(part["leader"] >= 0 for part in found["partitions"]):
                return
            await asyncio.sleep(0.1)


def client_security(settings: ServiceSettings) -> dict[str, Any]:
    """How a client of aiokafka signs in: arguments of each of its classes."""
    return {
        "security_protocol": settings.kafka_security_protocol,
        "ssl_context": _tls(settings),
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": settings.kafka_username,
        "sasl_plain_password": settings.kafka_password.get_secret_value(),
    }


def _security(settings: ServiceSettings) -> BaseSecurity:
    password = settings.kafka_password.get_secret_value()
    return SASLScram512(settings.kafka_username, password, ssl_context=_tls(settings))


def _tls(settings: ServiceSettings) -> ssl.SSLContext | None:
    if settings.kafka_security_protocol == "SASL_PLAINTEXT":
        return None
    context: ssl.SSLContext = create_ssl_context(cafile=settings.kafka_ca_file and str(settings.kafka_ca_file))
    return context
