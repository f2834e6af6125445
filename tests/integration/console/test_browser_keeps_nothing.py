"""What a real browser hears, shows and leaves on its disk: nothing of what is not yours, and no words of what is."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from playwright.async_api import Page, expect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.auth import sessions
from shared.auth.people import Person, Role
from shared.events.codes import Level
from shared.events.intake import ReportReceived
from shared.ids import PersonId
from tests.integration.console.conftest import AASE, BO, DITTE, House
from tests.support.browser import WIDE, Watched, open_profile
from tests.support.http import listening
from tests.support.leaks import Found, found_below, found_in

pytestmark = pytest.mark.timeout(240)

NAME, SCHOOL, REPORTER, PHONE = "Zoltana Plantesen", "Skolen på Ærtemarken", "Quendolyn Hemmelig", "71 93 55 08"
SENTENCE, REASON = "Kufferten står pakket bag døren", "Mosteren Wilhelmyna ringede og fortrød"
HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>{{ 7 * 7 }}${7*7} \u202egnp.exe"
PLANTED = (NAME, SCHOOL, REPORTER, PHONE, SENTENCE, REASON)
BODY = {
    "text": f"{SENTENCE}. {HOSTILE}",
    "children": [{"name": NAME, "age_band": "13-17"}],
    "reporter": {"name": REPORTER, "kind": "teacher", "institution": SCHOOL, "phone": PHONE},
}
STORED = """async () => JSON.stringify([
    {...localStorage}, {...sessionStorage}, document.cookie, history.state, document.title, window.name,
    await indexedDB.databases(), 'caches' in self ? await caches.keys() : [],
    (await navigator.serviceWorker?.getRegistrations() ?? []).length])"""


@dataclass
class Wire:
    """Round the application: every answer, byte by byte, that goes out to the one browser before it."""

    app: ASGIApp
    answers: list[tuple[str, int, dict[bytes, bytes], bytearray]] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def heard(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.answers.append((scope["path"], message["status"], dict(message["headers"]), bytearray()))
            else:
                self.answers[-1][3].extend(message.get("body", b""))
            await send(message)

        await self.app(scope, receive, heard)

    def told(self) -> list[Found]:
        """The planted words that went out."""
        sent = ((path, repr(headers).encode() + content) for path, _, headers, content in self.answers)
        return [found for path, content in sent for found in found_in(path, content, PLANTED)]


@dataclass
class Watcher:
    """A browser with a profile of its own on disk, on which somebody is signed in."""

    url: str
    page: Page
    watched: Watched
    kept: list[str] = field(default_factory=list)

    async def open(self, path: str) -> None:
        """Go there, and look at what is kept."""
        await self.page.goto(self.url + path)
        await self.look()

    async def look(self) -> None:
        """Note the address, the title and what scripts could store."""
        self.kept += [self.page.url, await self.page.title(), str(await self.page.evaluate(STORED))]

    async def tap(self, name: str) -> None:
        """Press a button."""
        await self.page.get_by_role("button", name=name, exact=True).click()
        await self.page.wait_for_load_state()
        await self.look()

    def said(self) -> list[Found]:
        """The planted words in addresses, titles and stores."""
        told = [*self.kept, *self.watched.addresses]
        return [found for each in told for found in found_in("address, title or store", each.encode(), PLANTED)]


@asynccontextmanager
async def browser(house: House, url: str, profile: Path, who: UUID, unit: str) -> AsyncIterator[Watcher]:
    """A browser of somebody who serves the unit."""
    now = house.escalation.clock.now()
    person = Person(PersonId(who), frozenset({Role.CONSULTANT}), frozenset({unit}), now)
    word = await sessions.start(
        house.escalation.pool, person, provider_session=None, now=now, at_most=timedelta(hours=12)
    )
    async with open_profile(profile, viewport=WIDE) as context:
        host_only = {"domain": "127.0.0.1", "path": "/", "secure": True, "httpOnly": True, "sameSite": "Lax"}
        await context.add_cookies([{"name": "__Host-escalation", "value": word, **host_only}])  # type: ignore[typeddict-item]
        page = await context.new_page()
        yield Watcher(url, page, Watched(page))


async def held_case(house: House) -> ReportReceived:
    """A case of Nørrebro with planted words, from which Bo is kept out, and on which somebody wrote a reason."""
    event = await house.report(Level.HIGH, **BODY)
    await house.escalation.pool.execute("UPDATE cases SET unit = 'noerrebro'")
    ditte = await house.browser(DITTE)
    await ditte.into(event.case_id)
    form = await ditte.open(f"/cases/{event.case_id}/exclusion")
    await ditte.press(form, "/exclusions", person_id=str(BO), reason=REASON)
    return event


@pytest.mark.parametrize(("who", "unit"), [(AASE, "amager"), (BO, "*")], ids=["another unit", "kept out"])
async def test_the_browser_of_whoever_a_case_is_not_for_hears_nothing_of_it(
    house: House, tmp_path: Path, who: UUID, unit: str
) -> None:
    event = await held_case(house)
    case, report = f"/cases/{event.case_id}", event.report_id
    paths = ["/", "/work", "/reach", "/rota", "/people", "/me", case, f"{case}/news", f"{case}/assessment"]
    paths += [f"{case}/{form}" for form in ("hold", "close", "handover", "conflict", "phone", "judgement")]
    paths += [f"/v1{case}", f"/v1{case}/evidence", f"/v1/reports/{report}", "/v1/work", "/v1/reach", "/v1/rota"]
    wire, profile = Wire(house.app), tmp_path / "profile"
    async with listening(wire) as url, browser(house, url, profile, who, unit) as stranger:
        for path in paths:
            await stranger.open(path)
        assert {status for path, status, _, _ in wire.answers if str(event.case_id) in path} == {404}
        assert wire.told() == []
        assert stranger.said() == []
    assert found_below(profile, PLANTED) == []


async def test_the_browser_of_whoever_has_the_case_shows_its_words_literally_and_keeps_none(
    house: House, tmp_path: Path
) -> None:
    event = await held_case(house)
    case = f"/cases/{event.case_id}"
    wire, profile = Wire(house.app), tmp_path / "profile"
    async with listening(wire) as url, browser(house, url, profile, AASE, "noerrebro") as owner:
        await owner.open("/")
        await owner.tap("Nej, vis sagen")
        shown = owner.page.get_by_text(SENTENCE)
        await expect(shown.first).to_contain_text(HOSTILE.replace("\u202e", "‹U+202E›"))
        await owner.tap("Jeg tager den")
        await owner.open(f"{case}/assessment")
        await owner.page.get_by_label("1. Hvad er der sagt, ordret, og af hvem?").fill(SENTENCE)
        await expect(owner.page.get_by_text("Kladde gemt")).to_be_visible()
        await owner.look()
        await owner.open(f"{case}/raise")
        await owner.page.get_by_label("Hvorfor").fill(REASON)
        await owner.look()
        assert {text for _, text in wire.told()} >= {NAME, SENTENCE, PHONE}, "it was there to be found"
        assert owner.said() == []
        assert owner.watched.errors == []
        pages = [headers for path, _, headers, _ in wire.answers if not path.startswith("/static/")]
        assert {headers[b"cache-control"] for headers in pages} == {b"no-store"}
        await owner.open("/work")
    assert found_below(profile, PLANTED) == []
