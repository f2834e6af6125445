"""CloudEvents 1.0 in binary mode: the headers round an event, over Kafka (and, with the same names, over HTTP).

Source: CloudEvents Kafka Protocol Binding 1.0.2 § 3.2, W3C Trace Context for `traceparent`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import ValidationError

from shared.events import escalation, intake, notify, triage
from shared.events.model import Event
from shared.ids import EventId

CONTENT_TYPE = "application/json"
EVENTS: Mapping[str, type[Event]] = {
    model.type: model
    for module in (intake, triage, escalation, notify)
    for model in vars(module).values()
    if isinstance(model, type) and issubclass(model, Event) and model is not Event
}
"""Every event there is, by its CloudEvents type."""


class Undecodable(Exception):
    """The bytes are no event of ours. `reason` is a fixed code that repeats nothing of them."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Envelope:
    """An event's attributes: id, type, publisher, instant, place in the order of its case, trace context."""

    id: EventId
    type: str
    source: str
    time: datetime
    sequence: int
    traceparent: str | None


def headers_of(event: Event, envelope: Envelope) -> dict[str, str]:
    """The Kafka headers of an event."""
    headers = {
        "ce_specversion": "1.0",
        "ce_id": str(envelope.id),
        "ce_type": event.type,
        "ce_source": envelope.source,
        "ce_subject": str(event.case_id),
        "ce_time": envelope.time.isoformat(),
        "ce_sequence": str(envelope.sequence),
        "content-type": CONTENT_TYPE,
    }
    return headers | ({"traceparent": envelope.traceparent} if envelope.traceparent else {})


def text_headers(headers: Iterable[tuple[str, bytes | None]]) -> dict[str, str]:
    """Headers that are text; others are left out, so that a broken one cannot break the reading of the rest."""
    readable = {}
    for name, value in headers:
        try:
            readable[name] = (value or b"").decode("utf-8")
        except UnicodeDecodeError:
            continue
    return readable


def envelope_of(headers: Mapping[str, str]) -> Envelope:
    """The envelope in a record's headers. Raises `Undecodable` where a needed one is missing or malformed."""
    try:
        return Envelope(
            id=EventId(UUID(headers["ce_id"])),
            type=headers["ce_type"],
            source=headers["ce_source"],
            time=datetime.fromisoformat(headers["ce_time"]),
            sequence=int(headers["ce_sequence"]),
            traceparent=headers.get("traceparent"),
        )
    except (KeyError, ValueError):
        raise Undecodable("envelope_malformed") from None


def event_of(envelope: Envelope, body: bytes) -> Event | None:
    """The event itself; None for a type nobody here knows. Raises `Undecodable` on a wrong major version or body."""
    model = EVENTS.get(envelope.type)
    if model is None:
        name, _, version = envelope.type.rpartition(".v")
        if any(known.rpartition(".v")[0] == name for known in EVENTS) and version.isdigit():
            raise Undecodable("major_version_unknown")
        return None
    try:
        return model.model_validate_json(body)
    except ValidationError:
        raise Undecodable("body_malformed") from None
