"""Browser tests of intake's door: the real application on a real PostgreSQL, a phone's screen by default.

They share one browser and so one event loop: each module says `pytestmark = ONE_LOOP`.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page

from deploy.local.postgres import Postgres
from services.intake.app import MIGRATIONS
from shared.events.intake import ReportReceived
from tests.support.browser import NARROW, Watched, open_browser
from tests.support.databases import fresh_database
from tests.support.http import listening
from tests.support.intake import intake_door
from tests.support.ports import free_port
from tests.support.services import Ground, open_ground

ONE_LOOP = pytest.mark.asyncio(loop_scope="session")


@dataclass
class Site:
    """The door, which can be closed and opened again, and a browser before it."""

    ground: Ground
    browser: Browser
    port: int = field(default_factory=free_port)
    worker_url: str = ""
    pages: list[Watched] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)
    served: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def open(self) -> None:
        """Serve."""
        door = intake_door(self.ground, worker_url=self.worker_url)
        await self.served.enter_async_context(listening(door, port=self.port))

    async def close(self) -> None:
        """Be away."""
        await self.served.aclose()

    async def page(self, path: str = "/", *, scripts: bool = True, **options: Any) -> Page:
        """A page in a browser of its own; a phone unless the options say otherwise.

        Without `scripts` ours are not fetched, while the test's own may still look around, as axe does.
        """
        context = await self.browser.new_context(**({"viewport": NARROW, "locale": "da-DK"} | options))
        context.set_default_timeout(20_000)
        if not scripts:
            await context.route("**/*.js?*", lambda route: route.abort())
        self.contexts.append(context)
        page = await context.new_page()
        self.pages.append(Watched(page))
        await page.goto(self.url + path)
        return page

    async def reports(self) -> list[ReportReceived]:
        """What was told of the reports that are in."""
        events = await self.ground.published(ReportReceived)
        return [event for event in events if isinstance(event, ReportReceived)]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def running_browser() -> AsyncIterator[Browser]:
    """One browser for all of these tests; every page gets a context of its own in it."""
    async with open_browser() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def site(postgres: Postgres, keys: Path, running_browser: Browser) -> AsyncIterator[Site]:
    """The site, open. Whatever a test does, no page asks another machine for anything."""
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(fresh_database(postgres, MIGRATIONS))
        site = Site(await stack.enter_async_context(open_ground("intake", url, keys)), running_browser)
        await site.open()
        stack.push_async_callback(site.close)
        yield site
        for context in site.contexts:
            await context.close()
        assert {address[: len(site.url)] for page in site.pages for address in page.addresses} <= {site.url}
