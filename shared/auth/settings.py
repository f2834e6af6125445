"""Settings of the services that people sign in to."""

from datetime import timedelta
from typing import ClassVar

from pydantic import Field, SecretStr

from shared.settings import ServiceSettings


class SignInSettings(ServiceSettings):
    """Where people sign in, and how long that lasts. `public_url` is this service's own address, as browsers see it."""

    public_url: str
    oidc_issuer: str
    oidc_client_id: str = "beredskab"
    oidc_client_secret: SecretStr
    oidc_scope: ClassVar[str] = "openid"
    """What the provider is asked to tell: no setting, for what a service keeps of people is decided in its code."""
    session_idle_minutes: int = Field(default=60, ge=5)
    session_hours: int = Field(default=12, ge=1)

    @property
    def session_idle(self) -> timedelta:
        """How long a session lasts without a request."""
        return timedelta(minutes=self.session_idle_minutes)

    @property
    def session_at_most(self) -> timedelta:
        """How long a session lasts at all."""
        return timedelta(hours=self.session_hours)
