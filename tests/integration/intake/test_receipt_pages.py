"""The receipt's pages: they live, take additions, and say nothing to who does not have both words."""

import re
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx2
import pytest

from services.intake.web.patience import Patience
from shared.events.escalation import Acknowledged, ReportJudged
from shared.events.intake import ReportReceived
from shared.ids import EscalationId, PersonId, new_id
from tests.integration.intake.conftest import Intake
from tests.integration.intake.test_form import HOSTILE, PAGE, bodies, hidden, page
from tests.integration.intake.test_receipt import employee, tell
from tests.support.http import listening
from tests.support.intake import intake_door


async def words(intake: Intake, **fields: str) -> dict[str, str]:
    """Reference and code of a new report of somebody who is signed in."""
    told = (await intake.client.post("/send", data={"text": "Noget.", **fields}, headers=employee(intake))).json()
    return {"reference": told["reference"], "code": told["code"]}


async def received(intake: Intake) -> list[ReportReceived]:
    return [event for event in await intake.ground.published(ReportReceived) if isinstance(event, ReportReceived)]


def seen(event: ReportReceived, up_to: int) -> Acknowledged:
    return Acknowledged(
        case_id=event.case_id,
        escalation_id=EscalationId(new_id()),
        person_id=PersonId(new_id()),
        covers_report_no=up_to,
        promise_until=event.received_at,
    )


async def test_a_professional_reads_what_happened_in_plain_words(intake: Intake) -> None:
    own = await words(intake, kind="work", age="13-17")
    (event,) = await received(intake)
    first = await page(intake, "/receipt", own)
    assert "Modtaget tirsdag kl. 13.00." in first
    assert "Set af en konsulent" not in first
    assert "Spørg ikke den unge ud." in first
    await tell(intake, seen(event, 1))
    await tell(intake, ReportJudged(case_id=event.case_id, report_id=event.report_id, acute=False, started=False))
    then = await page(intake, "/receipt?lang=en", own)
    assert "Seen by a consultant Tuesday at 13:00." in then
    assert "The municipality starts nothing now." in then


async def test_a_private_person_reads_that_it_was_received_and_what_not_to_do(intake: Intake) -> None:
    own = await words(intake, kind="family")
    (event,) = await received(intake)
    await tell(intake, seen(event, 1))
    intake.ground.clock.pass_by(hours=30)
    shown = await page(intake, "/receipt", own)
    assert "Modtaget" in shown
    assert "Ring ikke hjem." in shown
    assert "Set af" not in shown
    assert "forsinkede" not in shown


async def test_lateness_is_told_to_a_professional(intake: Intake) -> None:
    own = await words(intake, kind="work")
    intake.ground.clock.pass_by(hours=25)
    assert "Vi er forsinkede." in await page(intake, "/receipt", own)


async def test_a_declared_conflict_leaves_the_manager_out(intake: Intake) -> None:
    assert "din leder" in await page(intake, "/receipt", await words(intake))
    assert "din leder" not in await page(intake, "/receipt", await words(intake, conflict="yes"))


async def test_when_the_family_knows_the_receipt_says_to_call_now(intake: Intake) -> None:
    assert "Sig ikke mere til familien." in await page(intake, "/receipt", await words(intake, family_knows="yes"))


async def test_words_are_read_however_they_are_typed(intake: Intake) -> None:
    own = await words(intake)
    typed = {name: f" {word[:4].lower()}-{word[4:].replace('0', 'o').replace('1', 'l')}" for name, word in own.items()}
    assert "Vi har din underretning" in await page(intake, "/receipt", typed)


async def test_an_addition_is_a_report_of_its_own_in_the_same_case(intake: Intake) -> None:
    own = await words(intake, kind="work", age="13-17", child_name="Anna")
    receipt = await page(intake, "/receipt", own)
    intake.ground.clock.pass_by(hours=2)
    more = hidden(receipt) | {"text": HOSTILE}
    shown = await page(intake, "/receipt/additions", more)
    assert "Din tilføjelse er modtaget tirsdag kl. 15.00. Den får sin egen frist." in shown
    await page(intake, "/receipt/additions", more)
    first, second = await received(intake)
    assert (second.case_id, second.report_no) == (first.case_id, 2)
    assert second.received_at > first.received_at
    assert (second.reporter_kind, second.children) == (first.reporter_kind, first.children)
    assert (await bodies(intake))[1] == {"text": HOSTILE}


