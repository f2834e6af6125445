"""intake's settings."""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from shared.auth.settings import SignInSettings
from shared.settings import ScreenSettings
from shared.web.screens import tel


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
    worker_url: str = ""
    """Where this service's worker tells what a text may be about; where it is empty, reporters are asked without it."""
    reports_usual_hours: int = Field(default=72, ge=0)
    """After how many hours without any real report operators are told; 0 is never."""
    authority_name: str = "Kommunen"
    """Who is responsible for the reports and for what is kept of them: receipt and data protection name it."""
    privacy_contact: str = ""
    """Where people ask about their data: the data protection adviser's mail or phone."""
    counselling_phone: str = ""
    """A line for young people and couples in conflict with their family (RED-rådgivning), a number that was tried."""
    ordinary_concern_url: str = ""
    """Where a concern goes that this form is not for."""
    accessibility_contact: str = ""
    """Where people tell that a page is in their way; the duty phone when it is empty."""

    @property
    def shown(self) -> Mapping[str, Any]:
        """What the reporter's pages say of the municipality, by the name their templates use."""
        return {
            "authority": self.authority_name,
            "privacy_contact": self.privacy_contact,
            "counselling": tel(self.counselling_phone) if self.counselling_phone else "",
            "child_line": tel("116 111"),
            "ordinary_concern_url": self.ordinary_concern_url,
            "accessibility_contact": self.accessibility_contact,
        }
