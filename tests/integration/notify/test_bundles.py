"""Many messages to one person: few mails, and every message accepted for itself."""

import asyncio
from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest

from services.notify import store
from services.notify.domain import LEASE
from shared.events.codes import RecipientKind, Template
from shared.events.escalation import MessageRequested, Recipient
from shared.events.notify import MessageAccepted
from shared.evidence import broken_at
from shared.ids import new_id
from tests.integration.notify.conftest import DESK, Notify
from tests.support.system import until

BERIT = UUID("0c9d3c52-6f0b-4b0e-9a51-1f6c1a000002")
TO_DESK = {"recipient": Recipient(kind=RecipientKind.DESK, id=DESK), "template": Template.DESK_PAGE}


async def burst(notify: Notify, n: int, *, minutes: int = 10) -> list[MessageRequested]:
    until = notify.ground.clock.now() + timedelta(minutes=minutes)
    return [await notify.asked(answer_by=until, not_after=until) for _ in range(n)]


def first_lines(notify: Notify) -> list[str]:
    return [mail.get_content().partition(".")[0] for mail in notify.sink.mails]


async def accepted_of(notify: Notify) -> dict[UUID, MessageAccepted]:
    return {each.message_id: each for each in await notify.ground.published(MessageAccepted)}


async def test_a_burst_of_150_pages_to_one_person_is_two_mails_and_every_page_is_accepted(notify: Notify) -> None:
    requests = list[MessageRequested]()
    for _ in range(5):
        requests += await burst(notify, 30)
        await notify.send()
        notify.ground.clock.pass_by(seconds=1)
    notify.ground.clock.pass_by(seconds=15)
    await notify.send()
    assert first_lines(notify) == ["Der venter 30 ting på dig", "Der venter 120 ting på dig"]
    assert (await accepted_of(notify)).keys() == {each.message_id for each in requests}
    assert {tuple(await notify.attempts(each)) for each in requests} == {(("accepted", 250),)}


async def test_the_first_page_goes_alone_and_at_once_and_says_what_a_page_says(notify: Notify) -> None:
    (first,) = await burst(notify, 1)
    await notify.send()
    await burst(notify, 2)
    await notify.send()
    notify.ground.clock.pass_by(seconds=19.9)
    await notify.send()
    assert first_lines(notify) == ["Der venter noget på dig"]
    notify.ground.clock.pass_by(seconds=0.1)
    await notify.send()
    assert first_lines(notify) == ["Der venter noget på dig", "Der venter 2 ting på dig"]
    assert (await accepted_of(notify))[first.message_id].template is Template.PAGE


async def test_an_acute_page_is_sent_at_once_in_the_middle_of_a_flood_of_lesser_ones(notify: Notify) -> None:
    await burst(notify, 1)
    await notify.send()
    await burst(notify, 40)
    await burst(notify, 40, minutes=120)
    await notify.send()
    notify.ground.clock.pass_by(seconds=1)
    (acute,) = await burst(notify, 1, minutes=3)
    await notify.send()
    assert (await notify.stored(acute))["state"] == "accepted"
    assert first_lines(notify)[1:] == ["Der venter 81 ting på dig"]
    assert "Svar senest kl. 13.05." in notify.sink.mails[1].get_content()  # by when the acute one must be answered


async def test_a_flood_of_acute_pages_is_the_first_at_once_and_then_a_mail_every_nine_seconds(notify: Notify) -> None:
    for _ in range(90):  # ten a second
        await burst(notify, 1, minutes=3)
        await notify.send()
        notify.ground.clock.pass_by(seconds=0.1)
    await notify.send()
    assert first_lines(notify) == ["Der venter noget på dig", "Der venter 89 ting på dig"]


async def test_a_bundle_is_accepted_for_each_page_in_it_with_its_own_text_and_evidence(notify: Notify) -> None:
    requests = await burst(notify, 3)
    await notify.send()
    accepted = await accepted_of(notify)
    assert {each.template for each in accepted.values()} == {Template.BUNDLE}
    assert len({each.text_sha256 for each in accepted.values()}) == 1
    for request in requests:
        assert accepted[request.message_id].case_id == request.case_id
        facts = await notify.ground.pool.fetchval("SELECT facts FROM evidence WHERE case_id = $1", request.case_id)
        assert '"template":"bundle"' in facts
        assert f'"message_id":"{request.message_id}"' in facts
        assert await broken_at(notify.ground.pool, request.case_id, notify.ground.macs) is None


async def test_a_desk_is_told_how_many_wait_for_the_desk(notify: Notify) -> None:
    for _ in range(3):
        await notify.asked(**TO_DESK)
    await notify.send()
    assert first_lines(notify) == ["Der venter 3 ting på vagten"]


async def test_people_are_not_held_back_by_the_mails_of_others(notify: Notify) -> None:
    await burst(notify, 1)
    await notify.send()
    await notify.asked(recipient=Recipient(kind=RecipientKind.PERSON, id=BERIT))
    await notify.send()
    assert len(notify.sink.taken) == 2


