"""One sample of every event, every field filled: what is committed as golden and parsed for ever."""

from datetime import UTC, date, datetime
from uuid import UUID

from shared.events.codes import (
    AgeBand,
    Answer,
    Channel,
    Failure,
    Grade,
    LegalKind,
    Level,
    Outcome,
    Purpose,
    Reading,
    ReceiptRoute,
    RecipientKind,
    ReporterKind,
    Rule,
    Template,
    Unit,
    Verification,
    When,
)
from shared.events.escalation import (
    Acknowledged,
    DeadlineMissed,
    EscalationClosed,
    EscalationOpened,
    MessageRequested,
    MessageWithdrawn,
    NobodyReachable,
    Recipient,
    ReporterVerified,
    ReportJudged,
)
from shared.events.intake import (
    LinkDecided,
    MovedReport,
    ReportedChild,
    ReportRead,
    ReportReceived,
    ReportsSplit,
    SignFact,
)
from shared.events.model import Event
from shared.events.notify import MessageAccepted, MessageFailed
from shared.events.triage import CaseRated, Reason, WouldRaise
from shared.ids import CaseId, ChildId, EscalationId, MessageId, PersonId, ReportId
from shared.signs import SignId


def _id(n: int) -> UUID:
    return UUID(int=(0x4 << 76) | (0x8 << 60) | n)


AT = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
CASE, OTHER = CaseId(_id(1)), CaseId(_id(2))
REPORT, ESCALATION, MESSAGE, PERSON = ReportId(_id(3)), EscalationId(_id(4)), MessageId(_id(5)), PersonId(_id(6))
FACT = SignFact(sign=SignId("travel.planned"), answer=Answer.SAID, when=When.NOW, date=date(2026, 12, 18))
SUSPICION = SignFact(sign=SignId("fear.killed"), answer=Answer.SAID, grade=Grade.SUSPECTED, score=44)

SAMPLES: tuple[Event, ...] = (
    ReportReceived(
        case_id=CASE,
        report_id=REPORT,
        report_no=1,
        linked_case_ids=(OTHER,),
        received_at=AT,
        entered_at=AT,
        entered_by=PERSON,
        receipt_given_at=AT,
        legal_kind=LegalKind.SECTION_133,
        reporter_kind=ReporterKind.TEACHER,
        receipt_route=ReceiptRoute.SCREEN,
        children=(ReportedChild(child_id=ChildId(_id(7)), age_band=AgeBand.YOUTH),),
        proposed=(ReportedChild(child_id=ChildId(_id(8)), age_band=AgeBand.SCHOOL),),
        signs=(FACT,),
        reading=Reading.PENDING,
        conflict_declared=True,
        unit=Unit.NOERREBRO,
        already_supported=True,
        reporter_verified=Verification.SIGNED_IN,
    ),
    ReportRead(
        case_id=CASE,
        report_id=REPORT,
        signs=(FACT.model_copy(update={"grade": Grade.READ, "score": 93}), SUSPICION),
        contradictions=(SignId("violence.now"),),
        language_unread=True,
        model="e5-2f9c41d07b1a",
    ),
    LinkDecided(case_id=CASE, other_case_id=OTHER, linked=False, n=1, by=PERSON),
    ReportsSplit(
        case_id=CASE, new_case_id=OTHER, reports=(MovedReport(report_id=REPORT, report_no=1, n=1),), by=PERSON
    ),
    CaseRated(
        case_id=CASE,
        rating_no=1,
        level=Level.ACUTE,
        rule_set=1,
        as_of=AT,
        report_ids=(REPORT,),
        reasons=(Reason(rule="acute_departure", signs=(SignId("travel.soon"),), report_ids=(REPORT,)),),
        unknowns=(SignId("violence.now"),),
        would_raise=(
            WouldRaise(sign=SignId("fear.killed"), level=Level.ACUTE, suspected=True),
            WouldRaise(sign=SignId("violence.now"), level=Level.ACUTE),
        ),
    ),
    EscalationOpened(case_id=CASE, escalation_id=ESCALATION, ladder=Level.HIGH, ladder_version=1),
    MessageRequested(
        case_id=CASE,
        message_id=MESSAGE,
        report_id=REPORT,
        purpose=Purpose.PAGE,
        recipient=Recipient(kind=RecipientKind.PERSON, id=PERSON),
        template=Template.PAGE,
        answer_by=AT,
        not_after=AT,
    ),
    MessageWithdrawn(case_id=CASE, message_id=MESSAGE),
    Acknowledged(case_id=CASE, escalation_id=ESCALATION, person_id=PERSON, covers_report_no=1, promise_until=AT),
    ReporterVerified(case_id=CASE, report_id=REPORT, how=Verification.CALLED_BACK, by=PERSON),
    ReportJudged(case_id=CASE, report_id=REPORT, acute=True, started=True),
    DeadlineMissed(case_id=CASE, rule=Rule.ACUTE_JUDGEMENT, report_id=REPORT),
    NobodyReachable(case_id=CASE, escalation_id=ESCALATION),
    EscalationClosed(case_id=CASE, escalation_id=ESCALATION, covers_report_no=1, outcome=Outcome.UNFOUNDED),
    MessageAccepted(
        case_id=CASE,
        message_id=MESSAGE,
        purpose=Purpose.PAGE,
        report_id=REPORT,
        channel=Channel.EMAIL,
        template=Template.PAGE,
        template_version=1,
        text_sha256="0" * 64,
        maybe_twice=True,
    ),
    MessageFailed(case_id=CASE, message_id=MESSAGE, reason=Failure.NO_CONTACT),
)
