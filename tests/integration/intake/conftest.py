"""intake's door on a real database."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx2
import pytest

from services.intake.app import MIGRATIONS
from services.intake.secrets import Secrets
from services.intake.web.reports import Door, routes
from shared.web.application import application
from tests.conftest import OpenGround
from tests.support.services import Ground


@dataclass(frozen=True)
class Intake:
    """The service's ground, its secrets, and a client at its door."""

    ground: Ground
    secrets: Secrets
    client: httpx2.AsyncClient


@pytest.fixture
async def intake(ground: OpenGround) -> AsyncIterator[Intake]:
    service = await ground("intake", MIGRATIONS)
    secrets = Secrets.read(service.keys, service.keys_dir)

    async def ready() -> list[str]:
        return []

    app = application(routes(Door(service.transactions, secrets, "70 20 00 00")), ready=ready)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://intake") as client:
        yield Intake(service, secrets, client)
