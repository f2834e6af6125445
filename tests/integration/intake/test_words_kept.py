"""Whatever fails, what somebody typed into a form stands on the page that says so, and in no log."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest

from services.intake import app
from services.intake.app import front
from services.intake.web import phone
from services.intake.web.patience import Patience
from services.intake.web.reports import Door
from shared.auth import sessions
from shared.auth.people import Person, Role
from shared.ids import PersonId, new_id
from shared.web.screens import Screens
from tests.integration.intake.conftest import Intake
from tests.integration.intake.test_accept import received
from tests.integration.intake.test_form import hidden
from tests.support import trouble
from tests.support.intake import intake_settings
from tests.support.sign_in import OURS, SITE, recognising

WORDS = "Ord, der ikke må gå tabt."
CALL = {"received_at": "2026-03-09T15:30", "text": WORDS, "age": "13-17", "key": "k"}


@asynccontextmanager
async def signed_in(intake: Intake) -> AsyncIterator[httpx2.AsyncClient]:
    """The browser of somebody who writes reports down, before the whole of intake's site."""
    settings, ground = intake_settings(intake.ground), intake.ground
    screens = Screens(Path(app.__file__).parent / "web", settings, settings.shown)
    door = Door(ground.transactions, intake.secrets, settings.duty_phone, patience=Patience(shortest=0.02, longest=0.1))

    async def ready() -> list[str]:
        return []

    site = recognising(front(door, screens, settings, phone.screens_of(door, screens), ready=ready), ground)
    who = Person(PersonId(new_id()), frozenset({Role.CONSULTANT}), frozenset({"*"}), ground.clock.now())
    word = await sessions.start(
        ground.pool, who, provider_session=None, now=ground.clock.now(), at_most=timedelta(hours=12)
    )
    headers = {**OURS, "Accept": "text/html"}
    transport = httpx2.ASGITransport(site, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url=SITE, headers=headers) as browser:
        browser.cookies.set("__Host-intake", word)
        yield browser


@asynccontextmanager
async def no_sessions(intake: Intake) -> AsyncIterator[None]:
    """While the block lasts, nobody can be recognised: what the database says of its sessions is a fault."""
    await intake.ground.pool.execute("ALTER TABLE sessions RENAME TO away")
    await intake.ground.pool.execute(
        """CREATE FUNCTION fault() RETURNS boolean LANGUAGE plpgsql AS
           $$ BEGIN RAISE EXCEPTION 'away' USING ERRCODE = '57P03'; END $$"""
    )
    await intake.ground.pool.execute("CREATE VIEW sessions AS SELECT * FROM away WHERE fault()")
    yield
    await intake.ground.pool.execute("DROP VIEW sessions")
    await intake.ground.pool.execute("ALTER TABLE away RENAME TO sessions")


@pytest.mark.parametrize("path", ["/", "/check", "/?lang=en", "/check?lang=en"])
async def test_the_form_and_the_check_page_are_there_though_nobody_can_be_recognised(intake: Intake, path: str) -> None:
    async with signed_in(intake) as browser, no_sessions(intake):
        assert (await browser.get("/")).status_code == 200
        answer = await browser.post(path, data={"text": WORDS, "travel.planned": "said"})
    assert answer.status_code == 200
    assert WORDS in answer.text


async def test_what_a_call_told_is_there_again_when_nobody_could_be_recognised(
    intake: Intake, capfd: pytest.CaptureFixture[str]
) -> None:
    async with signed_in(intake) as browser:
        async with no_sessions(intake):
            answer = await browser.post("/phone", data=CALL)
        assert answer.status_code == 503
        assert f"{WORDS}</textarea>" in answer.text
        assert "Det, du skrev, er her stadig." in answer.text
        for _ in range(2):
            await browser.post("/phone", data={**hidden(answer.text), "text": WORDS})
    assert [each.received_at.isoformat() for each in await received(intake)] == ["2026-03-09T14:30:00+00:00"]
    assert WORDS not in "".join(capfd.readouterr())


@pytest.mark.parametrize("sqlstate", ["53100", "57P03", "42703", "23514"])
async def test_what_a_call_told_is_there_again_when_it_could_not_be_stored(
    intake: Intake, sqlstate: str, capfd: pytest.CaptureFixture[str]
) -> None:
    async with signed_in(intake) as browser:
        async with trouble.failing(intake.ground.url, sqlstate, "reports"):
            answer = await browser.post("/phone?lang=en", data=CALL)
        assert answer.status_code in (500, 503)
        assert f"{WORDS}</textarea>" in answer.text
        assert 'action="/phone?lang=en"' in answer.text
        await browser.post("/phone", data={**hidden(answer.text), "text": WORDS})
    assert len(await received(intake)) == 1
    assert WORDS not in "".join(capfd.readouterr())


@pytest.mark.parametrize("sqlstate", ["53100", "42703"])
async def test_an_addition_is_there_again_when_it_could_not_be_stored(intake: Intake, sqlstate: str) -> None:
    sent = (await intake.client.post("/v1/reports", json={"text": "Noget."})).json()
    fields = {"reference": sent["reference"], "code": sent["code"], "text": WORDS, "key": "k"}
    async with signed_in(intake) as browser:
        async with trouble.failing(intake.ground.url, sqlstate, "reports"):
            answer = await browser.post("/receipt/additions", data=fields)
        assert answer.status_code in (500, 503)
        assert f"{WORDS}</textarea>" in answer.text
        for _ in range(2):
            await browser.post("/receipt/additions", data={**hidden(answer.text), "text": WORDS})
    assert len(await received(intake)) == 2


async def test_what_was_sent_without_its_origin_is_refused_and_can_be_copied(intake: Intake) -> None:
    async with signed_in(intake) as browser:
        del browser.headers["Sec-Fetch-Site"]
        answer = await browser.post("/phone", data=CALL, headers={"Origin": "null"})
    assert answer.status_code == 403
    assert f"readonly>\n{WORDS}</textarea>" in answer.text
    assert "<form" not in answer.text
    assert await received(intake) == []


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_no_word_of_another_site_stands_on_a_page_of_ours(intake: Intake, site: str) -> None:
    async with signed_in(intake) as browser:
        answer = await browser.post("/phone", data=CALL, headers={"Sec-Fetch-Site": site})
        assert (answer.status_code, WORDS in answer.text) == (403, False)
        browser.cookies.clear()
        answer = await browser.post("/phone", data=CALL, headers={"Sec-Fetch-Site": site})
        assert WORDS not in answer.text
    assert await received(intake) == []
