"""The life of a message: queued → sending → accepted, or repeated, or given up. Decided here, stored elsewhere."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from shared.events.codes import Failure, Purpose, RecipientKind, Template
from shared.ids import CaseId, MessageId, ReportId

REPEATS = (timedelta(seconds=5), timedelta(seconds=15), timedelta(seconds=45))
"""Waits before a message is tried again; the last goes on until nobody wants the message any more."""
LEASE = timedelta(seconds=60)
"""How long a try belongs to the process that began it; longer than a dialogue with a provider may last."""


APART = timedelta(hours=1)
"""How old a demand may look and still be taken for fresh, told by a clock that is behind."""


def valid_until(not_after: datetime, *, told_at: datetime, now: datetime) -> datetime:
    """Until when a message that arrives now may be sent.

    Its validity is a length, by the one clock that told both moments: counted from now it holds whatever that clock
    says. A demand that looks older than `APART` comes from a replay or a long outage, and stays as it was told.
    """
    fresh = abs(now - told_at) <= APART
    return now + (not_after - told_at) if fresh else not_after


class State(StrEnum):
    """Where a message stands. The last four are ends."""

    QUEUED = "queued"
    SENDING = "sending"
    ACCEPTED = "accepted"
    FAILED = "failed"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Result(StrEnum):
    """How one try ended. The last three end without a word to a provider."""

    ACCEPTED = "accepted"
    TEMPORARY = "temporary"
    PERMANENT = "permanent"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    NO_CONTACT = "no_contact"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A try's result and the provider's reply code (RFC 5321 § 4.2), never its words."""

    result: Result
    code: int | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One demand to tell somebody. `attempts` counts the tries begun; `recipient_id` is a person's or a desk's."""

    message_id: MessageId
    case_id: CaseId
    report_id: ReportId
    purpose: Purpose
    template: Template
    recipient_kind: RecipientKind
    recipient_id: UUID | None
    canary: bool
    requested_at: datetime
    answer_by: datetime
    not_after: datetime
    state: State
    attempts: int
    maybe_twice: bool
    withdrawn: bool
    traceparent: str | None


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of a message; `failure` is told when it is given up."""

    state: State
    next_at: datetime | None = None
    failure: Failure | None = None
    maybe_twice: bool = False


def before_sending(message: Message, now: datetime, *, reachable: bool) -> Outcome | None:
    """The try's outcome when nothing may be sent, else None. `reachable`: there is a contact point, and words."""
    if message.withdrawn:
        return Outcome(Result.WITHDRAWN)
    if now >= message.not_after:
        return Outcome(Result.EXPIRED)
    return None if reachable else Outcome(Result.NO_CONTACT)


def addressable(message: Message) -> bool:
    """Whether this service may write to the recipient: people and desks."""
    return message.recipient_kind is not RecipientKind.REPORTER


def next_step(message: Message, *, attempt: int, outcome: Outcome, now: datetime) -> Step | None:
    """What the outcome of that try does to the message as it stands now; None when it changes nothing.

    A yes counts whenever it comes, for the message has been told; what else a try says, only while it is the running
    one (its lease may have run out and another begun).
    """
    if outcome.result is Result.ACCEPTED:
        return None if message.state is State.ACCEPTED else Step(State.ACCEPTED, maybe_twice=message.maybe_twice)
    if message.state is not State.SENDING or attempt != message.attempts:
        return None
    maybe_twice = message.maybe_twice or outcome.result is Result.UNKNOWN
    match outcome.result:
        case Result.PERMANENT:
            return Step(State.FAILED, failure=Failure.REFUSED, maybe_twice=maybe_twice)
        case Result.NO_CONTACT:
            return Step(State.FAILED, failure=Failure.NO_CONTACT, maybe_twice=maybe_twice)
        case Result.EXPIRED:
            return Step(State.EXPIRED, failure=Failure.EXPIRED, maybe_twice=maybe_twice)
        case Result.WITHDRAWN:
            return Step(State.WITHDRAWN, maybe_twice=maybe_twice)
        case Result.TEMPORARY | Result.UNKNOWN:
            wait = REPEATS[min(attempt, len(REPEATS)) - 1]
            # Never past `not_after`: that a message is given up must be told when it is, not at the next try.
            return Step(State.QUEUED, next_at=min(now + wait, message.not_after), maybe_twice=maybe_twice)