async def test_an_addition_by_the_interface_names_new_children_and_stores_no_words(intake: Intake) -> None:
    own = await words(intake, kind="work")
    (first,) = await received(intake)
    sibling = [{"name": "Bo", "cpr": "020214-9999", "relation": "sibling"}]
    body = {**own, "text": "Mere.", "children": sibling, "answers": [{"sign": "violence.now", "answer": "said"}]}
    answers = [
        await intake.client.post("/v1/receipt/additions", json=body, headers={"Idempotency-Key": "k"}) for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    _, second = await received(intake)
    assert second.case_id == first.case_id
    assert [child.age_band for child in second.proposed] == ["6-12"]
    assert own["code"] not in str(await bodies(intake))
    view = (await intake.client.post("/v1/receipt", json=own)).json()
    assert [more["state"] for more in view["additions"]] == ["received"]


async def test_an_addition_about_a_child_of_another_case_proposes_it(intake: Intake) -> None:
    await words(intake, child_cpr="020214-9999")
    own = await words(intake)
    body = {**own, "children": [{"cpr": "020214-9999"}]}
    assert (await intake.client.post("/v1/receipt/additions", json=body)).status_code == 201
    elsewhere, first, more = await received(intake)
    assert (more.case_id, more.linked_case_ids) == (first.case_id, ())
    assert len(more.proposed) == 1
    assert elsewhere.case_id != first.case_id


async def test_two_reporters_with_the_same_key_and_words_add_two_reports(intake: Intake) -> None:
    for own in (await words(intake, kind="work"), await words(intake, kind="family")):
        added = await intake.client.post(
            "/v1/receipt/additions", json={**own, "text": "Mere."}, headers={"Idempotency-Key": "k"}
        )
        assert added.status_code == 201
    assert len(await received(intake)) == 4


@pytest.mark.parametrize("path", ["/receipt", "/receipt/additions", "/receipt/events"])
async def test_wrong_words_look_like_unknown_ones(intake: Intake, path: str) -> None:
    own = await words(intake)
    tries = [
        own | {"code": "00000000"},
        {"reference": "00000000", "code": own["code"]},
        {"reference": "", "code": ""},
        {"reference": own["reference"]},
        {"reference": "\x00'--", "code": "\ud7ff"},
    ]
    answers = [await intake.client.post(path, data={"text": "Mere.", **each}, headers=PAGE) for each in tries]
    assert {answer.status_code for answer in answers} == {404}
    assert len({re.sub(r'value="[^"]*"', "", answer.text) for answer in answers}) == 1
    assert "Reference og kode passer ikke sammen." in answers[0].text
    assert len(await received(intake)) == 1


async def test_guessing_is_slow_and_does_not_lock_the_reporter_out(intake: Intake) -> None:
    own = await words(intake)

    async def took(code: str) -> float:
        began = time.monotonic()
        await intake.client.post("/v1/receipt", json=own | {"code": code})
        return time.monotonic() - began

    guesses = [await took(f"{n:08}") for n in range(8)]
    assert min(guesses[:3]) >= 0.02
    assert min(guesses[6:]) >= 0.1
    assert "Vi har din underretning" in await page(intake, "/receipt", own)


async def test_wrong_and_unknown_take_equally_long(intake: Intake) -> None:
    patience = Patience(shortest=0.3)
    assert patience.wait("known", 0.0) == patience.wait("unknown", 0.0) == 0.3


async def test_what_happens_appears_by_itself(intake: Intake) -> None:
    own = await words(intake, kind="work")
    (event,) = await received(intake)
    async with (
        listening(intake_door(intake.ground)) as url,
        httpx2.AsyncClient(base_url=url, timeout=20) as client,
        client.stream("POST", "/receipt/events", data=own) as stream,
    ):
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.aiter_lines()
        await anext(line async for line in lines if "Modtaget" in line)
        await tell(intake, seen(event, 1))
        await anext(line async for line in lines if "Set af en konsulent" in line)


async def test_the_live_pages_of_one_receipt_leave_room_for_others(intake: Intake) -> None:
    own, other = await words(intake, kind="work"), await words(intake, kind="work")
    async with (
        AsyncExitStack() as stack,
        listening(intake_door(intake.ground)) as url,
        httpx2.AsyncClient(base_url=url, timeout=20) as client,
    ):
        kept: list[AsyncIterator[str]] = []

        async def live(whose: dict[str, str]) -> int:
            stream = await stack.enter_async_context(client.stream("POST", "/receipt/events", data=whose))
            if stream.status_code == 200:
                kept.append(stream.aiter_lines())  # a reader that is dropped closes its page
                await anext(kept[-1])
            return stream.status_code

        assert [await live(own) for _ in range(6)] == [200] * 5 + [503]
        assert await live(other) == 200
        assert (
            "Vi har din underretning"
            in (await client.post("/receipt", data=own, headers=PAGE, follow_redirects=True)).text
        )


async def test_the_receipt_can_be_spelt_on_the_phone(intake: Intake) -> None:
    receipt = await page(intake, "/receipt", await words(intake))
    spelt = re.findall(r"<dd id=\"\w+\">([^<]*)</dd>", receipt)
    assert [bool(re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{4} [0-9A-HJKMNP-TV-Z]{4}", word)) for word in spelt] == [True, True]
