"""Which messages travel as one mail, and which wait for it."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain import LEASE, Mailed, Message, State, mail_id, mails
from shared.ids import MessageId, derived_id
from tests.support.services import NOON
from tests.unit.notify.test_domain import SENDING

APART = timedelta(seconds=20)
ACUTE, HIGH, LOW = (timedelta(minutes=n) for n in (3, 10, 120))
AASE, DESK = UUID(int=4), UUID(int=5)


def waiting(n: int, patience: timedelta = HIGH, *, to: UUID = AASE, next_at: timedelta = timedelta(0)) -> Message:
    return replace(
        SENDING,
        message_id=MessageId(UUID(int=n)),
        recipient_id=to,
        state=State.QUEUED,
        answer_by=NOON + patience,
        not_after=NOON + patience,
        next_at=NOON + next_at,
        attempts=0,
    )


def mailed(ago: int, patience: timedelta = HIGH, *, to: UUID = AASE) -> Mailed:
    return Mailed(to, patience, NOON - timedelta(seconds=ago))


def planned(messages: list[Message], *earlier: Mailed) -> tuple[list[set[int]], dict[int, int]]:
    """The mails as numbers of messages, and how many seconds others are held."""
    plan = mails(messages, earlier, now=NOON, apart=APART)
    return (
        [{each.message_id.int for each in mail} for mail in plan.begun],
        {named.int: (at - NOON).seconds for named, at in plan.held.items()},
    )


def test_the_first_message_to_somebody_goes_at_once() -> None:
    assert planned([waiting(1)]) == ([{1}], {})
    assert planned([waiting(1)], mailed(3, to=DESK)) == ([{1}], {})


def test_what_follows_waits_for_its_interval_and_then_goes_in_one_mail() -> None:
    following = [waiting(n) for n in range(1, 150)]
    assert planned(following, mailed(5)) == ([], dict.fromkeys(range(1, 150), 15))
    assert planned(following, mailed(20)) == ([set(range(1, 150))], {})


def test_an_acute_page_never_waits_for_a_mail_of_lesser_ones_and_takes_them_along() -> None:
    held = [waiting(n, LOW, next_at=APART) for n in (1, 2)]
    assert planned([waiting(3, ACUTE), *held], mailed(1), mailed(2, LOW)) == ([{1, 2, 3}], {})


def test_a_flood_of_acute_pages_waits_nine_seconds_at_most() -> None:
    flood = [waiting(n, ACUTE) for n in (1, 2, 3)]
    assert planned(flood, mailed(4, ACUTE)) == ([], dict.fromkeys((1, 2, 3), 5))
    assert planned(flood, mailed(9, ACUTE)) == ([{1, 2, 3}], {})


def test_the_most_pressing_mail_is_begun_first() -> None:
    messages = [waiting(1, LOW, to=UUID(int=6)), waiting(2, HIGH, to=UUID(int=7)), waiting(3, ACUTE, to=UUID(int=8))]
    assert planned(messages)[0] == [{3}, {2}, {1}]


def test_a_message_that_need_not_be_sent_ends_by_itself_and_is_in_no_mail() -> None:
    withdrawn = replace(waiting(1), withdrawn=True)
    assert planned([withdrawn, waiting(2), waiting(3)]) == ([{1}, {2, 3}], {})
    assert planned([withdrawn, waiting(2)], mailed(5)) == ([{1}], {2: 15})


def test_nobody_is_held_beyond_the_moment_it_is_wanted() -> None:
    soon = replace(waiting(1), not_after=NOON + timedelta(seconds=4))
    assert planned([soon], mailed(5)) == ([], {1: 4})


def test_what_may_have_arrived_is_sent_again_as_the_mail_it_was() -> None:
    was = UUID(int=99)
    again = [replace(waiting(n), maybe_twice=True, mail_id=was) for n in (1, 2)]
    later = replace(waiting(3), maybe_twice=True, mail_id=was, next_at=NOON + timedelta(seconds=10))
    assert planned([*again, later, waiting(4)], mailed(1)) == ([{1, 2, 3}], {4: 19})
    lost = [replace(each, state=State.SENDING, next_at=NOON) for each in again]
    assert planned([*lost, waiting(4, next_at=LEASE)], mailed(1)) == ([{1, 2}], {})


def test_a_mail_is_known_by_its_messages_and_alone_by_its_message() -> None:
    one, two = waiting(1), waiting(2)
    assert mail_id([one, two]) == mail_id([two, one]) != mail_id([one])
    assert mail_id([one]) == derived_id("mail", one.message_id)


def test_canaries_and_messages_to_nobody_travel_alone() -> None:
    canaries = [replace(waiting(n), canary=True) for n in (1, 2)]
    nobody = [replace(waiting(n), recipient_id=None) for n in (3, 4)]
    assert planned([*canaries, *nobody], mailed(1)) == ([{1}, {2}, {3}, {4}], {})


def test_without_an_interval_each_message_is_a_mail() -> None:
    plan = mails([waiting(n) for n in (1, 2, 3)], [mailed(0)], now=NOON, apart=timedelta(0))
    assert [len(mail) for mail in plan.begun] == [1, 1, 1]
    assert plan.held == {}


MESSAGES = st.lists(
    st.builds(
        waiting,
        st.integers(1, 10**9),
        st.sampled_from((ACUTE, HIGH, LOW)),
        to=st.sampled_from((AASE, DESK)),
        next_at=st.timedeltas(timedelta(seconds=-30), timedelta(seconds=30)),
    ),
    max_size=12,
    unique_by=lambda each: each.message_id,
)
EARLIER = st.lists(
    st.builds(mailed, st.integers(0, 60), st.sampled_from((ACUTE, HIGH, LOW)), to=st.sampled_from((AASE, DESK)))
)


@given(MESSAGES, EARLIER)
def test_whatever_waits_every_due_message_is_sent_or_held_for_less_than_its_interval(
    messages: list[Message], earlier: list[Mailed]
) -> None:
    plan = mails(messages, earlier, now=NOON, apart=APART)
    sent = [each.message_id for mail in plan.begun for each in mail]
    due = {each.message_id for each in messages if each.next_at and each.next_at <= NOON}
    assert len(sent) == len(set(sent))
    assert due <= {*sent, *plan.held}
    assert not set(sent) & plan.held.keys()
    assert all(NOON < at <= NOON + APART for at in plan.held.values())
    assert all(len({each.recipient_id for each in mail}) == 1 for mail in plan.begun)
