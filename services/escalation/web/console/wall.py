"""Moments and numbers as a form sends them: Copenhagen wall time, which for one hour of the year does not tell when."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from shared.calendar import instants, wall_time

_DIGITS = 10
Trouble = Literal["no_time", "skipped", "twice"]


def instant_in(sent: Mapping[str, str], name: str) -> str | None:
    """The moment of a field; of one that came twice that which `{name}.which` says. None where that tells no moment."""
    if trouble_in(sent, name) is not None:
        return None
    return _shown_at(sent, name)[-1 if sent.get(f"{name}.which") == "second" else 0].isoformat()


def trouble_in(sent: Mapping[str, str], name: str) -> Trouble | None:
    """Why the field tells no moment: it holds none, clocks never show it, or show it twice and nobody said which."""
    try:
        shown_at = _shown_at(sent, name)
    except ValueError:
        return "no_time"
    if not shown_at:
        return "skipped"
    return "twice" if len(shown_at) > 1 and sent.get(f"{name}.which") not in ("first", "second") else None


def _shown_at(sent: Mapping[str, str], name: str) -> tuple[datetime, ...]:
    return instants(wall_time(sent.get(name, "")))


def number_in(sent: Mapping[str, str], name: str) -> int:
    """The number of a field; 0 where it holds none, or one that nothing here counts to."""
    written = sent.get(name, "")
    return int(written) if written.isdecimal() and len(written) < _DIGITS else 0
