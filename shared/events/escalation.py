"""What escalation tells: that a human answer is demanded, who is asked, and what people did."""

from typing import ClassVar
from uuid import UUID

from shared.events.codes import Level, Outcome, Purpose, RecipientKind, Rule, Template, Verification
from shared.events.model import Count, Event, Instant, Part
from shared.ids import EscalationId, MessageId, PersonId, ReportId


class Recipient(Part):
    """A person, a desk or the reporter of the report in question. Family cannot be addressed."""

    kind: RecipientKind
    id: UUID | None = None


class EscalationOpened(Event):
    """The demand for a human answer was opened, by the report and not by its rating."""

    topic: ClassVar[str] = "escalation.events"
    type: ClassVar[str] = "beredskab.escalation.escalation-opened.v1"

    escalation_id: EscalationId
    ladder: Level
    ladder_version: Count


class MessageRequested(Event):
    """Somebody shall be told. `message_id` names the demand: however often it is repeated, it is one message."""

    topic: ClassVar[str] = "escalation.events"
    type: ClassVar[str] = "beredskab.escalation.message-requested.v1"
    urgent: ClassVar[bool] = True

    message_id: MessageId
    report_id: ReportId
    purpose: Purpose
    recipient: Recipient
    template: Template
    answer_by: Instant
    not_after: Instant
    quiet_allowed: bool = False
    canary: bool = False


class MessageWithdrawn(Event):
    """A message need not be sent any more: the case was answered, or the person excluded."""

    topic: ClassVar[str] = "escalation.events"
    type: ClassVar[str] = "beredskab.escalation.message-withdrawn.v1"
    urgent: ClassVar[bool] = True

    message_id: MessageId


class Acknowledged(Event):
    """A person took the case, having been shown reports 1 to `covers_report_no`, and promised to act by then."""

    topic: ClassVar[str] = "escalation.events"
    type: ClassVar[str] = "beredskab.escalation.acknowledged.v1"
    urgent: ClassVar[bool] = True

    escalation_id: EscalationId
    person_id: PersonId
    covers_report_no: Count
    promise_until: Instant


class ReportJudged(Event):
    """A person with authority judged whether the report tells of acute danger (Barnets lov § 136)."""

    topic: ClassVar[str] = "escalation.events"
    type: ClassVar[str] = "beredskab.escalation.report-judged.v1"

    report_id: ReportId
    acute: bool
    started: bool


class ReporterVerified(Event):
    """A person made sure that the reporter is who they say: they may be told more than that it was received (§ 138)."""

    topic: ClassVar[str] = "escalation.events"
    type: ClassVar[str] = "beredskab.escalation.reporter-verified.v1"

    report_id: ReportId
    how: Verification
    by: PersonId | None = None


class DeadlineMissed(Event):
    """A clock ran out."""

    topic: ClassVar[str] = "escalation.events"
    type: ClassVar[str] = "beredskab.escalation.deadline-missed.v1"

    rule: Rule
    report_id: ReportId


class NobodyReachable(Event):
    """A whole round of a ladder went by without one accepted page."""

    topic: ClassVar[str] = "escalation.events"
    type: ClassVar[str] = "beredskab.escalation.nobody-reachable.v1"

    escalation_id: EscalationId


class EscalationClosed(Event):
    """People closed the demand; it covered reports 1 to `covers_report_no`."""

    topic: ClassVar[str] = "escalation.events"
    type: ClassVar[str] = "beredskab.escalation.escalation-closed.v1"

    escalation_id: EscalationId
    covers_report_no: Count
    outcome: Outcome
