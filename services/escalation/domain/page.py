"""A page [tilkald]: one person or desk, asked once. Its id is its message's id."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from shared.events.codes import RecipientKind
from shared.events.escalation import Recipient
from shared.ids import EscalationId, MessageId, PersonId, derived_id


class PageState(StrEnum):
    """requested → accepted | failed; requested or accepted → answered | withdrawn | superseded. Ends stay ends."""

    REQUESTED = "requested"
    ACCEPTED = "accepted"
    FAILED = "failed"
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"


LIVE = frozenset({PageState.REQUESTED, PageState.ACCEPTED})
"""Pages that may still be answered by the one who was asked."""


@dataclass(frozen=True, slots=True)
class Page:
    """Who was asked on which rung of which round; `accepted`: a provider took the message, whatever came after."""

    round: int
    rung: int
    recipient: Recipient
    state: PageState
    accepted: bool


def message_id(escalation_id: EscalationId, *, round: int, rung: int, recipient: Recipient) -> MessageId:
    """The same demand has the same id however often it is decided; every repeat is a new round, so a new id."""
    return MessageId(derived_id(escalation_id, round, rung, recipient.id))


def person(person_id: PersonId) -> Recipient:
    """A person as a recipient."""
    return Recipient(kind=RecipientKind.PERSON, id=person_id)


def desk(desk_id: UUID) -> Recipient:
    """A desk as a recipient."""
    return Recipient(kind=RecipientKind.DESK, id=desk_id)
