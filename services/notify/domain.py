"""The life of a message: queued → sending → accepted, or repeated, or given up. Decided here, stored elsewhere.

Which messages travel as one mail. And what the test mails tell of a contact point.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from shared.calendar import is_hverdag, local
from shared.events.codes import Failure, Purpose, RecipientKind, Template
from shared.ids import CaseId, MessageId, ReportId, derived_id

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


SHARE = 20
"""A message waits for others at most this part of the time it gives for an answer: 9 s of an acute page's 3 min."""


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
    next_at: datetime | None
    attempts: int
    maybe_twice: bool
    mail_id: UUID | None
    withdrawn: bool
    traceparent: str | None

    @property
    def patience(self) -> timedelta:
        """How long an answer is waited for: the shorter, the more pressing. Full minutes, as ladders count."""
        return in_minutes(self.answer_by - self.requested_at)


def in_minutes(span: timedelta) -> timedelta:
    """The span rounded to full minutes."""
    return timedelta(minutes=round(span / timedelta(minutes=1)))


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


@dataclass(frozen=True, slots=True)
class Mailed:
    """A mail that somebody was sent of late: when it was begun, and how pressing its messages are."""

    recipient_id: UUID
    patience: timedelta
    at: datetime


@dataclass(frozen=True, slots=True)
class Mails:
    """Messages that are sent now, those of each mail together, and until when others are held back."""

    begun: tuple[tuple[Message, ...], ...]
    held: Mapping[MessageId, datetime]


def mail_id(messages: Sequence[Message]) -> UUID:
    """The id of the mail that carries these: the same messages are the same mail, whenever they are tried again."""
    return derived_id("mail", *sorted(each.message_id for each in messages))


def mails(waiting: Sequence[Message], mailed: Sequence[Mailed], *, now: datetime, apart: timedelta) -> Mails:
    """The mails to be begun now, the most pressing first.

    The first message to somebody goes at once. Those that follow wait for a part of the time they give for an answer,
    `apart` at most, and then go in one mail. Nothing waits for a mail that was less pressing, and a mail takes along
    all that waits for its reader. `apart` of zero: each message is a mail.
    """
    ended = [(each,) for each in waiting if _is_due(each, now) and not _is_wanted(each, now)]
    begun, held = list[tuple[Message, ...]](ended), dict[MessageId, datetime]()
    for group in _by_mail([each for each in waiting if _is_wanted(each, now)], alone=not apart):
        due = [(each, _free_at(each, mailed, now=now, apart=apart)) for each in group if _is_due(each, now)]
        if any(at <= now for _, at in due):
            begun.append(group)
        else:
            held |= {each.message_id: min(at, each.not_after) for each, at in due}
    return Mails(tuple(sorted(begun, key=lambda group: min(each.patience for each in group))), held)


def _is_due(message: Message, now: datetime) -> bool:
    return message.next_at is not None and message.next_at <= now


def _is_wanted(message: Message, now: datetime) -> bool:
    return before_sending(message, now, reachable=True) is None


def _by_mail(waiting: Sequence[Message], *, alone: bool) -> list[tuple[Message, ...]]:
    groups: dict[Hashable, list[Message]] = {}
    for each in waiting:
        groups.setdefault(_mail_of(each, alone=alone), []).append(each)
    return [tuple(group) for group in groups.values()]


def _mail_of(message: Message, *, alone: bool) -> Hashable:
    """What may have arrived already is sent again as the mail that it was, so that a mailbox knows it by its id."""
    if message.mail_id and (message.maybe_twice or message.state is State.SENDING):
        return message.mail_id
    return message.message_id if alone or message.canary else message.recipient_id or message.message_id


def _free_at(message: Message, mailed: Sequence[Mailed], *, now: datetime, apart: timedelta) -> datetime:
    if message.canary or message.maybe_twice or message.state is State.SENDING:
        return now
    wait = min(message.patience / SHARE, apart)
    as_pressing = (
        each.at for each in mailed if each.recipient_id == message.recipient_id and each.patience <= message.patience
    )
    return max((at + wait for at in as_pressing), default=now)


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


OFFICE_HOURS = range(9, 15)
UNANSWERED = timedelta(days=3)
"""After this a test that nobody has answered tells that nobody reads there."""
TESTS_APART = timedelta(minutes=10)
"""How long after a test another may be asked for."""


@dataclass(frozen=True, slots=True)
class ContactPoint:
    """Where a person or a desk is reached, and what the test mails have told of it; the columns are in `0085`."""

    person_id: UUID
    sealed: bytes
    verified_on: date
    wanted_at: datetime | None
    tried_at: datetime | None
    asked_at: datetime | None
    unanswered_since: datetime | None
    proved_at: datetime | None

    @property
    def waits(self) -> bool:
        """Whether the mail server took a test that nobody has answered yet."""
        since, asked_at = self.unanswered_since, self.asked_at
        return since is not None and asked_at is not None and asked_at >= since

    def proved(self, now: datetime) -> bool:
        """False where a test has been unanswered for too long, or could not be handed over for as long."""
        return self.unanswered_since is None or now - self.unanswered_since <= UNANSWERED

    def test_again_in(self, now: datetime) -> timedelta:
        """How long another test must not be asked for; zero where it may be."""
        last = max((at for at in (self.wanted_at, self.tried_at) if at), default=None)
        return max(last + TESTS_APART - now, timedelta(0)) if last else timedelta(0)


def is_office_time(now: datetime) -> bool:
    """Whether people are at work, by Copenhagen's clock, so that a test disturbs nobody."""
    there = local(now)
    return there.hour in OFFICE_HOURS and is_hverdag(there.date(), saturday_counts=False)
