"""intake's door on a real database."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx2
import pytest

from services.intake.app import MIGRATIONS
from services.intake.secrets import Secrets
from tests.conftest import OpenGround
from tests.support.intake import intake_door
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
    transport = httpx2.ASGITransport(intake_door(service))
    async with httpx2.AsyncClient(transport=transport, base_url="http://intake") as client:
        yield Intake(service, secrets, client)
