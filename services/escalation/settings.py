"""escalation's settings."""

from pathlib import Path

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """What every service has, and the file that `migrate` loads people, shifts, desks and ladders from."""

    seed_file: Path
