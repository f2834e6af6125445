"""The receipt [kvittering]: the words by which a reporter finds it again, and what it tells (Barnets lov § 138)."""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.intake.domain.draft import FAMILY_KNOWS
from shared.calendar import judge_by
from shared.events.codes import Answer, ReporterKind, Verification
from shared.events.intake import SignFact
from shared.ids import ReportId

_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U
_LENGTH = 8
_ALIKE = str.maketrans("OIL", "011")
ADDRESS_LASTS = timedelta(minutes=15)
"""Long enough to read and print it, short enough that a history that somebody else opens later leads to nothing."""


class Step(StrEnum):
    """How far a report has come, as its reporter is told."""

    RECEIVED = "received"
    SEEN = "seen"
    JUDGED = "judged"
    CONCLUDED = "concluded"


@dataclass(frozen=True, slots=True)
class Words:
    """A reference to say aloud and a code to keep: eight letters each, derived from the report's id."""

    reference: str
    code: str


@dataclass(frozen=True, slots=True)
class Progress:
    """What has happened to a report so far; None where it has not."""

    received_at: datetime
    seen_at: datetime | None = None
    judged_at: datetime | None = None
    started: bool | None = None
    concluded_at: datetime | None = None

    @property
    def judge_by(self) -> datetime:
        """When acute danger is to be judged at the latest."""
        return judge_by(self.received_at)

    def late(self, now: datetime) -> bool:
        """Whether nobody judged it within the law's time (Barnets lov § 136)."""
        return self.judged_at is None and now > self.judge_by


def words_for(report_id: ReportId, key: bytes) -> Words:
    """The same report has the same words for as long as the key lives; without it they cannot be guessed."""
    digest = hmac.digest(key, b"receipt|" + report_id.bytes, hashlib.sha256)
    return Words(_letters(digest[:8]), _letters(digest[8:16]))


def as_written(words: str) -> str:
    """Words as they were made, however they are typed: spaces, hyphens, small letters, O for 0, I and L for 1."""
    return "".join(letter for letter in words.upper().translate(_ALIKE) if letter in _LETTERS)


def address_for(report_id: ReportId, key: bytes, now: datetime) -> str:
    """The last part of an address that shows the receipt for a while, where no script keeps the words in the tab."""
    made = report_id.bytes + int(now.timestamp()).to_bytes(8)
    return base64.urlsafe_b64encode(made + _seal(made, key)).decode()


def report_at(address: str, key: bytes, now: datetime) -> ReportId | None:
    """The report of such an address; None when we did not make it, or made it too long ago."""
    try:
        told = base64.b64decode(address, altchars=b"-_", validate=True)
    except ValueError:
        return None
    made = told[:24]
    if len(made) < 24 or not hmac.compare_digest(told[24:], _seal(made, key)):
        return None
    at = datetime.fromtimestamp(int.from_bytes(made[16:]), UTC)
    return ReportId(UUID(bytes=made[:16])) if now - at < ADDRESS_LASTS else None


def _seal(made: bytes, key: bytes) -> bytes:
    return hmac.digest(key, b"receipt address|" + made, hashlib.sha256)[:18]


def _letters(digest: bytes) -> str:
    number = int.from_bytes(digest)
    return "".join(_LETTERS[number >> (5 * n) & 31] for n in range(_LENGTH))


def advice(signs: tuple[SignFact, ...], reporter: ReporterKind, *, conflict_declared: bool) -> list[str]:
    """What the reporter is told to do and not to do until they hear from us, as codes the screens have words for.

    Only who reports for their work, or has not said why, has a manager; who reports on themselves is told nothing of
    how to treat *the child*.
    """
    known = any(fact.sign == FAMILY_KNOWS and fact.answer is Answer.SAID for fact in signs)
    now = ["call_duty_now"] if known else []
    if reporter is ReporterKind.SELF:
        return [*now, "call_duty_if_worse"]
    at_work = reporter.professional or reporter is ReporterKind.UNKNOWN
    return [
        *now,
        "do_not_contact_parents",
        "do_not_write_to_child",
        "do_not_question_child",
        "do_not_promise_secrecy",
        *(["talk_to_manager_only"] if at_work and not conflict_declared else []),
        "call_duty_if_worse",
    ]


def informed(reporter: ReporterKind, verified: Verification | None) -> bool:
    """Whether the reporter may learn more than that it was received: a professional (§ 138), and proven to be one.

    The kind alone proves nothing: a relative who knows name and CPR number can say *work* too.
    """
    return verified is Verification.CALLED_BACK or (verified is Verification.SIGNED_IN and reporter.professional)


def told(progress: Progress, *, informed: bool, now: datetime) -> dict[str, object]:
    """The receipt as JSON: how it went on where the reporter is `informed`; else the same for ever."""
    due = judge_by(progress.received_at)
    view: dict[str, object] = {"received_at": progress.received_at.isoformat(), "judge_by": due.isoformat()}
    if not informed:
        return view | {"state": Step.RECEIVED}
    return view | {
        "state": _step(progress),
        "seen_at": _iso(progress.seen_at),
        "judged_at": _iso(progress.judged_at),
        "started": progress.started,
        "concluded_at": _iso(progress.concluded_at),
        "late": progress.late(now),
    }


def _step(progress: Progress) -> Step:
    if progress.concluded_at:
        return Step.CONCLUDED
    if progress.judged_at:
        return Step.JUDGED
    return Step.SEEN if progress.seen_at else Step.RECEIVED


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None
