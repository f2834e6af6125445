"""What notify is told by its environment, beside what every service is told."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from services.notify.channels.email import ADDRESS
from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """Settings of notify. `smtp_sender` and `canary_address` are bare addresses: canaries go to the latter, or to
    the sender itself. `console_url` is what a message links to, `duty_phone` whom it tells to ring. `bundle_seconds` is
    how long messages that follow a person's first wait for each other at most; at 0 each is a mail of its own.
    `proof_every_days` is how often each contact point gets a test mail that a person answers; at 0 only when asked for.
    """

    seed_file: Path
    smtp_host: str
    smtp_port: int = Field(default=25, ge=1, le=65535)
    smtp_tls: Literal["none", "starttls"] = "none"
    smtp_sender: str = Field(pattern=f"^{ADDRESS}$")
    canary_address: str = Field(default="", pattern=f"^({ADDRESS})?$")
    console_url: str = Field(pattern=r"^https?://\S+$")
    duty_phone: str
    bundle_seconds: int = Field(default=20, ge=0, le=50)
    proof_every_days: int = Field(default=7, ge=0, le=28)
