"""The closed lists that events are made of. Codes only: a value that is not listed here cannot leave a service."""

from enum import StrEnum
from typing import Annotated

from pydantic import StringConstraints


class Level(StrEnum):
    """How urgent a case is [hastegrad], lowest first."""

    LOW = "low"
    ELEVATED = "elevated"
    HIGH = "high"
    ACUTE = "acute"

    @property
    def rank(self) -> int:
        """0 for low to 3 for acute; never added up, only compared."""
        return tuple(Level).index(self)


class Answer(StrEnum):
    """What a report says of a sign, weakest first: denied < unknown < said."""

    DENIED = "denied"
    UNKNOWN = "unknown"
    SAID = "said"

    @property
    def rank(self) -> int:
        """0 for denied to 2 for said."""
        return tuple(Answer).index(self)


class Grade(StrEnum):
    """How a sign is known: a person said it, the reader is sure that the text says it, or the reader suspects it."""

    SAID = "said"
    READ = "read"
    SUSPECTED = "suspected"


class When(StrEnum):
    """Whether a sign is of now or of earlier."""

    NOW = "now"
    EARLIER = "earlier"


class AgeBand(StrEnum):
    """The child's age as far as it matters: day care, school, youth, adult track, unborn (tied to the mother)."""

    DAY_CARE = "0-5"
    SCHOOL = "6-12"
    YOUTH = "13-17"
    ADULT = "18+"
    UNBORN = "unborn"
    UNKNOWN = "unknown"


class LegalKind(StrEnum):
    """The duty a report fulfils (Barnets lov §§ 132, 133, 135)."""

    SECTION_132 = "section_132"
    SECTION_133 = "section_133"
    SECTION_135 = "section_135"
    UNKNOWN = "unknown"


class ReporterKind(StrEnum):
    """Who reports [underretter]. Professionals learn more of what follows than private people do (§ 138)."""

    TEACHER = "teacher"
    PEDAGOGUE = "pedagogue"
    SCHOOL_HEAD = "school_head"
    COUNSELLOR = "counsellor"
    SCHOOL_PSYCHOLOGIST = "school_psychologist"
    LANGUAGE_TEACHER = "language_teacher"
    HEALTH_VISITOR = "health_visitor"
    DOCTOR = "doctor"
    SOCIAL_WORKER = "social_worker"
    POLICE = "police"
    WORK = "work"
    FAMILY = "family"
    SELF = "self"
    OTHER = "other"
    UNKNOWN = "unknown"

    @property
    def professional(self) -> bool:
        """Whether the report is made in the course of public work (§ 133)."""
        return self not in {ReporterKind.FAMILY, ReporterKind.SELF, ReporterKind.OTHER, ReporterKind.UNKNOWN}


class Verification(StrEnum):
    """How a reporter is known to be who they say: signed in when they sent, or called back at their workplace."""

    SIGNED_IN = "signed_in"
    CALLED_BACK = "called_back"


class ReceiptRoute(StrEnum):
    """How the reporter wants to hear: on the screen only, or a mail to their own work mailbox as well."""

    SCREEN = "screen"
    WORK_EMAIL = "work_email"


class Unit(StrEnum):
    """The district unit a case belongs to; routing and access go by it."""

    AMAGER = "amager"
    BISPEBJERG = "bispebjerg"
    BROENSHOEJ_HUSUM_VANLOESE = "broenshoej-husum-vanloese"
    CITY_OESTERBRO = "city-oesterbro"
    NOERREBRO = "noerrebro"
    VALBY_VESTERBRO_KGS_ENGHAVE = "valby-vesterbro-kgs-enghave"
    UNKNOWN = "unknown"


class Reading(StrEnum):
    """Whether a report has text that the reader has yet to read."""

    NONE = "none"
    PENDING = "pending"


class Purpose(StrEnum):
    """Why a message is sent."""

    PAGE = "page"
    NOTICE = "notice"
    ANSWER = "answer"
    RECEIPT = "receipt"


class RecipientKind(StrEnum):
    """Who can be addressed at all: there is no value for family or network, so nobody can address them."""

    PERSON = "person"
    DESK = "desk"
    REPORTER = "reporter"


class Template(StrEnum):
    """The fixed texts; each tells that something waits, by when and where to sign in."""

    PAGE = "page"
    DESK_PAGE = "desk_page"
    REMINDER = "reminder"
    BUNDLE = "bundle"
    DESK_BUNDLE = "desk_bundle"
    REPORTER_NEWS = "reporter_news"


class Channel(StrEnum):
    """How a message travels."""

    EMAIL = "email"


class Failure(StrEnum):
    """Why a message was given up."""

    NO_CONTACT = "no_contact"
    REFUSED = "refused"
    EXPIRED = "expired"


class Outcome(StrEnum):
    """How a case was concluded."""

    SUPPORT_STARTED = "support_started"
    HANDED_OVER = "handed_over"
    ADVISED = "advised"
    UNFOUNDED = "unfounded"


class Rule(StrEnum):
    """The clocks that are kept."""

    ACUTE_JUDGEMENT = "acute_judgement"
    RECEIPT = "receipt"
    SAID_DATE = "said_date"
    HOLD_REVIEW = "hold_review"
    INVESTIGATION = "investigation"


RuleId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.-]{1,59}$")]
"""The id of a published rule of triage."""
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 hash (FIPS 180-4) in lower-case hexadecimal."""
ReaderModel = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.+-]{0,59}$")]
"""The name and version of what read a text: `patterns-3`, `e5-2f9c41d07b1a`."""
