"""intake's settings."""

from shared.settings import ScreenSettings


class Settings(ScreenSettings):
    """What every service with screens has, and whether the reporters' devices are shared by many."""

    shared_devices: bool = False
