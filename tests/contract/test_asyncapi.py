"""docs/asyncapi.yaml says of the events what the code does: AsyncAPI 3.0, made from models and the table of consumers.

`python -m tests.contract.test_asyncapi` writes it anew.
"""

import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from faststream.specification.asyncapi.v3_0_0.schema import ApplicationSchema

from deploy.local.keys import SERVICES
from shared.delivery.kafka import FOR_EVER, PARTITIONS, RETENTION
from shared.events.consumers import CONSUMERS, TOPICS
from shared.events.envelope import CONTENT_TYPE, EVENTS, Envelope, headers_of
from shared.events.model import Event
from shared.evidence import heads
from tests.support.samples import SAMPLES

DOCS = Path(__file__).parents[2] / "docs"
FILE = DOCS / "asyncapi.yaml"
_ID = {"type": "string", "format": "uuid"}
HEADERS: dict[str, Any] = {
    "ce_specversion": {"const": "1.0"},
    "ce_id": _ID | {"description": "Of the event: the inbox knows it by this, however often it comes."},
    "ce_type": {"type": "string"},
    "ce_source": {"enum": list(SERVICES), "description": "The publisher. It owns the topic."},
    "ce_subject": _ID | {"description": "The case; also the key of the record (16 bytes)."},
    "ce_time": {"type": "string", "format": "date-time"},
    "ce_sequence": {"type": "string", "pattern": "^[0-9]+$", "description": "The fact's place in its case."},
    "content-type": {"const": CONTENT_TYPE},
    "traceparent": {"type": "string", "description": "W3C Trace Context."},
}


def document() -> dict[str, Any]:
    """The document."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "beredskab: the events",
            "version": "1",
            "description": "What the four services tell each other. Ids, codes, instants and numbers; never text. "
            "Additions within v1 are no break: skip what you do not know. Any order, any number of times.",
            "license": {"name": "EUPL-1.2"},
        },
        "defaultContentType": CONTENT_TYPE,
        "channels": {topic: _topic(topic) for topic in TOPICS.values()}
        | {"events": _second_road(), heads.TOPIC: _heads()},
        "operations": _operations(),
        "components": {
            "messages": {model.type: _message(model) for model in EVENTS.values()},
            "schemas": {"headers": _headers()},
        },
    }


def _topic(topic: str) -> dict[str, Any]:
    kept = {"cleanup.policy": ["delete"], "retention.ms": RETENTION}
    binding = {"topic": topic, "partitions": PARTITIONS, "topicConfiguration": kept, "bindingVersion": "0.5.0"}
    told = [model.type for model in EVENTS.values() if model.topic == topic]
    return {
        "address": topic,
        "title": f"What {topic.split('.')[0]} tells.",
        "messages": {name: _ref("components/messages", name) for name in told},
        "bindings": {"kafka": binding},
    }


def _heads() -> dict[str, Any]:
    """The topic of the ends of evidence, whose texts are no events."""
    kept = {"cleanup.policy": ["delete"], "retention.ms": FOR_EVER}
    return {
        "address": heads.TOPIC,
        "title": "The ends of the chains of evidence, as their services signed them.",
        "description": "No events: `beredskab verify-evidence` alone reads them.",
        "messages": {
            "anchor": {
                "contentType": "application/jwt",
                "payload": {"type": "string", "description": "A signed text: iss, n, at, previous, heads."},
            }
        },
        "bindings": {
            "kafka": {"topic": heads.TOPIC, "partitions": 1, "topicConfiguration": kept, "bindingVersion": "0.5.0"}
        },
    }


def _second_road() -> dict[str, Any]:
    urgent = [model.type for model in EVENTS.values() if model.urgent]
    return {
        "address": "/events",
        "title": "The second road: while Kafka is away, urgent events are POSTed to each consumer.",
        "description": "CloudEvents over HTTP in binary mode: headers `ce-…` for `ce_…`, the same body, a service "
        "token. 204: taken, or not needed. 503: send it again.",
        "messages": {name: _ref("components/messages", name) for name in urgent},
    }


def _operations() -> dict[str, Any]:
    tells = {f"{service}.tells": _operation("send", topic, None) for service, topic in TOPICS.items()}
    hears = {
        f"{service}.hears.{topic}": _operation("receive", topic, heard)
        for service in SERVICES
        for topic in TOPICS.values()
        if (
            heard := [
                event.type for event, consumers in CONSUMERS.items() if service in consumers and event.topic == topic
            ]
        )
    }
    takes = {
        f"{service}.takes": _operation("receive", "events", heard)
        for service in SERVICES
        if (heard := [event.type for event, consumers in CONSUMERS.items() if service in consumers and event.urgent])
    }
    hands_out = {f"{service}.hands_out": _operation("send", heads.TOPIC, None) for service in heads.WITH_EVIDENCE}
    return tells | hears | takes | hands_out


def _operation(action: str, channel: str, messages: list[str] | None) -> dict[str, Any]:
    told = {} if messages is None else {"messages": [_ref(f"channels/{channel}/messages", name) for name in messages]}
    return {"action": action, "channel": _ref("channels", channel), **told}


def _message(model: type[Event]) -> dict[str, Any]:
    return {
        "name": model.type,
        "title": model.__name__,
        "summary": inspect.cleandoc(model.__doc__ or ""),
        "contentType": CONTENT_TYPE,
        "headers": _ref("components/schemas", "headers"),
        "payload": {"$ref": f"events/{model.type}.schema.json"},
        "x-urgent": model.urgent,
    }


def _headers() -> dict[str, Any]:
    return {"type": "object", "required": [name for name in HEADERS if name != "traceparent"], "properties": HEADERS}


def _ref(place: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/{place}/{name}"}


def text() -> str:
    """The document as it is committed."""
    return yaml.safe_dump(document(), sort_keys=False, allow_unicode=True, width=120)


def references(node: Any) -> Iterator[str]:
    """Every `$ref` in it."""
    if isinstance(node, dict):
        yield from [node["$ref"]] if "$ref" in node else []
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from references(each)


def resolved(reference: str) -> Any:
    """What a reference points at."""
    file, _, path = reference.partition("#")
    node = json.loads((DOCS / file).read_text("utf-8")) if file else document()
    for name in filter(None, path.split("/")):
        node = node[name]
    return node


def test_the_committed_document_is_the_codes() -> None:
    assert FILE.read_text(encoding="utf-8") == text(), "write it anew: python -m tests.contract.test_asyncapi"


def test_it_is_an_asyncapi_document() -> None:
    ApplicationSchema.model_validate(yaml.safe_load(FILE.read_text(encoding="utf-8")))


def test_every_reference_leads_somewhere() -> None:
    found = list(references(document()))
    assert len(found) > len(EVENTS) * 2
    assert all(resolved(reference) for reference in found)


@pytest.mark.parametrize("event", SAMPLES, ids=lambda event: event.type)
def test_the_headers_are_those_that_are_sent(event: Event) -> None:
    envelope = Envelope(
        id=event.case_id,  # type: ignore[arg-type]
        type=event.type,
        source=event.topic.split(".")[0],
        time=SAMPLES[0].received_at,  # type: ignore[attr-defined]
        sequence=1,
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )
    sent = headers_of(event, envelope)
    assert sent.keys() == HEADERS.keys()
    for name, value in sent.items():
        assert HEADERS[name].get("const", value) == value
        assert value in HEADERS[name].get("enum", [value])
        assert re.search(HEADERS[name].get("pattern", ""), value)


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
