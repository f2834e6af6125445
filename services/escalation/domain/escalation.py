"""The escalation: the open demand for a human answer, the facts that move it, and what a move tells."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

from services.escalation.domain.page import Page
from services.escalation.domain.rota import Plan, Rota
from shared.events.codes import Level, Outcome
from shared.events.escalation import Recipient
from shared.ids import CaseId, EscalationId, PersonId, ReportId, derived_id

RATE_WITHIN = timedelta(seconds=20)
"""A report that is not rated by then is paged as high: a silent judge never silences a report."""
PROMISE = timedelta(minutes=60)


class State(StrEnum):
    """Where an escalation stands. Only `closed` has no next moment."""

    UNRATED = "unrated"
    PAGING = "paging"
    ACKNOWLEDGED = "acknowledged"
    CLOSING = "closing"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """The open demand for a human answer, the n-th of its case.

    `level` is the level in force, None while nobody rated it; `peak` is the highest it ever was. `rung` is the last one
    asked in this `round`; 0 is nobody yet, or the responsible person before the ladder. `due_at` is the ladder's, the
    promise's or the reminder's moment, `rate_by` that of an unrated report, `nobody_at` when a round was last in vain.
    `offered_to` is whom the responsible person has offered it to.
    """

    case_id: CaseId
    n: int
    state: State
    level: Level | None
    ladder_version: int
    outside_first: bool
    received_at: datetime
    newest_report_no: int
    acknowledged_report_no: int = 0
    responsible: PersonId | None = None
    declined: frozenset[PersonId] = frozenset()
    round: int = 1
    rung: int = 0
    due_at: datetime | None = None
    rate_by: datetime | None = None
    peak: Level | None = None
    fresh_eyes: bool = False
    offered_to: PersonId | None = None
    nobody_at: datetime | None = None

    @property
    def escalation_id(self) -> EscalationId:
        """The same demand has the same id, however often its opening is decided."""
        return EscalationId(derived_id("escalation", self.case_id, self.n))

    @property
    def next_at(self) -> datetime | None:
        """The one next moment at which something happens."""
        return min((at for at in (self.due_at, self.rate_by) if at is not None), default=None)

    @property
    def ladder(self) -> Level:
        """The level whose ladder is climbed: what nobody rated is taken as high."""
        return self.level or Level.HIGH

    @property
    def is_high(self) -> bool:
        """Whether the ladder climbed now is that of high or acute."""
        return self.ladder.rank >= Level.HIGH.rank

    @property
    def ever_high(self) -> bool:
        """Whether closing takes a second person: it was acute or high once, or nobody ever rated it."""
        return (self.peak or self.ladder).rank >= Level.HIGH.rank


@dataclass(frozen=True, slots=True)
class ReportArrived:
    """A report came. `rated`: ratings cover all reports of the case; `level`: the highest of them, if any."""

    case_id: CaseId
    report_no: int
    received_at: datetime
    conflict_declared: bool
    rated: bool
    level: Level | None
    entered_by: PersonId | None = None
    already_supported: bool = False


@dataclass(frozen=True, slots=True)
class Rated:
    """A rating came. `covers_all`: with the earlier ones it covers all reports of the case.

    `newest_by` is who entered the case's newest report, where the rating covers it.
    """

    level: Level
    covers_all: bool
    newest_by: PersonId | None = None


@dataclass(frozen=True, slots=True)
class Raised:
    """A person holds it to be graver than it is taken for."""

    person_id: PersonId
    level: Level


@dataclass(frozen=True, slots=True)
class LowerAsked:
    """A person asks that it be taken for less. Nothing changes until a second person agrees."""

    level: Level


@dataclass(frozen=True, slots=True)
class Lowered:
    """Two persons agreed that it be taken for less."""

    level: Level


@dataclass(frozen=True, slots=True)
class Due:
    """The clock reached `next_at`."""


@dataclass(frozen=True, slots=True)
class PageFailed:
    """A page was given up by whoever sends it."""


@dataclass(frozen=True, slots=True)
class StoodDown:
    """A person said that they cannot, or was excluded from the case."""

    person_id: PersonId


@dataclass(frozen=True, slots=True)
class Taken:
    """A person takes the case, having been shown reports 1 to `covers`.

    `said_at`: they said so by phone then, and it was written down later.
    """

    person_id: PersonId
    covers: int
    promise: timedelta = PROMISE
    said_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class HandoverOffered:
    """The case is offered to another person, by whoever has it or by a leader."""

    by: PersonId
    to: PersonId
    by_leader: bool = False


@dataclass(frozen=True, slots=True)
class ShiftChanged:
    """These persons are no longer on call."""

    off: frozenset[PersonId]


@dataclass(frozen=True, slots=True)
class UnitMoved:
    """Another unit has the case: its own people and its own ladder, if it has one."""


@dataclass(frozen=True, slots=True)
class ReportsLeft:
    """Reports were moved to a case of their own; `newest_report_no` is the highest number of those that stay."""

    newest_report_no: int


@dataclass(frozen=True, slots=True)
class CanaryPassed:
    """A report made up to try the system has gone the whole way."""


@dataclass(frozen=True, slots=True)
class CloseAsked:
    """A person asks that it be closed."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Countersigned:
    """A second person agreed to the closing, or refused."""

    agree: bool
    outcome: Outcome


Fact: TypeAlias = (
    ReportArrived
    | Rated
    | Raised
    | LowerAsked
    | Lowered
    | Due
    | PageFailed
    | StoodDown
    | Taken
    | HandoverOffered
    | ShiftChanged
    | UnitMoved
    | ReportsLeft
    | CloseAsked
    | Countersigned
    | CanaryPassed
)


@dataclass(frozen=True, slots=True)
class Opened:
    """The demand exists."""


@dataclass(frozen=True, slots=True)
class Asked:
    """These are paged, on the rung and in the round the escalation now stands on."""

    recipients: tuple[Recipient, ...]


@dataclass(frozen=True, slots=True)
class Took:
    """The person has seen reports 1 to `covers` and promised to act by `until`."""

    person_id: PersonId
    covers: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Offered:
    """The person is told that they are asked to take it over."""

    to: PersonId


@dataclass(frozen=True, slots=True)
class NobodyReached:
    """A whole round went by without one accepted page."""


@dataclass(frozen=True, slots=True)
class Reminded:
    """Those who may countersign are reminded."""


@dataclass(frozen=True, slots=True)
class Finished:
    """People closed it."""

    outcome: Outcome


Effect: TypeAlias = Opened | Asked | Took | Offered | NobodyReached | Reminded | Finished


@dataclass(frozen=True, slots=True)
class Decision:
    """How it stands afterwards (None: there is no escalation), and what is told."""

    after: Escalation | None
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """The rules say no. `reason` is a code; `report_ids` are those that stand in the way."""

    reason: str
    report_ids: tuple[ReportId, ...] = ()


@dataclass(frozen=True, slots=True)
class Around:
    """What a decision looks at besides the escalation.

    The pages of its round, the limits of unjudged reports, and who had judged the children before the newest report.
    """

    now: datetime
    plan: Plan
    rota: Rota
    pages: tuple[Page, ...] = ()
    unjudged: Mapping[ReportId, datetime] | None = None
    judges: frozenset[PersonId] = frozenset()

    @property
    def reached(self) -> bool:
        """Whether a provider accepted any page of this round."""
        return any(page.accepted for page in self.pages)


Decided: TypeAlias = Decision | Refused