async def test_a_withdrawn_page_leaves_the_bundle(notify: Notify) -> None:
    await burst(notify, 1)
    await notify.send()
    kept, gone, other = await burst(notify, 3)
    await notify.send()
    await notify.withdraw(gone)
    notify.ground.clock.pass_by(seconds=20)
    await notify.send()
    assert first_lines(notify)[1:] == ["Der venter 2 ting på dig"]
    assert (await notify.stored(gone))["state"] == "withdrawn"
    assert {kept.message_id, other.message_id} < (await accepted_of(notify)).keys()


async def test_a_page_that_nobody_wants_any_more_is_not_in_the_bundle(notify: Notify) -> None:
    await burst(notify, 1)
    await notify.send()
    now = notify.ground.clock.now()
    late = await notify.asked(answer_by=now + timedelta(minutes=10), not_after=now + timedelta(seconds=15))
    await burst(notify, 1)
    await notify.send()
    notify.ground.clock.pass_by(seconds=20)
    await notify.send()
    assert first_lines(notify) == ["Der venter noget på dig", "Der venter noget på dig"]
    assert (await notify.stored(late))["state"] == "expired"


async def test_killed_between_the_servers_yes_and_the_commit_the_same_bundle_goes_again_and_is_marked(
    notify: Notify, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = await burst(notify, 3)
    dying = notify.sender(holder=7)
    (mail,) = await dying.claim()
    text = dying._text([each.message for each in mail])
    async with notify.sender().email.sent(
        "aase.eksempel@ekt.example",
        dying.email.mail(mail[0].message.mail_id, text, to="aase.eksempel@ekt.example", now=notify.ground.clock.now()),
    ):
        pass  # the yes is never stored
    later = await burst(notify, 2)
    await notify.send()
    notify.ground.clock.pass_by(seconds=LEASE.total_seconds())
    await notify.send()
    first, again, *_ = [mail for mail in notify.sink.mails if "3 ting" in mail.get_content()]
    assert first["Message-ID"] == again["Message-ID"]
    assert first.get_content() == again.get_content()
    accepted = await accepted_of(notify)
    assert all(accepted[each.message_id].maybe_twice for each in requests)
    assert not any(accepted[each.message_id].maybe_twice for each in later)
    assert len(accepted) == 5


async def test_a_bundle_whose_yes_was_not_heard_goes_again_without_the_page_that_was_withdrawn(notify: Notify) -> None:
    gone, *left = await burst(notify, 3)
    notify.sink.faults.append("drop data")
    await notify.send()
    await notify.withdraw(gone)
    await burst(notify, 1)
    notify.ground.clock.pass_by(seconds=5)
    await notify.send()
    assert first_lines(notify) == ["Der venter 3 ting på dig", "Der venter 2 ting på dig"]
    first, second = notify.sink.mails
    assert first["Message-ID"] != second["Message-ID"]
    accepted = await accepted_of(notify)
    assert accepted.keys() == {each.message_id for each in left}
    assert all(each.maybe_twice for each in accepted.values())


async def test_while_the_server_is_away_no_mails_pile_up(notify: Notify) -> None:
    for _ in range(10):
        await burst(notify, 5)
        await notify.send(notify.sender(port=9))
        notify.ground.clock.pass_by(seconds=1)
    notify.ground.clock.pass_by(seconds=45)
    await notify.send()
    assert first_lines(notify) == ["Der venter 50 ting på dig"]
    assert not any(each.maybe_twice for each in (await accepted_of(notify)).values())


async def test_a_refusal_for_good_fails_every_page_of_the_bundle_so_that_others_are_asked(notify: Notify) -> None:
    requests = await burst(notify, 3)
    notify.sink.faults.append("refuse 550 no")
    await notify.send()
    assert {(await notify.stored(each))["state"] for each in requests} == {"failed"}
    assert len(await notify.ground.published()) == 3


async def test_a_page_whose_outcome_cannot_be_stored_takes_none_of_its_bundle_along(notify: Notify) -> None:
    broken, *others = await burst(notify, 3)
    await notify.ground.pool.execute(
        """CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'broken'; END $$"""
    )
    await notify.ground.pool.execute(
        f"""CREATE TRIGGER broken BEFORE INSERT ON evidence FOR EACH ROW
            WHEN (NEW.case_id = '{broken.case_id}') EXECUTE FUNCTION broken()"""
    )
    await notify.send()
    assert {(await notify.stored(each))["state"] for each in others} == {"accepted"}
    assert (await notify.stored(broken))["state"] in {"queued", "sending"}


async def test_two_workers_that_look_at_once_send_a_person_one_first_mail(notify: Notify) -> None:
    first, _ = await burst(notify, 1), await burst(notify, 1)
    now = notify.ground.clock.now()
    async with notify.ground.pool.acquire() as conn, conn.transaction():
        await store.claim_alone(conn)
        await store.open_messages(conn, now=now, limit=1)
        mail = {first[0].message_id: new_id()}
        await store.begin(conn, mail, now=now, lease_until=now + LEASE, holder=1)
        other = asyncio.create_task(notify.sender(holder=2).claim())
        await until(partial(waits_or_ended, notify, other), within=20)
        assert not other.done()
    assert await other == []


async def waits_or_ended(notify: Notify, task: asyncio.Task[object]) -> bool:
    """Whether the other waits for the lock, or has gone past it."""
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    return task.done() or bool(await notify.ground.pool.fetchval(waiting))
