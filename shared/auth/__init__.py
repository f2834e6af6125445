"""Who is asking: people with bearer tokens, services with their own signed tokens."""


class NotSignedIn(Exception):
    """The request carries no valid token. Nothing of the token is repeated."""
