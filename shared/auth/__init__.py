"""Who is asking: people with bearer tokens, services with their own signed tokens."""

from pathlib import Path

AUTH = Path(__file__).parent
"""Where the migrations of its tables lie."""


class NotSignedIn(Exception):
    """The request carries no valid token. Nothing of the token is repeated; `reason` is a code for the operator."""

    def __init__(self, detail: str, reason: str = "not_valid") -> None:
        super().__init__(detail)
        self.reason = reason
