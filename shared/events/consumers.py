"""Who does something with which event: the one table that the second road is laid by."""

from collections.abc import Mapping

from shared.events.envelope import EVENTS
from shared.events.escalation import (
    Acknowledged,
    EscalationClosed,
    EscalationOpened,
    MessageRequested,
    MessageWithdrawn,
    ReporterVerified,
    ReportJudged,
)
from shared.events.intake import LinkDecided, ReportRead, ReportReceived, ReportsSplit
from shared.events.model import Event
from shared.events.notify import MessageAccepted, MessageFailed
from shared.events.triage import CaseRated

CONSUMERS: Mapping[type[Event], tuple[str, ...]] = {
    ReportReceived: ("triage", "escalation"),
    ReportRead: ("triage",),
    LinkDecided: ("triage", "escalation"),
    ReportsSplit: ("triage", "escalation"),
    CaseRated: ("escalation",),
    EscalationOpened: ("intake",),
    MessageRequested: ("notify",),
    MessageWithdrawn: ("notify",),
    Acknowledged: ("intake",),
    ReportJudged: ("intake",),
    ReporterVerified: ("intake",),
    EscalationClosed: ("intake",),
    MessageAccepted: ("escalation",),
    MessageFailed: ("escalation",),
}
"""A test holds it equal to the services' subscription tables."""

TOPICS: Mapping[str, str] = {model.topic.split(".")[0]: model.topic for model in EVENTS.values()}
"""The topic of each publishing service."""


def publisher_of(event_type: str) -> str | None:
    """The service that alone may tell facts of this type; None for a type that is not named like ours."""
    parts = event_type.split(".")
    return parts[1] if len(parts) == 4 and parts[0] == "beredskab" else None
