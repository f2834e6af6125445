"""The life of a message, decided."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.channels.email import DIALOGUE
from services.notify.domain import (
    LEASE,
    REPEATS,
    Message,
    Outcome,
    Result,
    State,
    Step,
    addressable,
    before_sending,
    next_step,
)
from shared.events.codes import Failure, Purpose, RecipientKind, Template
from shared.ids import CaseId, MessageId, ReportId
from tests.support.services import NOON

SENDING = Message(
    message_id=MessageId(UUID(int=1)),
    case_id=CaseId(UUID(int=2)),
    report_id=ReportId(UUID(int=3)),
    purpose=Purpose.PAGE,
    template=Template.PAGE,
    recipient_kind=RecipientKind.PERSON,
    recipient_id=UUID(int=4),
    canary=False,
    requested_at=NOON,
    answer_by=NOON + timedelta(minutes=3),
    not_after=NOON + timedelta(minutes=10),
    state=State.SENDING,
    next_at=NOON + LEASE,
    attempts=1,
    maybe_twice=False,
    mail_id=None,
    withdrawn=False,
    traceparent=None,
)
ENDS = {State.ACCEPTED, State.FAILED, State.EXPIRED, State.WITHDRAWN}


def step(message: Message, result: Result) -> Step | None:
    return next_step(message, attempt=message.attempts, outcome=Outcome(result), now=NOON)


def test_a_yes_ends_the_message() -> None:
    assert step(SENDING, Result.ACCEPTED) == Step(State.ACCEPTED)


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 5), (2, 15), (3, 45), (4, 45), (9, 45)])
def test_a_temporary_refusal_is_followed_by_another_try_after_5_15_45_seconds(attempt: int, seconds: int) -> None:
    message = replace(SENDING, attempts=attempt)
    assert step(message, Result.TEMPORARY) == Step(State.QUEUED, next_at=NOON + timedelta(seconds=seconds))


def test_the_next_try_is_never_later_than_the_moment_the_message_is_given_up() -> None:
    message = replace(SENDING, attempts=3, not_after=NOON + timedelta(seconds=20))
    assert step(message, Result.TEMPORARY) == Step(State.QUEUED, next_at=message.not_after)


def test_a_try_without_an_answer_is_repeated_and_marked_as_maybe_sent_twice() -> None:
    assert step(SENDING, Result.UNKNOWN) == Step(State.QUEUED, next_at=NOON + REPEATS[0], maybe_twice=True)


@pytest.mark.parametrize(
    ("result", "state", "failure"),
    [
        (Result.PERMANENT, State.FAILED, Failure.REFUSED),
        (Result.NO_CONTACT, State.FAILED, Failure.NO_CONTACT),
        (Result.EXPIRED, State.EXPIRED, Failure.EXPIRED),
        (Result.WITHDRAWN, State.WITHDRAWN, None),
    ],
)
def test_what_cannot_or_need_not_be_sent_ends(result: Result, state: State, failure: Failure | None) -> None:
    assert step(SENDING, result) == Step(state, failure=failure)


def test_a_try_that_lost_its_lease_changes_nothing_unless_it_brings_a_yes() -> None:
    later = replace(SENDING, attempts=2, maybe_twice=True)
    for result in set(Result) - {Result.ACCEPTED}:
        assert next_step(later, attempt=1, outcome=Outcome(result), now=NOON) is None
    yes = next_step(later, attempt=1, outcome=Outcome(Result.ACCEPTED), now=NOON)
    assert yes == Step(State.ACCEPTED, maybe_twice=True)


def test_a_message_is_accepted_once() -> None:
    assert step(replace(SENDING, state=State.ACCEPTED), Result.ACCEPTED) is None


@given(st.sampled_from(State), st.sampled_from(Result), st.integers(1, 5), st.integers(0, 4))
def test_whatever_happens_a_message_has_a_next_moment_exactly_while_it_is_not_ended(
    state: State, result: Result, attempts: int, behind: int
) -> None:
    message = replace(SENDING, state=state, attempts=attempts)
    taken = next_step(message, attempt=max(1, attempts - behind), outcome=Outcome(result), now=NOON)
    if taken is not None:
        assert (taken.state in ENDS) == (taken.next_at is None)
        assert taken.maybe_twice or not message.maybe_twice


@given(st.sampled_from(sorted(ENDS)), st.sampled_from(sorted(set(Result) - {Result.ACCEPTED})))
def test_an_ended_message_is_never_sent_again(state: State, result: Result) -> None:
    assert step(replace(SENDING, state=state), result) is None


def test_a_withdrawn_message_is_not_sent() -> None:
    withdrawn = replace(SENDING, withdrawn=True)
    assert before_sending(withdrawn, NOON, reachable=True) == Outcome(Result.WITHDRAWN)


def test_a_message_is_sent_until_the_moment_it_is_no_longer_wanted() -> None:
    last = SENDING.not_after
    assert before_sending(SENDING, last - timedelta(microseconds=1), reachable=True) is None
    assert before_sending(SENDING, last, reachable=True) == Outcome(Result.EXPIRED)


def test_without_a_contact_point_nothing_is_sent() -> None:
    assert before_sending(SENDING, NOON, reachable=False) == Outcome(Result.NO_CONTACT)


def test_people_and_desks_are_written_to_and_reporters_are_not() -> None:
    assert addressable(SENDING)
    assert addressable(replace(SENDING, recipient_kind=RecipientKind.DESK))
    assert not addressable(replace(SENDING, recipient_kind=RecipientKind.REPORTER))


def test_a_lease_outlives_the_longest_dialogue_and_the_storing_of_its_outcome() -> None:
    assert timedelta(seconds=DIALOGUE) + LEASE / 2 < LEASE
