"""Test mails: who reads what a contact point is sent, which a mail server's yes does not tell."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest

from services.notify import contacts, store
from services.notify.app import pull_in
from services.notify.channels.email import Email
from services.notify.proofs import Proofs
from services.notify.web import Door, routes
from shared.ids import new_id
from shared.web.application import application
from tests.integration.notify.conftest import AASE, DESK, WAY, Notify

WEEK = timedelta(days=7)
OWN = "aase.eksempel@ekt.example"


@dataclass
class Testing:
    """notify with its test mails driven by hand, and escalation asking over HTTP."""

    __test__ = False
    notify: Notify
    client: httpx2.AsyncClient

    def proofs(self, *, every: timedelta = WEEK, port: int = 0) -> Proofs:
        ground, email = self.notify.ground, Email("127.0.0.1", port or self.notify.sink.port, "vagt@kommune.example")
        return Proofs(ground.pool, ground.clock, ground.keys, email, WAY, every)

    async def turn(self, **how: Any) -> list[str]:
        """Send all that is due; to whom that went."""
        before, proofs = len(self.notify.sink.recipients), self.proofs(**how)
        while await proofs.run_once():
            pass
        return self.notify.sink.recipients[before:]

    async def ask(self, method: str, path: str, **sent: Any) -> httpx2.Response:
        bearer = {"Authorization": f"Bearer {self.notify.ground.tokens_of('escalation').token('notify')}"}
        return await self.client.request(method, path, headers=bearer, **sent)

    async def proved(self, person: UUID = AASE) -> bool:
        told: bool = (await self.ask("GET", f"/reachable/{person}")).json()["proved"]
        return told

    async def answer(self, person: UUID = AASE) -> int:
        return (await self.ask("PUT", f"/contacts/{person}/proof")).status_code

    async def want(self, person: UUID = AASE) -> httpx2.Response:
        return await self.ask("POST", f"/contacts/{person}/proof")

    async def put(self, address: str, person: UUID = AASE) -> None:
        answer = await self.ask("PUT", f"/contacts/{person}", json={"address": address, "verified_by": str(person)})
        assert answer.status_code == 204

    def at(self, moment: datetime) -> None:
        clock = self.notify.ground.clock
        clock.pass_by(seconds=(moment - clock.now()).total_seconds())

    def pass_by(self, **span: float) -> None:
        self.notify.ground.clock.pass_by(**span)


async def _ready() -> list[str]:
    return []


@pytest.fixture
async def testing(notify: Notify) -> AsyncIterator[Testing]:
    """Only Aase and the desk have contact points. It is Tuesday, 13.00 in Copenhagen."""
    await notify.ground.pool.execute("DELETE FROM contacts WHERE person_id <> ALL($1::uuid[])", [AASE, DESK])
    behind = application(
        routes(Door(notify.ground.transactions, notify.ground.keys, notify.ground.tokens)), ready=_ready
    )
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(behind), base_url="http://notify") as client:
        yield Testing(notify, client)


async def test_every_contact_point_is_tested_once_an_interval(testing: Testing) -> None:
    assert sorted(await testing.turn()) == [OWN, "vagt@ekt.example"]
    assert await testing.answer() == 204
    testing.pass_by(days=6, hours=23, minutes=59)
    assert await testing.turn() == []
    testing.pass_by(minutes=1)
    assert sorted(await testing.turn()) == [OWN, "vagt@ekt.example"]


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 3, 14, 10, 0, tzinfo=UTC),  # a Saturday
        datetime(2026, 3, 15, 10, 0, tzinfo=UTC),  # a Sunday
        datetime(2026, 4, 2, 8, 0, tzinfo=UTC),  # Maundy Thursday
        datetime(2026, 3, 11, 1, 0, tzinfo=UTC),
        datetime(2026, 3, 11, 7, 59, 59, tzinfo=UTC),
        datetime(2026, 3, 11, 14, 0, tzinfo=UTC),
        datetime(2026, 6, 10, 13, 0, tzinfo=UTC),  # summer: 15.00
    ],
)
async def test_no_test_goes_out_outside_office_hours(testing: Testing, moment: datetime) -> None:
    testing.at(moment)
    assert await testing.turn() == []


@pytest.mark.parametrize("moment", [datetime(2026, 3, 11, 8, 0, tzinfo=UTC), datetime(2026, 6, 10, 12, 59, tzinfo=UTC)])
async def test_tests_go_out_on_working_days_from_9_to_15(testing: Testing, moment: datetime) -> None:
    testing.at(moment)
    assert len(await testing.turn()) == 2


async def test_two_replicas_send_one_test(testing: Testing) -> None:
    one, other = testing.proofs(), testing.proofs()
    done = await asyncio.gather(*(each.run_once() for each in (one, other) for _ in range(4)))
    assert (sum(done), sorted(testing.notify.sink.recipients)) == (2, [OWN, "vagt@ekt.example"])


async def test_what_another_replica_is_just_beginning_is_passed_over(testing: Testing) -> None:
    pool, now = testing.notify.ground.pool, testing.notify.ground.clock.now()
    async with pool.acquire() as other, other.transaction():
        begun = await store.begin_test(other, now=now, every=WEEK)
        assert begun is not None
        sent = await testing.turn()
    assert len(sent) == 1
    assert await testing.turn() == []
    assert await pool.fetchval("SELECT asked_at IS NULL FROM contacts WHERE person_id = $1", begun.person_id)


async def test_a_mailbox_that_answers_250_and_discards_is_unproved_after_three_days(testing: Testing) -> None:
    await testing.turn()
    testing.pass_by(days=3)
    assert await testing.proved()
    testing.pass_by(seconds=1)
    told = (await testing.ask("GET", f"/reachable/{AASE}")).json()
    assert told == {"reachable": True, "proved": False}, "whether somebody vouches for it is another question"


async def test_the_first_unanswered_test_counts_however_often_another_is_sent(testing: Testing) -> None:
    for _ in range(4):
        assert OWN in await testing.turn(every=timedelta(days=1))
        testing.pass_by(days=1)
    assert not await testing.proved()


async def test_an_answer_proves_the_contact_point_and_ends_the_test(testing: Testing) -> None:
    await testing.turn()
    testing.pass_by(days=4)
    assert await testing.answer() == 204
    assert await testing.proved()
    assert not await testing.proved(DESK)
    told = (await testing.ask("GET", f"/contacts/{AASE}")).json()
    assert (told["waits"], told["proved_at"]) == (False, testing.notify.ground.clock.now().isoformat())
    assert await testing.answer() == 404


async def test_without_an_open_test_there_is_nothing_to_answer(testing: Testing) -> None:
    assert await testing.answer() == 404
    assert await testing.answer(new_id()) == 404
    assert await testing.proved()


@pytest.mark.parametrize("fault", ["refuse 451 later", "refuse 550 no such mailbox"])
async def test_a_test_that_fails_stays_due_and_waits_longer_each_time(testing: Testing, fault: str) -> None:
    await testing.notify.ground.pool.execute("DELETE FROM contacts WHERE person_id = $1", DESK)
    testing.at(datetime(2026, 3, 11, 8, 0, tzinfo=UTC))
    for minutes in (15, 15, 30, 60):
        testing.notify.sink.faults.append(fault)
        assert await testing.turn() == []
        assert not testing.notify.sink.faults
        assert await testing.answer() == 404, "nobody can have got it"
        testing.pass_by(minutes=minutes - 1)
        assert await testing.turn() == []
        testing.pass_by(minutes=1)
    assert await testing.turn() == [OWN]
    assert await testing.answer() == 204


async def test_a_mailbox_that_refuses_every_test_is_unproved_too(testing: Testing) -> None:
    for _ in range(3):
        assert await testing.turn(port=9) == []
        testing.pass_by(days=1, seconds=1)
    assert not await testing.proved()
    assert OWN in await testing.turn()


async def test_a_test_whose_answer_was_lost_may_have_arrived(testing: Testing) -> None:
    testing.notify.sink.faults += ["drop data"] * 2
    await testing.turn()
    assert await testing.answer() == 204


async def test_a_contact_point_that_cannot_be_read_stops_no_other(testing: Testing) -> None:
    pool = testing.notify.ground.pool
    await pool.execute("UPDATE contacts SET sealed = 'x' WHERE person_id = $1", AASE)
    assert await testing.turn() == ["vagt@ekt.example"]
    assert (await testing.ask("GET", f"/contacts/{AASE}")).json()["address"] is None
    testing.pass_by(days=4)
    assert not await testing.proved()


async def test_another_address_is_tested_anew_and_the_same_one_is_not(testing: Testing) -> None:
    await testing.turn()
    testing.pass_by(days=1, hours=-2)
    await testing.put(OWN)
    assert await testing.turn() == []
    assert await testing.answer() == 204, "the test is still open"
    await testing.put("aase@ny.example")
    assert (await testing.ask("GET", f"/contacts/{AASE}")).json()["proved_at"] is None
    assert await testing.turn() == ["aase@ny.example"]


async def test_a_new_address_clears_an_unanswered_test(testing: Testing) -> None:
    await testing.turn()
    testing.pass_by(days=4)
    await testing.put("aase@ny.example")
    assert await testing.proved()
    assert await testing.answer() == 404


async def test_another_address_in_the_seed_file_is_tested_anew(testing: Testing) -> None:
    ground = testing.notify.ground
    await testing.turn()
    async with ground.pool.acquire() as conn:
        wanted = {AASE: "aase@ny.example", DESK: "vagt@ekt.example"}
        await contacts.load(conn, addresses=wanted, keys=ground.keys, today=ground.clock.now().date())
    assert await testing.turn() == ["aase@ny.example"]


async def test_a_test_that_was_under_way_says_nothing_of_the_new_address(testing: Testing) -> None:
    pool, begun = testing.notify.ground.pool, testing.notify.ground.clock.now()
    await pool.execute("DELETE FROM contacts WHERE person_id = $1", DESK)
    assert await store.begin_test(pool, now=begun, every=WEEK)
    await testing.put("aase@ny.example")
    await store.note_test_taken(pool, AASE, tried_at=begun)
    assert await testing.answer() == 404
    assert await testing.turn() == ["aase@ny.example"]


async def test_a_test_is_sent_at_once_when_somebody_asks_even_at_night(testing: Testing) -> None:
    testing.at(datetime(2026, 3, 14, 1, 0, tzinfo=UTC))
    assert (await testing.want()).status_code == 202
    assert await testing.turn(every=timedelta(0)) == [OWN]
    assert await testing.answer() == 204


async def test_a_test_is_asked_for_once_in_ten_minutes(testing: Testing) -> None:
    assert (await testing.want()).status_code == 202
    refused = await testing.want()
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "600")
    testing.pass_by(minutes=5)
    await testing.turn()
    testing.pass_by(minutes=9, seconds=59)
    assert (await testing.want()).status_code == 429, "counted from the mail that went"
    testing.pass_by(seconds=1)
    assert (await testing.want()).status_code == 202
    assert await testing.turn() == [OWN]


async def test_no_test_is_asked_for_where_there_is_no_contact_point(testing: Testing) -> None:
    assert (await testing.want(new_id())).status_code == 404


async def test_none_goes_out_by_itself_where_tests_are_switched_off(testing: Testing) -> None:
    assert await testing.turn(every=timedelta(0)) == []


async def test_who_never_answers_is_written_to_for_four_weeks_and_then_no_more(testing: Testing) -> None:
    sent = []
    for _ in range(10):
        sent += await testing.turn()
        testing.pass_by(days=7)
    assert sent.count(OWN) == 4
    assert not await testing.proved()
    await testing.want()
    assert await testing.turn() == [OWN]


async def test_a_clock_that_was_ahead_does_not_end_the_tests(testing: Testing) -> None:
    clock = testing.notify.ground.clock
    testing.pass_by(days=364)
    await testing.turn()
    await testing.answer()
    testing.pass_by(days=-364)
    await pull_in(testing.notify.ground)  # type: ignore[arg-type]  # it takes what a service stands on: these two parts
    testing.pass_by(days=7)
    assert len(await testing.turn()) == 2
    stored = await testing.notify.ground.pool.fetchval("SELECT max(tried_at) FROM contacts")
    assert stored == clock.now()


async def test_a_test_mail_says_in_two_languages_what_to_press_and_nothing_of_anybody(testing: Testing) -> None:
    await testing.turn()
    (mail, *_) = (each for each in testing.notify.sink.mails if each["To"] == OWN)
    text = mail.get_content()
    assert f"tryk »Jeg har fået prøven« på Din adresse: {WAY.url}/me" in text
    assert f"press “I have got the test” on Your address: {WAY.url}/me" in text
    assert "Aase" not in text
    assert str(AASE) not in mail.as_string()
    assert mail["Auto-Submitted"] == "auto-generated"


async def test_the_address_is_told_masked(testing: Testing) -> None:
    told = (await testing.ask("GET", f"/contacts/{AASE}")).json()
    assert (told["address"], told["verified_on"]) == ("a…@ekt.example", "2026-03-10")
    await testing.put("aa@ny.example")
    assert (await testing.ask("GET", f"/contacts/{AASE}")).json()["address"] == "…@ny.example"
    assert (await testing.ask("GET", f"/contacts/{new_id()}")).status_code == 404


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("PUT", "/proof"), ("POST", "/proof")])
async def test_escalation_alone_asks_about_tests(testing: Testing, method: str, path: str) -> None:
    address = f"/contacts/{AASE}{path}"
    assert (await testing.client.request(method, address)).status_code == 401
    own = {"Authorization": f"Bearer {testing.notify.ground.tokens_of('triage').token('notify')}"}
    assert (await testing.client.request(method, address, headers=own)).status_code == 403
