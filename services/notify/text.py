"""What a message says: that something waits, by when, where to sign in. Not about whom, what, where or how bad."""

import hashlib
import tomllib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from shared.calendar import local, rounded_up
from shared.events.codes import Template

_TEXTS = tomllib.loads(Path(__file__).with_name("templates.toml").read_text(encoding="utf-8"))
SENDER_NAME: str = _TEXTS["sender"]
_WEEKDAYS = ("mandag", "tirsdag", "onsdag", "torsdag", "fredag", "lørdag", "søndag")
_MONTHS = (
    *("januar", "februar", "marts", "april", "maj", "juni"),
    *("juli", "august", "september", "oktober", "november", "december"),
)


@dataclass(frozen=True, slots=True)
class Words:
    """What a mail says."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Text(Words):
    """A message's words, and the template and its version that they were made from."""

    template: Template
    version: int

    @property
    def sha256(self) -> str:
        """SHA-256 of subject, an empty line and body in UTF-8, hexadecimal: what evidence keeps of the words."""
        return hashlib.sha256(f"{self.subject}\n\n{self.body}".encode()).hexdigest()


def has_text(template: Template) -> bool:
    """Whether there are words for the template."""
    return template.value in _TEXTS


@dataclass(frozen=True, slots=True)
class Way:
    """How the reader gets to what waits: the address to sign in at, and the phone where that fails."""

    url: str
    duty: str


def render(template: Template, *, answer_by: datetime, asked_at: datetime, way: Way, n: int = 1) -> Text:
    """The words of a mail about `n` things. They depend on nothing that changes from one try to the next."""
    words = _TEXTS[template.value]
    body = words["body"].format(by=due(answer_by, asked_at=asked_at), n=n, url=way.url)
    closing = _TEXTS["closing"]["body"].format(duty=way.duty)
    return Text(_TEXTS["subject"], f"{body}\n\n{closing}", template, words["version"])


def of_test(way: Way) -> Words:
    """The words of a test mail. It is about no case, so it has no version that evidence would name."""
    words = _TEXTS["test"]
    return Words(words["subject"], words["body"].format(url=f"{way.url.rstrip('/')}/me"))


def due(answer_by: datetime, *, asked_at: datetime) -> str:
    """`kl. 02.15` in Copenhagen, rounded up to 5 minutes; with its day when that is not the day it was asked on."""
    by = local(rounded_up(answer_by))
    clock = f"kl. {by:%H.%M}"
    if by.date() == local(asked_at).date():
        return clock
    return f"{_WEEKDAYS[by.weekday()]} {by.day}. {_MONTHS[by.month - 1]} {clock}"
