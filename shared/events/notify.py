"""What notify tells: that a provider took a message, or that none would."""

from typing import ClassVar

from shared.events.codes import Channel, Failure, Purpose, Sha256, Template
from shared.events.model import Count, Event
from shared.ids import MessageId, ReportId


class MessageAccepted(Event):
    """A provider said yes. `maybe_twice`: an earlier try may have been taken as well, under the same Message-ID."""

    topic: ClassVar[str] = "notify.deliveries"
    type: ClassVar[str] = "beredskab.notify.message-accepted.v1"
    urgent: ClassVar[bool] = True

    message_id: MessageId
    purpose: Purpose
    report_id: ReportId
    channel: Channel
    template: Template
    template_version: Count
    text_sha256: Sha256
    maybe_twice: bool = False


class MessageFailed(Event):
    """The message was given up; whoever asked for it must ask somebody else."""

    topic: ClassVar[str] = "notify.deliveries"
    type: ClassVar[str] = "beredskab.notify.message-failed.v1"
    urgent: ClassVar[bool] = True

    message_id: MessageId
    reason: Failure
