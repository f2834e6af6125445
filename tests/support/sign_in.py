"""A site that people sign in to, with two browsers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from shared.auth import NotSignedIn
from shared.auth.provider import Provider
from shared.auth.settings import SignInSettings
from shared.settings import ScreenSettings
from shared.web.application import application
from shared.web.screens import Screens
from shared.web.sign_in import Desk, Recognising, sign_in_routes, signed_in
from tests.support.services import Ground

SITE = "https://vagt.kommune.example"
ANSWER = "/sign-in/answer"
OURS = {"Sec-Fetch-Site": "same-origin"}


class SiteSettings(SignInSettings, ScreenSettings):
    """What a site has that people sign in to."""


@dataclass
class Site:
    """A site with one screen of its own and sign-in; `client` is a browser, `other` is another browser."""

    ground: Ground
    desk: Desk
    app: ASGIApp
    client: httpx2.AsyncClient
    other: httpx2.AsyncClient

    async def begin(self, to: str = "/", **query: str) -> str:
        """The address at the provider that the browser is sent to."""
        answer = await self.client.get("/sign-in", params={"to": to, **query})
        assert answer.status_code == 303
        return str(answer.headers["location"])


def desk_on(ground: Ground, settings: SignInSettings, **more: Any) -> Desk:
    """Where people are recognised on a service's ground, by session or by bearer token."""
    return Desk(
        ground.name, ground.pool, ground.clock, settings, Provider(settings), ground.keys, ground.people, **more
    )


def recognising(app: ASGIApp, ground: Ground) -> Recognising:
    """An application that knows who asks."""
    settings = SiteSettings(
        database_url=ground.url,
        kafka_bootstrap_servers="127.0.0.1:1",
        keys_dir=ground.keys_dir,
        http_port=1,
        duty_phone="70 20 00 00",
        public_url=SITE,
        oidc_issuer="http://127.0.0.1:1",
        oidc_client_secret="any",
    )
    return Recognising(app, desk_on(ground, settings), Screens(Path(__file__).parent, settings))


@asynccontextmanager
async def open_site(
    ground: Ground, issuer: str, *, client: str = "beredskab", secret: str = "any", url: str = SITE
) -> AsyncIterator[Site]:
    """A site on a service's ground, whose people sign in at `issuer`, which knows it as `client`."""
    settings = SiteSettings(
        database_url=ground.url,
        kafka_bootstrap_servers="127.0.0.1:1",
        keys_dir=ground.keys_dir,
        http_port=1,
        duty_phone="70 20 00 00",
        public_url=url,
        oidc_issuer=issuer,
        oidc_client_id=client,
        oidc_client_secret=secret,
    )
    ground.clock.at = settings.clock.now()  # the provider's clock cannot be moved
    desk = desk_on(ground, settings)
    screens = Screens(Path(__file__).parent, settings)
    routes = [Route("/me", _me, methods=["GET", "POST"]), *sign_in_routes(desk, screens)]
    app = Recognising(application(routes, ready=_ready, screens=screens), desk, screens)
    async with (
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=SITE, headers=OURS) as browser,
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=SITE, headers=OURS) as other,
    ):
        yield Site(ground, desk, app, browser, other)
    await desk.provider.client.aclose()


@asynccontextmanager
async def listening(site: Site, port: int) -> AsyncIterator[None]:
    """Have the site answer on a port too: providers end sessions by calling it.

    Each answer closes its connection: Keycloak keeps them, and would call the next test's site by one that has ended.
    """
    close = [("Connection", "close")]
    config = uvicorn.Config(
        site.app, port=port, log_config=None, lifespan="off", timeout_graceful_shutdown=1, headers=close
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    yield
    server.should_exit = True
    await serving


async def _me(request: Request) -> JSONResponse:
    person = signed_in(request)
    if person is None:
        raise NotSignedIn("nobody is signed in")
    told = {"id": str(person.person_id), "roles": sorted(person.roles), "units": sorted(person.units)}
    return JSONResponse({**told, "authenticated_at": person.authenticated_at.timestamp()})


async def _ready() -> list[str]:
    return []
