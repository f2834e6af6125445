"""Both doors as they are served, whole, and whoever comes to them: nobody, each role, another service."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from starlette.routing import BaseRoute, Route

from services.escalation import app as escalation_app
from services.escalation import seed
from services.escalation.settings import Settings as EscalationSettings
from services.escalation.web.console.case import FORMS
from services.intake import app as intake_app
from services.intake.settings import Settings as IntakeSettings
from services.intake.web.patience import Patience
from shared.auth import sessions
from shared.auth.people import Person, Role
from shared.ids import PersonId
from shared.postgres.pool import Access
from shared.postgres.wake import Wake
from shared.process import Service as Process
from tests.conftest import OpenGround
from tests.integration.escalation.conftest import AASE, CARLA, DITTE, ERIK, FRIDA, GORM, SEED
from tests.support.services import Ground
from tests.support.sign_in import OURS

PEOPLE = {
    "reporter": GORM,
    "consultant": AASE,
    "authority": CARLA,
    "leader": DITTE,
    "auditor": ERIK,
    "operator": FRIDA,
}
VISITORS = ("nobody", *PEOPLE, "service")
UNITS = ("noerrebro",)
SETTINGS: Mapping[str, Any] = {
    "kafka_bootstrap_servers": "127.0.0.1:1",
    "http_port": 1,
    "duty_phone": "70 20 00 00",
    "public_url": "https://vagt.kommune.example",
    "oidc_issuer": "http://127.0.0.1:1",
    "oidc_client_secret": "any",
    "local_issuer": True,
    "seed_file": SEED,
    "peers": {"intake": "http://127.0.0.1:1"},
}


@dataclass(frozen=True)
class Doors:
    """One service's application, whole, and who stands before it."""

    ground: Ground
    app: Any
    client: httpx2.AsyncClient

    @property
    def there(self) -> set[str]:
        """Every endpoint as `GET /path`; where one route stands for several forms, each of them."""
        return {each for route in self.app.app.routes for each in _named(route)}

    async def bearer(self, who: str) -> dict[str, str]:
        """As programs show who they are: nobody shows nothing, a service its own token for this one."""
        if who == "service":
            caller = "notify" if self.ground.name == "escalation" else "triage"
            return {"Authorization": f"Bearer {self.ground.tokens_of(caller).token(self.ground.name)}"}
        return self.ground.bearer(PEOPLE[who], who, units=UNITS) if who in PEOPLE else {}

    async def cookie(self, who: str) -> dict[str, str]:
        """As browsers show who they are: by a session that has just begun."""
        if who not in PEOPLE:
            return await self.bearer(who)
        now = self.ground.clock.now()
        person = Person(PersonId(PEOPLE[who]), frozenset({Role(who)}), frozenset(UNITS), now)
        at_most = timedelta(hours=12)
        word = await sessions.start(self.ground.pool, person, provider_session=None, now=now, at_most=at_most)
        return {"Cookie": f"__Host-{self.ground.name}={word}"}


def _named(route: BaseRoute) -> list[str]:
    assert isinstance(route, Route), "a mount would hide its routes from the table"
    forms = [*FORMS, "anything"] if route.path.endswith("/{form}") else [""]
    paths = [route.path.replace("{form}", form) for form in forms]
    return [f"{method} {path}" for method in (route.methods or set()) - {"HEAD"} for path in paths]


def process_on(ground: Ground, settings: Any) -> Process:
    """What the service's process stands on, on a ground of the test."""
    wake, access = Wake(ground.pool), Access(settings)
    return Process(ground.name, settings, ground.pool, wake, ground.transactions, ground.keys, ground.tokens, access)


def before(app: Any) -> httpx2.AsyncClient:
    """A browser before it."""
    transport = httpx2.ASGITransport(app)
    return httpx2.AsyncClient(transport=transport, base_url=str(SETTINGS["public_url"]), headers=OURS)


def escalation_on(ground: Ground) -> Any:
    """The application that escalation serves."""
    settings = EscalationSettings(**SETTINGS, database_url=ground.url, keys_dir=ground.keys_dir)
    return escalation_app.site(process_on(ground, settings), settings)


def intake_on(ground: Ground) -> Any:
    """The application that intake serves, a little less patient with wrong words."""
    given = {name: value for name, value in SETTINGS.items() if name not in ("seed_file", "peers")}
    settings = IntakeSettings(**given, database_url=ground.url, keys_dir=ground.keys_dir)
    return intake_app.site(process_on(ground, settings), settings, patience=Patience(shortest=0.01, longest=0.05))


@pytest.fixture
async def escalation(ground: OpenGround) -> AsyncIterator[Doors]:
    opened = await ground("escalation", escalation_app.MIGRATIONS)
    async with opened.pool.acquire() as conn:
        await seed.load(conn, seed.read(SEED))
    app = escalation_on(opened)
    async with before(app) as client:
        yield Doors(opened, app, client)


@pytest.fixture
async def intake(ground: OpenGround) -> AsyncIterator[Doors]:
    opened = await ground("intake", intake_app.MIGRATIONS)
    app = intake_on(opened)
    async with before(app) as client:
        yield Doors(opened, app, client)


def is_screen(path: str) -> bool:
    """Whether an address is one for people."""
    return not path.startswith(("/v1/", "/internal/", "/events"))
