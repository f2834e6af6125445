"""escalation's settings."""

from pathlib import Path

from pydantic import Field

from shared.auth.settings import SignInSettings
from shared.settings import ScreenSettings


class Settings(SignInSettings, ScreenSettings):
    """What a service has that people sign in to, and the file that `migrate` loads people, shifts and ladders from.

    `usual_per_minute`: operators are told when more new cases come within a minute.
    """

    seed_file: Path
    usual_per_minute: int = Field(default=20, ge=1)
