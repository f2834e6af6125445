"""Identifiers. Random (UUID version 4, RFC 9562), so that an id in a URL tells nothing of order, number or time."""

from collections.abc import Callable
from functools import lru_cache
from typing import NewType
from uuid import UUID, uuid4, uuid5

CaseId = NewType("CaseId", UUID)
ReportId = NewType("ReportId", UUID)
ChildId = NewType("ChildId", UUID)
PersonId = NewType("PersonId", UUID)
EscalationId = NewType("EscalationId", UUID)
MessageId = NewType("MessageId", UUID)
EventId = NewType("EventId", UUID)

NewId = Callable[[], UUID]
"""Makes an id; tests inject a counted one."""

new_id: NewId = uuid4

_NAMESPACE = UUID("6d2f6a1e-3f0c-5d6b-9a3e-0b8f4f1d2c77")


@lru_cache(maxsize=1024)  # an act asks for the same one many times
def derived_id(*parts: object) -> UUID:
    """The same parts give the same id, so that an act repeated after a crash names the same thing (RFC 9562 § 5.5)."""
    return uuid5(_NAMESPACE, "|".join(str(part) for part in parts))
