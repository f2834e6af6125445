"""The console over intake's real, sealed reports: two services on their own databases, a browser before one of them."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from html import unescape
from typing import Any
from uuid import UUID

import httpx2
import pytest
from playwright.async_api import Route

from services.escalation import app as escalation_app
from services.escalation import seed
from services.escalation.contacts import Contacts
from services.escalation.handlers.break_glass import let_in
from services.escalation.store.rota import allowed
from services.escalation.web.api import Api
from services.escalation.web.console import Console, doors_of, screens_of
from services.escalation.web.console.routes import screen_routes
from services.escalation.web.disclosures import Disclosures
from services.escalation.web.entries import Entries
from services.escalation.web.routes import routes
from services.intake import app as intake_app
from services.intake.secrets import Secrets
from services.intake.web import phone
from services.intake.web.internal import internal_routes
from services.intake.web.reports import Door
from services.intake.web.reports import routes as report_routes
from services.notify import app as notify_app
from services.notify import contacts as notify_contacts
from services.notify.web import Door as NotifyDoor
from services.notify.web import routes as notify_routes
from shared.auth import sessions
from shared.auth.people import Person, Role
from shared.delivery.inbox import Inbox
from shared.events.codes import Level
from shared.events.envelope import Envelope
from shared.events.intake import ReportReceived
from shared.events.triage import CaseRated, Reason, WouldRaise
from shared.ids import CaseId, EventId, PersonId, new_id
from shared.signs import SignId
from shared.web.application import application
from shared.web.sign_in import Recognising, sign_in_routes
from tests.conftest import OpenGround
from tests.integration.escalation.conftest import AASE as AASE
from tests.integration.escalation.conftest import BO, CARLA, DITTE, ERIK, FRIDA, GORM, ROLES, SEED
from tests.support.services import Ground
from tests.support.sign_in import OURS, SiteSettings, desk_on, recognising

CONSOLE = "https://vagt.kommune.example"
__all__ = ["BO", "CARLA", "DITTE", "ERIK", "FRIDA", "GORM"]


@dataclass
class House:
    """Both services, driven by hand."""

    intake: Ground
    escalation: Ground
    door: httpx2.AsyncClient
    disclosures: Disclosures
    app: Any
    stack: AsyncExitStack

    async def report(self, level: Level = Level.ACUTE, **body: Any) -> ReportReceived:
        """A report sent to intake, heard and rated at escalation."""
        answer = await self.door.post("/v1/reports", json=body)
        assert answer.status_code == 201, answer.text
        named = answer.json()["report_id"]
        heard = [each for each in await self.intake.published(ReportReceived) if str(each.report_id) == named]
        (event,) = heard
        assert isinstance(event, ReportReceived)
        await self.hear(event)
        await self.hear(self.rating(level, event))
        return event

    def rating(self, level: Level, event: ReportReceived, no: int = 1) -> CaseRated:
        sign = SignId("travel.passport_taken")
        return CaseRated(
            case_id=event.case_id,
            rating_no=no,
            level=level,
            rule_set=1,
            as_of=event.received_at,
            report_ids=(event.report_id,),
            reasons=(Reason(rule="acute_departure", signs=(sign,), report_ids=(event.report_id,)),),
            unknowns=(SignId("violence.now"),),
            would_raise=(WouldRaise(sign=SignId("violence.now"), level=Level.ACUTE),),
        )

    async def hear(self, event: Any) -> None:
        envelope = Envelope(EventId(new_id()), event.type, "test", self.escalation.clock.now(), 1, None)
        await Inbox(self.escalation.transactions, escalation_app.SUBSCRIPTIONS).take(envelope, event)

    async def browser(self, who: UUID, *roles: str) -> "Browser":
        """A browser on which the person has just signed in."""
        now = self.escalation.clock.now()
        if roles:  # a session has no right that the person has not
            query = "UPDATE people SET roles = $2 WHERE person_id = $1"
            await self.escalation.pool.execute(query, who, list(roles))
        person = Person(PersonId(who), frozenset(Role(role) for role in roles or (ROLES[who],)), frozenset({"*"}), now)
        word = await sessions.start(
            self.escalation.pool, person, provider_session=None, now=now, at_most=timedelta(hours=12)
        )
        transport = httpx2.ASGITransport(self.app)
        client = httpx2.AsyncClient(
            transport=transport, base_url=CONSOLE, headers={**OURS, "Accept": "text/html"}, follow_redirects=True
        )
        client.cookies.set("__Host-escalation", word)
        return Browser(await self.stack.enter_async_context(client))


@dataclass
class Browser:
    """Follows links and submits forms as a person without scripts does."""

    client: httpx2.AsyncClient

    async def open(self, path: str) -> httpx2.Response:
        return await self.client.get(path)

    async def press(self, screen: httpx2.Response, action: str, /, **fields: str) -> httpx2.Response:
        """Submit the screen's form whose address ends so, with its hidden fields and these."""
        found = re.search(
            rf'<form method="post" action="([^"]*{re.escape(action)}[^"]*)"(.*?)</form>', screen.text, re.S
        )
        assert found, f"no form {action} on the screen"
        named = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', found[2])
        hidden = {name: unescape(value) for name, value in named}
        return await self.client.post(found[1], data={**hidden, **fields})

    async def into(self, case_id: CaseId) -> httpx2.Response:
        """The case, after the questions that come first."""
        screen = await self.open(f"/cases/{case_id}")
        if "/purpose" in screen.text:
            screen = await self.press(screen, "/purpose", purpose="takeover")
        return await self.press(screen, "/known")


