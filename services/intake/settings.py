"""intake's settings."""

from typing import ClassVar

from pydantic import Field

from shared.auth.settings import SignInSettings
from shared.settings import ScreenSettings


class Settings(SignInSettings, ScreenSettings):
    """What a service has that people sign in to, whether the reporters' devices are shared by many, and canaries.

    It asks the provider for name and mail too, to fill in the own fields of a reporter who is signed in.
    """

    oidc_scope: ClassVar[str] = "openid profile email"
    shared_devices: bool = False
    canary_every_seconds: int = Field(default=300, ge=0)
    """How often a made-up report is sent the whole way, to see that it arrives; 0 is never."""
    canary_url: str = ""
    """Where canaries go in: the address that people use, which `public_url` is unless this is set."""
    reports_usual_hours: int = Field(default=72, ge=0)
    """After how many hours without any real report operators are told; 0 is never."""
