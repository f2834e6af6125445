"""intake's door as an application, on a ground of the test."""

from pathlib import Path

from starlette.types import ASGIApp

from services.intake import app
from services.intake.app import front
from services.intake.secrets import Secrets
from services.intake.settings import Settings
from services.intake.web import phone
from services.intake.web.patience import Patience
from services.intake.web.reports import Door
from services.intake.web.scores import Worker
from shared.web.screens import Screens
from tests.support.services import Ground
from tests.support.sign_in import recognising

DUTY_PHONE = "70 20 00 00"


def intake_settings(ground: Ground, *, exit_url: str = "/paper", shared_devices: bool = False) -> Settings:
    """The service's settings on this ground."""
    return Settings.model_validate(
        {
            "database_url": ground.url,
            "kafka_bootstrap_servers": "nowhere",
            "keys_dir": ground.keys_dir,
            "http_port": 1,
            "duty_phone": DUTY_PHONE,
            "public_url": "http://intake",
            "oidc_issuer": "http://127.0.0.1:1",
            "oidc_client_secret": "any",
            "exit_url": exit_url,
            "shared_devices": shared_devices,
        }
    )


def intake_door(
    ground: Ground, *, exit_url: str = "/paper", shared_devices: bool = False, worker_url: str = ""
) -> ASGIApp:
    """The API, the form and the receipt's pages; wrong words cost hundredths of a second."""
    settings = intake_settings(ground, exit_url=exit_url, shared_devices=shared_devices)
    secrets = Secrets.read(ground.keys, ground.keys_dir)

    async def ready() -> list[str]:
        return []

    worker = Worker(worker_url, ground.tokens)
    patience = Patience(shortest=0.02, longest=0.1)
    door = Door(ground.transactions, secrets, settings.duty_phone, shared_devices, patience, worker=worker)
    screens = Screens(Path(app.__file__).parent / "web", settings, settings.shown)
    return recognising(front(door, screens, settings, phone.routes(door, ground.tokens), ready=ready), ground)
