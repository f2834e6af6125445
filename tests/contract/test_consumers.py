"""The table that the second road is laid by is what the services subscribe to."""

from importlib import import_module

import pytest

from deploy.local.keys import SERVICES
from shared.events.consumers import CONSUMERS, TOPICS, publisher_of
from shared.events.envelope import EVENTS


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_told_what_it_subscribes_to(service: str) -> None:
    subscribed = {row.event for row in import_module(f"services.{service}.app").SUBSCRIPTIONS}
    assert {event for event, consumers in CONSUMERS.items() if service in consumers} == subscribed


def test_every_urgent_event_has_a_consumer() -> None:
    assert [event for event in EVENTS.values() if event.urgent and not CONSUMERS.get(event)] == []


def test_every_type_and_every_topic_name_their_publisher() -> None:
    assert {publisher_of(event.type) for event in EVENTS.values()} == set(SERVICES)
    assert all(TOPICS[publisher_of(event.type) or ""] == event.topic for event in EVENTS.values())
