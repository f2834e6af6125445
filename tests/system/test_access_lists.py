"""Kafka's access lists in the stack that everybody starts: who may write and read what, tried as each service."""

from pathlib import Path

import pytest
import structlog.testing
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaConnectionError,
    KafkaError,
    TopicAuthorizationFailedError,
)
from pydantic import SecretStr

from deploy.local.keys import SERVICES
from shared.delivery.lists import AccessLists
from shared.events.consumers import TOPICS
from shared.settings import ServiceSettings
from tests.support.system import HEARS, System


def client(system: System, user: str) -> dict[str, str]:
    return system.stack.place.kafka_client(user)


def settings(system: System, user: str) -> ServiceSettings:
    """The settings of a service, signed in to Kafka as that user."""
    known = client(system, user)
    return ServiceSettings(
        database_url=SecretStr("unused"),
        kafka_bootstrap_servers=known["bootstrap_servers"],
        kafka_security_protocol="SASL_PLAINTEXT",
        kafka_username=known["sasl_plain_username"],
        kafka_password=SecretStr(known["sasl_plain_password"]),
        keys_dir=Path("unused"),
        http_port=1,
    )


async def refused(reading: AIOKafkaConsumer, error: type[KafkaError]) -> bool:
    try:
        with pytest.raises(error):
            await reading.start()
            await reading.getone()
    finally:
        await reading.stop()
    return True


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_writes_no_topic_but_its_own(system: System, service: str) -> None:
    async with AIOKafkaProducer(**client(system, service), enable_idempotence=True) as producer:
        for topic in sorted(set(TOPICS.values()) - {TOPICS[service]}):
            with pytest.raises(TopicAuthorizationFailedError):
                await producer.send_and_wait(topic, b"{}")


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_reads_no_topic_that_it_does_not_hear(system: System, service: str) -> None:
    for topic in sorted(set(TOPICS.values()) - HEARS[service]):
        reading = AIOKafkaConsumer(topic, **client(system, service), group_id=service, auto_offset_reset="earliest")
        assert await refused(reading, TopicAuthorizationFailedError)


async def test_a_service_cannot_take_the_place_of_another_in_its_group(system: System) -> None:
    reading = AIOKafkaConsumer("intake.reports", **client(system, "escalation"), group_id="triage")
    assert await refused(reading, GroupAuthorizationFailedError)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # aiokafka leaves the refused socket
@pytest.mark.parametrize("stranger", [{"sasl_plain_password": "wrong"}, {"security_protocol": "PLAINTEXT"}])
async def test_nobody_gets_in_without_the_password(system: System, stranger: dict[str, str]) -> None:
    reading = AIOKafkaConsumer("intake.reports", **client(system, "admin") | stranger, request_timeout_ms=2_000)
    assert await refused(reading, KafkaConnectionError)


@pytest.mark.parametrize("service", SERVICES)
async def test_each_service_finds_that_it_may_write_nothing_of_others(system: System, service: str) -> None:
    lists = AccessLists(settings(system, service), service)
    await lists.look()
    assert lists.open == ()


async def test_a_broker_without_lists_is_found_and_said_loudly_and_nothing_is_written(system: System) -> None:
    lists = AccessLists(settings(system, "admin"), "triage")  # bound by no list
    with structlog.testing.capture_logs() as said:
        await lists.look()
    assert set(lists.open) == {"intake.reports", "escalation.events", "notify.deliveries"}
    assert {(each["log_level"], each["event"]) for each in said} == {("critical", "kafka.foreign_topic_open")}
    assert all(record.value for record in await system.records())
