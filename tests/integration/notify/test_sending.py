"""From a message asked for to a provider's answer."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest

from services.notify import store
from services.notify.domain import LEASE, Outcome, Result
from services.notify.sender import AT_ONCE, settle
from shared.canary import LASTS
from shared.delivery.figures import found
from shared.events.codes import Channel, Failure, Purpose, RecipientKind, Template
from shared.events.escalation import Recipient
from shared.events.notify import MessageAccepted, MessageFailed
from shared.evidence import broken_at
from shared.ids import new_id
from tests.integration.notify.conftest import DESK, SINK, Notify
from tests.support.ports import free_port
from tests.support.services import NOON
from tests.support.smtp import MailSink
from tests.support.system import until


async def test_a_page_reaches_the_mail_server_and_its_acceptance_is_told(notify: Notify) -> None:
    request = await notify.asked()
    await notify.send()
    (mail,) = notify.sink.mails
    assert notify.sink.recipients == ["aase.eksempel@ekt.example"]
    assert mail["Subject"] == "Der venter noget på dig."
    assert mail["From"] == "Vagt <vagt@kommune.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content().split("\r\n\r\n") == [
        "Der venter noget på dig. Svar senest kl. 13.05. Log ind: https://vagt.kommune.example",
        "Kan du ikke logge ind, så ring 12 34 56 78.\r\n",
    ]
    (accepted,) = await notify.ground.published()
    assert isinstance(accepted, MessageAccepted)
    told = accepted.model_dump(exclude={"text_sha256"})
    assert told == {
        "case_id": request.case_id,
        "message_id": request.message_id,
        "purpose": Purpose.PAGE,
        "report_id": request.report_id,
        "channel": Channel.EMAIL,
        "template": Template.PAGE,
        "template_version": 2,
        "maybe_twice": False,
    }
    assert await notify.attempts(request) == [("accepted", 250)]


async def test_a_desk_is_written_to_by_its_id(notify: Notify) -> None:
    await notify.asked(recipient=Recipient(kind=RecipientKind.DESK, id=DESK), template=Template.DESK_PAGE)
    await notify.send()
    assert notify.sink.recipients == ["vagt@ekt.example"]
    assert "på vagten" in notify.sink.mails[0].get_content()


async def test_a_temporary_refusal_is_followed_by_the_same_mail_under_the_same_message_id(notify: Notify) -> None:
    request = await notify.asked()
    notify.sink.faults.append("refuse 451 later, said at length")
    notify.sink.faults.append("drop data")  # kept by the server, though we never hear so
    await notify.send()
    notify.ground.clock.pass_by(seconds=4.9)
    await notify.send()
    assert await notify.attempts(request) == [("temporary", 451)]
    notify.ground.clock.pass_by(seconds=0.1)
    await notify.send()
    notify.ground.clock.pass_by(seconds=15)
    await notify.send()
    assert await notify.attempts(request) == [("temporary", 451), ("unknown", None), ("accepted", 250)]
    first, second = notify.sink.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert first.get_content() == second.get_content()
    (accepted,) = await notify.ground.published(MessageAccepted)
    assert accepted.maybe_twice


async def test_a_server_that_is_away_is_tried_again(notify: Notify) -> None:
    request = await notify.asked()
    await notify.send(notify.sender(port=free_port()))
    assert await notify.attempts(request) == [("temporary", None)]
    notify.ground.clock.pass_by(seconds=5)
    await notify.send()
    assert (await notify.stored(request))["state"] == "accepted"
    assert not (await notify.stored(request))["maybe_twice"]


async def test_a_permanent_refusal_fails_the_message_at_once(notify: Notify) -> None:
    request = await notify.asked()
    notify.sink.faults.append("refuse 550 no such mailbox aase.eksempel@ekt.example")
    await notify.send()
    (failed,) = await notify.ground.published()
    assert failed == MessageFailed(case_id=request.case_id, message_id=request.message_id, reason=Failure.REFUSED)
    assert await notify.attempts(request) == [("permanent", 550)]


async def test_a_message_repeated_after_midnight_has_the_same_words(notify: Notify) -> None:
    notify.ground.clock.at = NOON.replace(hour=22, minute=59, second=57)  # 23.59.57 in Copenhagen
    await notify.asked()
    notify.sink.faults.append("drop data")
    await notify.send()
    notify.ground.clock.pass_by(seconds=5)
    await notify.send()
    first, second = notify.sink.mails
    assert "onsdag 11. marts kl. 00.05" in first.get_content() == second.get_content()


async def test_a_server_that_says_no_to_the_goodbye_is_no_failure(
    notify: Notify, capsys: pytest.CaptureFixture[str]
) -> None:
    request = await notify.asked()
    notify.sink.goodbye = "500 stay"
    await notify.send()
    assert (await notify.stored(request))["state"] == "accepted"
    assert "try_lost" not in capsys.readouterr().out


async def test_a_server_that_hangs_up_instead_of_saying_goodbye_has_still_accepted(notify: Notify) -> None:
    request = await notify.asked()
    notify.sink.faults.append("drop quit")
    await notify.send()
    notify.ground.clock.pass_by(minutes=5)
    await notify.send()
    assert len(notify.sink.taken) == 1
    assert await notify.attempts(request) == [("accepted", 250)]


async def test_where_starttls_is_asked_for_a_server_without_it_is_told_nothing(notify: Notify) -> None:
    request = await notify.asked()
    sender = notify.sender()
    sender.email = replace(sender.email, starttls=True)
    await notify.send(sender)
    assert await notify.attempts(request) == [("temporary", None)]
    assert notify.sink.taken == []


async def test_a_dialogue_that_takes_too_long_is_broken_off_and_its_end_is_unknown(notify: Notify) -> None:
    request = await notify.asked()
    notify.sink.faults.append("hold")
    await notify.send(notify.sender(at_most=1))
    assert await notify.attempts(request) == [("unknown", None)]
    assert (await notify.stored(request))["maybe_twice"]


async def test_a_try_that_outlives_its_lease_is_made_again_and_marked_as_maybe_sent_twice(notify: Notify) -> None:
    request = await notify.asked()
    await notify.sender(holder=7).claim()  # and is never heard of
    notify.ground.clock.pass_by(seconds=LEASE.total_seconds() - 1)
    await notify.send()
    assert notify.sink.taken == []
    notify.ground.clock.pass_by(seconds=1)
    await notify.send()
    assert await notify.attempts(request) == [("unknown", None), ("accepted", 250)]
    (accepted,) = await notify.ground.published(MessageAccepted)
    assert accepted.maybe_twice
    facts = await notify.ground.pool.fetchval("SELECT facts FROM evidence")
    assert '"maybe_twice":true' in facts


async def test_a_process_that_starts_takes_back_its_own_leases_and_nobody_elses(notify: Notify) -> None:
    mine = await notify.asked()
    await notify.sender(holder=0).claim()
    other = await notify.asked(recipient=Recipient(kind=RecipientKind.DESK, id=DESK))
    await notify.sender(holder=1).claim()
    sender = notify.sender(holder=0)
    await sender.start()
    await notify.send(sender)
    assert (await notify.stored(mine))["state"] == "accepted"
    assert (await notify.stored(other))["state"] == "sending"


async def test_a_yes_that_comes_after_the_lease_counts_and_the_message_is_accepted_once(notify: Notify) -> None:
    request = await notify.asked()
    ((slow,),) = await notify.sender(holder=7).claim()
    notify.ground.clock.pass_by(minutes=1)
    await notify.send()
    async with notify.ground.transactions.begin("test") as tx:
        await settle(tx, slow.message, Outcome(Result.ACCEPTED, 250), text=notify.sender()._text([slow.message]))
    assert await notify.attempts(request) == [("accepted", 250), ("accepted", 250)]
    assert len(await notify.ground.published(MessageAccepted)) == 1


async def test_a_withdrawn_message_is_not_sent(notify: Notify) -> None:
    request = await notify.asked()
    await notify.withdraw(request)
    await notify.send()
    assert notify.sink.taken == []
    assert (await notify.stored(request))["state"] == "withdrawn"
    assert await notify.ground.published() == []


async def test_a_withdrawal_that_overtakes_its_message_holds(notify: Notify) -> None:
    request = notify.request()
    await notify.withdraw(request)
    await notify.hear(request)
    await notify.send()
    assert notify.sink.taken == []
    assert (await notify.stored(request))["state"] == "withdrawn"


async def test_a_message_that_waits_for_another_try_ends_as_soon_as_it_is_withdrawn(notify: Notify) -> None:
    request = await notify.asked()
    notify.sink.faults.append("refuse 451 later")
    await notify.send()
    await notify.withdraw(request)
    await notify.send()
    assert (await notify.stored(request))["state"] == "withdrawn"


async def test_a_withdrawal_changes_nothing_about_a_message_that_was_accepted(notify: Notify) -> None:
    request = await notify.asked()
    await notify.send()
    await notify.withdraw(request)
    await notify.send()
    assert (await notify.stored(request))["state"] == "accepted"
    assert len(notify.sink.taken) == 1


async def test_a_message_asked_for_twice_is_sent_once(notify: Notify) -> None:
    request, event_id = notify.request(), new_id()
    await notify.hear(request, event_id)
    await notify.hear(request, event_id)
    await notify.hear(request)  # the same demand in another envelope
    await notify.send()
    await notify.hear(request)
    await notify.send()
    assert len(notify.sink.taken) == 1


async def test_a_message_nobody_wants_any_more_expires_and_says_so(notify: Notify) -> None:
    request = await notify.asked()
    notify.sink.faults.extend(["refuse 451 later"] * 99)
    while (await notify.stored(request))["state"] == "queued":
        await notify.send()
        notify.ground.clock.at = (await notify.stored(request))["next_at"] or notify.ground.clock.at
    assert notify.ground.clock.now() == request.not_after
    (failed,) = await notify.ground.published()
    assert failed == MessageFailed(case_id=request.case_id, message_id=request.message_id, reason=Failure.EXPIRED)


@pytest.mark.parametrize(
    "changes",
    [
        {"recipient": Recipient(kind=RecipientKind.PERSON, id=UUID(int=1))},
        {"recipient": Recipient(kind=RecipientKind.REPORTER), "template": Template.REPORTER_NEWS},
    ],
    ids=["unknown person", "reporter"],
)
async def test_who_has_no_contact_point_here_fails_at_once(notify: Notify, changes: dict[str, object]) -> None:
    request = await notify.asked(**changes)
    await notify.send()
    (failed,) = await notify.ground.published()
    assert failed == MessageFailed(case_id=request.case_id, message_id=request.message_id, reason=Failure.NO_CONTACT)
    assert notify.sink.taken == []


async def test_a_canary_is_sent_like_any_page_but_reaches_nobody(notify: Notify) -> None:
    request = await notify.asked(canary=True)
    await notify.send()
    (mail,) = notify.sink.mails
    assert mail["To"] == SINK
    assert "der venter noget" in f"{mail['Subject']} {mail.get_content()}".lower()
    (accepted,) = await notify.ground.published()
    assert isinstance(accepted, MessageAccepted)
    assert accepted.message_id == request.message_id
    assert await notify.ground.pool.fetchval("SELECT count(*) FROM evidence") == 0


async def test_a_canary_is_erased_after_its_day_and_nothing_else_is(notify: Notify) -> None:
    real, canary = await notify.asked(), await notify.asked(canary=True)
    await notify.withdraw(canary)
    await notify.send()
    pool = notify.ground.pool
    for later, left in ((timedelta(hours=24), 2), (timedelta(seconds=1), 1)):
        notify.ground.clock.at += later
        async with notify.ground.transactions.begin("test") as tx:
            await store.erase_canaries(tx.conn, before=tx.now - LASTS)
        assert await pool.fetchval("SELECT count(*) FROM messages") == left
    for table in ("messages", "cases", "attempts"):
        assert {row["id"] for row in await pool.fetch(f"SELECT {_ids(table)} AS id FROM {table}")} <= {
            real.case_id,
            real.message_id,
        }
    assert await pool.fetchval("SELECT count(*) FROM withdrawals") == 0


def _ids(table: str) -> str:
    return "case_id" if table == "cases" else "message_id"


async def test_two_workers_at_once_send_each_message_once(notify: Notify) -> None:
    requests = [await notify.asked() for _ in range(30)]
    await asyncio.gather(notify.send(notify.sender(holder=0, apart=0)), notify.send(notify.sender(holder=1, apart=0)))
    assert len(notify.sink.taken) == len({mail["Message-ID"] for mail in notify.sink.mails}) == len(requests)
    assert len(await notify.ground.published(MessageAccepted)) == len(requests)
    assert await notify.ground.pool.fetchval("SELECT max(n) FROM attempts") == 1


async def test_a_message_that_another_worker_is_just_claiming_is_passed_over(notify: Notify) -> None:
    taken, free = await notify.asked(), await notify.asked()
    async with notify.ground.pool.acquire() as conn, conn.transaction():
        await conn.execute("SELECT FROM messages WHERE message_id = $1 FOR UPDATE", taken.message_id)
        async with asyncio.timeout(20):
            await notify.send()
    assert (await notify.stored(taken))["state"] == "queued"
    assert (await notify.stored(free))["state"] == "accepted"


async def is_held(sink: MailSink) -> bool:
    return not sink.faults


async def are_accepted(notify: Notify, count: int) -> bool:
    n: int = await notify.ground.pool.fetchval("SELECT count(*) FROM messages WHERE state = 'accepted'")
    return n == count


async def test_a_slow_dialogue_does_not_hold_up_other_messages(notify: Notify) -> None:
    slow = await notify.asked()
    notify.sink.faults.append("hold")
    sender = notify.sender(apart=0)
    await sender.run_once()
    await until(partial(is_held, notify.sink))
    others = [await notify.asked() for _ in range(2 * AT_ONCE)]
    while await sender.run_once():
        pass
    await until(partial(are_accepted, notify, len(others)))
    assert (await notify.stored(slow))["state"] == "sending"
    notify.sink.let_go.set()
    await sender.drain()
    assert (await notify.stored(slow))["state"] == "accepted"


async def test_the_yes_is_stored_before_the_goodbye(notify: Notify) -> None:
    request = await notify.asked()
    states = []

    async def state_at_goodbye(server: object, *_: object) -> str:
        states.append((await notify.stored(request))["state"])
        return "221 bye"

    notify.sink.handle_QUIT = state_at_goodbye
    await notify.send()
    assert states == ["accepted"]


async def test_a_try_is_stored_before_the_server_hears_of_it(notify: Notify) -> None:
    request = await notify.asked()
    seen = []

    async def attempts_at_data(*_: object) -> str:
        seen.append(await notify.attempts(request))
        return "250 ok"

    notify.sink.handle_DATA = attempts_at_data
    await notify.send()
    assert seen == [[(None, None)]]


async def test_evidence_says_who_was_told_what_how_and_with_what_answer(notify: Notify) -> None:
    request = await notify.asked()
    await notify.send()
    row = await notify.ground.pool.fetchrow("SELECT act, at, facts::json AS facts FROM evidence")
    (accepted,) = await notify.ground.published(MessageAccepted)
    assert row["act"] == "message.accepted"
    for name, value in {
        "recipient_id": str(request.recipient.id),
        "channel": "email",
        "template": "page",
        "template_version": 2,
        "text_sha256": accepted.text_sha256,
        "code": 250,
    }.items():
        assert f'"{name}":{value}' in row["facts"] or f'"{name}":"{value}"' in row["facts"]
    assert await broken_at(notify.ground.pool, request.case_id, notify.ground.macs) is None


@pytest.mark.parametrize("column", ["purpose", "template"])
async def test_a_message_that_is_not_understood_is_set_aside_with_an_alarm_and_those_behind_it_are_sent(
    notify: Notify, column: str
) -> None:
    bad, *behind = [await notify.asked() for _ in range(3)]
    await notify.ground.pool.execute(
        f"UPDATE messages SET {column} = 'unheard_of', next_at = next_at - interval '1 h' WHERE message_id = $1",
        bad.message_id,
    )
    await notify.send(notify.sender(apart=0))
    assert [(await notify.stored(each))["state"] for each in (bad, *behind)] == ["queued", "accepted", "accepted"]
    row = await notify.ground.pool.fetchrow("SELECT loop, row_id FROM set_aside")
    assert row is not None
    assert (row["loop"], row["row_id"]) == ("send", bad.message_id)
    assert (await found(notify.ground.pool, notify.ground.clock))["beredskab.set.aside"] == 1


async def test_an_address_that_does_not_open_is_given_up_after_three_tries_and_others_are_written_to(
    notify: Notify,
) -> None:
    bad = await notify.asked()
    await notify.ground.pool.execute("UPDATE contacts SET sealed = '\\x00' WHERE person_id = $1", bad.recipient.id)
    behind = await notify.asked(recipient=Recipient(kind=RecipientKind.DESK, id=DESK), template=Template.DESK_PAGE)
    for _ in range(3):
        await notify.send()
        notify.ground.clock.pass_by(seconds=46)
    assert (await notify.stored(behind))["state"] == "accepted"
    assert [result for result, _ in await notify.attempts(bad)] == ["temporary", "temporary", "permanent"]
    (failed,) = [each for each in await notify.ground.published() if isinstance(each, MessageFailed)]
    assert failed.message_id == bad.message_id
