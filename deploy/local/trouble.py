"""What an operator can mend."""


class Trouble(Exception):
    """Its text is one sentence that says what is wrong and what to do about it."""
