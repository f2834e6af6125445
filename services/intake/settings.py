"""intake's settings."""

from shared.auth.settings import SignInSettings
from shared.settings import ScreenSettings


class Settings(SignInSettings, ScreenSettings):
    """What a service has that people sign in to, and whether the reporters' devices are shared by many."""

    shared_devices: bool = False
