"""Settings of the services that people sign in to."""

from datetime import timedelta
from typing import ClassVar
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from shared.settings import ServiceSettings

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class SignInSettings(ServiceSettings):
    """Where people sign in, and how long that lasts. `public_url` is this service's own address, as browsers see it."""

    public_url: str
    oidc_issuer: str
    oidc_client_id: str = "beredskab"
    oidc_client_secret: SecretStr
    oidc_scope: ClassVar[str] = "openid"
    """What the provider is asked to tell: no setting, for what a service keeps of people is decided in its code."""
    oidc_step_up_acr: str = ""
    """The levels of assurance (`acr`) that an act with a fresh sign-in takes, by space. Empty: the provider's own."""
    local_issuer: bool = False
    """Whether tokens signed by `people.jwk` name people too: on the local stack alone."""
    session_idle_minutes: int = Field(default=60, ge=5)
    session_hours: int = Field(default=12, ge=1)

    @field_validator("local_issuer")
    @classmethod
    def _stays_local(cls, local_issuer: bool, info: ValidationInfo) -> bool:
        """Whoever holds `people.jwk` is everybody: it never stands beside an issuer that real people sign in at."""
        if local_issuer and urlsplit(info.data.get("oidc_issuer", "")).hostname not in _LOOPBACK:
            raise ValueError("local_issuer is for the local stack alone")
        return local_issuer

    @property
    def session_idle(self) -> timedelta:
        """How long a session lasts without a request."""
        return timedelta(minutes=self.session_idle_minutes)

    @property
    def session_at_most(self) -> timedelta:
        """How long a session lasts at all."""
        return timedelta(hours=self.session_hours)
