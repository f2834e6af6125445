"""escalation's settings."""

from pathlib import Path

from shared.auth.settings import SignInSettings
from shared.settings import ScreenSettings


class Settings(SignInSettings, ScreenSettings):
    """What a service has that people sign in to, and the file that `migrate` loads people, shifts and ladders from."""

    seed_file: Path
