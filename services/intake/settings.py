"""intake's settings."""

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """What every service has, and the phone number that each refusal and each screen tells."""

    duty_phone: str
