"""The contact hold as a form: for one recipient, until a moment of Copenhagen's clock."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from shared.calendar import COPENHAGEN


def shaped(sent: Mapping[str, str]) -> dict[str, Any]:
    """The fields as the API's body. What is left empty is left out: the rules say what is missing."""
    given = {name: value for name, value in sent.items() if value.strip()}
    version = given.get("version", "")
    asked: dict[str, Any] = {name: given[name] for name in _WORDS if name in given}
    asked |= {"version": int(version) if version.isdecimal() else 0, "mediation": "mediation" in given}
    return asked | ({"until": until} if (until := instant(given.get("until", ""))) else {})


_WORDS = ("recipient", "action", "reason", "assessment_id")


def instant(written: str) -> str | None:
    """`2026-12-01T16:00` on Copenhagen's clock as an instant; None where it is no moment."""
    try:
        return datetime.fromisoformat(written).replace(tzinfo=COPENHAGEN).astimezone(UTC).isoformat()
    except ValueError:
        return None