def answered_by(browser: Browser) -> Callable[[Route], Awaitable[None]]:
    """What a real browser's requests are answered with: as the person of this one."""

    async def through(route: Route) -> None:
        asked, headers = route.request, {"Accept": "text/html"}
        headers |= {
            name: asked.headers[name] for name in ("content-type", "x-poll", "hx-request") if name in asked.headers
        }
        answer = await browser.client.request(asked.method, asked.url, content=asked.post_data_buffer, headers=headers)
        await route.fulfill(status=answer.status_code, headers=dict(answer.headers), body=answer.content)

    return through


@pytest.fixture
async def house(ground: OpenGround) -> AsyncIterator[House]:
    intake = await ground("intake", intake_app.MIGRATIONS)
    escalation = await ground("escalation", escalation_app.MIGRATIONS)
    async with open_house(intake, escalation) as opened:
        yield opened


@asynccontextmanager
async def open_house(intake: Ground, escalation: Ground) -> AsyncIterator[House]:
    """Both services on these grounds, with the people of the seed file."""
    async with escalation.pool.acquire() as conn:
        await seed.load(conn, seed.read(SEED))
    async with AsyncExitStack() as stack:
        secrets = Secrets.read(intake.keys, intake.keys_dir)
        at = Door(intake.transactions, secrets, "70 20 00 00")
        doors = [*report_routes(at), *phone.routes(at, intake.tokens)]
        everything = [*doors, *internal_routes(intake.transactions, secrets, intake.tokens)]
        kept = recognising(application(everything, ready=_ready), intake)
        door = await stack.enter_async_context(
            httpx2.AsyncClient(transport=httpx2.ASGITransport(kept), base_url="http://intake")
        )
        disclosures = Disclosures("http://intake", escalation.tokens, door)
        entries = Entries("http://intake", escalation.tokens, door)
        yield House(intake, escalation, door, disclosures, _console(escalation, disclosures, entries), stack)


@pytest.fixture
async def notify(house: House, ground: OpenGround) -> Ground:
    """notify behind the console, with the contact points of the seed file."""
    opened, here = await ground("notify", notify_app.MIGRATIONS), house.escalation
    addresses = notify_contacts.addresses_in(SEED)
    async with opened.pool.acquire() as conn:
        today = opened.clock.now().date()
        await notify_contacts.load(conn, addresses=addresses, keys=opened.keys, today=today)
    behind = application(notify_routes(NotifyDoor(opened.transactions, opened.keys, opened.tokens)), ready=_ready)
    contacts = Contacts("http://notify", here.tokens, httpx2.ASGITransport(behind))
    house.stack.push_async_callback(contacts.close)
    entries = Entries("http://intake", here.tokens, house.door)
    house.app = _console(here, house.disclosures, entries, contacts)
    return opened


def _console(ground: Ground, disclosures: Disclosures, entries: Entries, contacts: Contacts | None = None) -> Any:
    settings = SiteSettings(
        database_url=ground.url,
        kafka_bootstrap_servers="127.0.0.1:1",
        keys_dir=ground.keys_dir,
        http_port=1,
        duty_phone="70 20 00 00",
        public_url=CONSOLE,
        oidc_issuer="http://127.0.0.1:1",
        oidc_client_secret="any",
    )
    api = Api(ground.transactions, ground.keys, contacts, entries)
    screens = screens_of(settings, ground.clock)
    by_code = partial(let_in, ground.transactions)
    desk = desk_on(ground, settings, allow=partial(allowed, ground.pool), let_in=by_code)
    doors = routes(api)
    people = [*screen_routes(Console(api, screens, disclosures, doors_of(doors))), *sign_in_routes(desk, screens)]
    return Recognising(application([*doors, *people], ready=_ready, screens=screens), desk, screens)


async def _ready() -> list[str]:
    return []
