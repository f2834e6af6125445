"""What intake tells: a report was received, its text was read."""

from typing import Any, ClassVar

from pydantic import SerializerFunctionWrapHandler, model_serializer

from shared.events.codes import (
    AgeBand,
    Answer,
    Grade,
    LegalKind,
    ReaderModel,
    Reading,
    ReceiptRoute,
    ReporterKind,
    Unit,
    Verification,
    When,
)
from shared.events.model import Count, Day, Event, Instant, Part, Percent
from shared.ids import CaseId, ChildId, PersonId, ReportId
from shared.signs import KnownSign


class SignFact(Part):
    """What one source says of one sign. `score`: how sure the reader is, in percent; None where a person said it.

    Of what a person said neither is written, so that what earlier rule sets rated keeps its bytes.
    """

    sign: KnownSign
    answer: Answer
    when: When | None = None
    date: Day = None
    grade: Grade = Grade.SAID
    score: Percent | None = None

    @model_serializer(mode="wrap")
    def _brief(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = serialize(self)
        if self.grade is Grade.SAID:
            del fields["grade"], fields["score"]
        return fields


class ReportedChild(Part):
    """A child the report is about."""

    child_id: ChildId
    age_band: AgeBand


class ReportReceived(Event):
    """A report was stored: it has reached the municipality (Barnets lov § 133), and its clocks run."""

    topic: ClassVar[str] = "intake.reports"
    type: ClassVar[str] = "beredskab.intake.report-received.v1"
    urgent: ClassVar[bool] = True

    report_id: ReportId
    report_no: Count
    linked_case_ids: tuple[CaseId, ...] = ()
    received_at: Instant
    entered_at: Instant
    entered_by: PersonId | None = None
    receipt_given_at: Instant | None = None
    legal_kind: LegalKind
    reporter_kind: ReporterKind
    receipt_route: ReceiptRoute
    children: tuple[ReportedChild, ...] = ()
    proposed: tuple[ReportedChild, ...] = ()
    signs: tuple[SignFact, ...] = ()
    reading: Reading
    conflict_declared: bool = False
    unit: Unit
    already_supported: bool = False
    reporter_verified: Verification | None = None
    canary: bool = False


class LinkDecided(Event):
    """A person has said whether two cases are connected, the `n`-th time. No report undoes that."""

    topic: ClassVar[str] = "intake.reports"
    type: ClassVar[str] = "beredskab.intake.link-decided.v1"
    urgent: ClassVar[bool] = True

    other_case_id: CaseId
    linked: bool
    n: int
    by: PersonId


class MovedReport(Part):
    """A report with its number in the case that it was moved to, the `n`-th time that it was moved."""

    report_id: ReportId
    report_no: int
    n: int


class ReportsSplit(Event):
    """A person has moved reports to a case of their own. Their clocks run on."""

    topic: ClassVar[str] = "intake.reports"
    type: ClassVar[str] = "beredskab.intake.reports-split.v1"
    urgent: ClassVar[bool] = True

    new_case_id: CaseId
    reports: tuple[MovedReport, ...]
    by: PersonId


class ReportRead(Event):
    """The report's text was read by machine: the signs it says or denies, and what could not be read."""

    topic: ClassVar[str] = "intake.reports"
    type: ClassVar[str] = "beredskab.intake.report-read.v1"
    urgent: ClassVar[bool] = True

    report_id: ReportId
    signs: tuple[SignFact, ...] = ()
    contradictions: tuple[KnownSign, ...] = ()
    language_unread: bool = False
    model: ReaderModel | None = None
