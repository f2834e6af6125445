"""What docker-compose.yml promises of Kafka, on a real broker with its settings, certificates and access lists."""

import gc
from collections.abc import Callable, Iterator

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaConnectionError,
    KafkaError,
    TopicAuthorizationFailedError,
)
from pydantic import SecretStr

from shared.delivery import kafka
from shared.settings import ServiceSettings
from tests.support.secured_kafka import SecuredKafka, secured_kafka

SignIn = Callable[[str], ServiceSettings]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredKafka]:
    with secured_kafka(tmp_path_factory.mktemp("kafka")) as running:
        yield running


@pytest.fixture
def sign_in(broker: SecuredKafka, monkeypatch: pytest.MonkeyPatch) -> SignIn:
    """The settings of a service, read as the service reads them."""

    def settings(service: str) -> ServiceSettings:
        for name, value in broker.settings(service).items():
            monkeypatch.setenv(f"BEREDSKAB_{name}", value)
        return ServiceSettings(database_url=SecretStr("unused"), keys_dir=broker.made / service, http_port=1)

    return settings


def consumer(settings: ServiceSettings, topic: str, *, group: str) -> AIOKafkaConsumer:
    security = kafka.client_security(settings)
    where = settings.kafka_bootstrap_servers
    return AIOKafkaConsumer(topic, bootstrap_servers=where, group_id=group, auto_offset_reset="earliest", **security)


async def test_what_a_service_writes_to_its_own_topic_is_read_by_who_hears_it(sign_in: SignIn) -> None:
    await kafka.create_topic(sign_in("intake"), "intake.reports")
    async with kafka.producer(sign_in("intake")) as producer:
        await producer.send_and_wait("intake.reports", b"{}", key=b"case")
    async with consumer(sign_in("triage"), "intake.reports", group="triage") as reading:
        assert (await reading.getone()).key == b"case"


async def test_a_service_may_not_write_the_topic_of_another(sign_in: SignIn) -> None:
    await kafka.create_topic(sign_in("triage"), "triage.ratings")
    async with kafka.producer(sign_in("intake")) as producer:
        with pytest.raises(TopicAuthorizationFailedError):
            await producer.send_and_wait("triage.ratings", b"{}")


async def test_a_service_is_told_that_it_may_not_make_the_topic_of_another(sign_in: SignIn) -> None:
    with pytest.raises(TopicAuthorizationFailedError):
        await kafka.create_topic(sign_in("intake"), "triage.ratings")


async def test_a_service_may_not_read_what_it_does_not_hear(sign_in: SignIn) -> None:
    await kafka.create_topic(sign_in("triage"), "triage.ratings")
    await refused(consumer(sign_in("intake"), "triage.ratings", group="intake"), TopicAuthorizationFailedError)


async def test_a_service_may_not_take_the_place_of_another(sign_in: SignIn) -> None:
    await kafka.create_topic(sign_in("triage"), "triage.ratings")
    await refused(consumer(sign_in("escalation"), "triage.ratings", group="triage"), GroupAuthorizationFailedError)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # aiokafka leaves the refused socket
async def test_nobody_gets_in_with_a_wrong_password(sign_in: SignIn) -> None:
    stranger = sign_in("triage").model_copy(update={"kafka_password": SecretStr("wrong")})
    await refused(consumer(stranger, "triage.ratings", group="triage"), KafkaConnectionError)
    gc.collect()


async def refused(reading: AIOKafkaConsumer, error: type[KafkaError]) -> None:
    try:
        with pytest.raises(error):
            await reading.start()
            await reading.getone()
    finally:
        await reading.stop()
