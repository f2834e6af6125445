"""Grants: escalation's signed word that one person may read one report now, for a named purpose. Good once, for 30 s.

Escalation alone decides who may see a case; intake alone can unseal a report. Both write the read into their evidence.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from shared.auth import NotSignedIn
from shared.ids import PersonId, ReportId


class ReadPurpose(StrEnum):
    """Why a person reads what was reported: asked of them once a case, and kept."""

    PAGE = "page"
    TAKEOVER = "takeover"
    COUNTERSIGN = "countersign"
    SUPERVISION = "supervision"


class ReadPart(StrEnum):
    """How much: the names alone (does the reader know any of them?), everything as it is read, or as it was sent."""

    NAMES = "names"
    ALL = "all"
    WHOLE = "whole"


@dataclass(frozen=True, slots=True)
class Grant:
    """Who may read which part of which report, and why. `grant_id` stands in both services' evidence."""

    grant_id: UUID
    report_id: ReportId
    person_id: PersonId
    purpose: ReadPurpose
    part: ReadPart

    def claims(self) -> dict[str, str]:
        """The grant as claims of a service's token (RFC 7519 § 4.3)."""
        return {
            "jti": str(self.grant_id),
            "report_id": str(self.report_id),
            "person_id": str(self.person_id),
            "purpose": self.purpose,
            "part": self.part,
        }

    def facts(self) -> dict[str, str]:
        """The grant as evidence, the same on both sides."""
        named = self.claims()
        return {"grant_id": named["jti"], **{name: named[name] for name in ("report_id", "purpose", "part")}}

    @classmethod
    def of(cls, claims: Mapping[str, Any]) -> Self:
        """The grant in a token's checked claims. Raises `NotSignedIn` where there is none."""
        try:
            return cls(
                grant_id=UUID(claims["jti"]),
                report_id=ReportId(UUID(claims["report_id"])),
                person_id=PersonId(UUID(claims["person_id"])),
                purpose=ReadPurpose(claims["purpose"]),
                part=ReadPart(claims["part"]),
            )
        except (KeyError, ValueError, TypeError, AttributeError):
            raise NotSignedIn("the token carries no grant") from None
