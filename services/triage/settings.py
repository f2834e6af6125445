"""What triage is told by its environment: what every service with screens is told, for the page of the rules."""

from shared.settings import ScreenSettings


class Settings(ScreenSettings):
    """Settings of triage."""
