"""What triage is told by its environment: nothing beside what every service is told."""

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """Settings of triage."""
