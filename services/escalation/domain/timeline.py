"""What happened in a case, as a line of moments: read from its evidence, and nothing that would tell of a conflict."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

TOLD = (
    "report_received", "rated", "page_requested", "nobody_reachable", "acknowledged", "cannot", "raised",
    "report_read", "assessed", "judged", "hold_lift", "hold_reinstate", "hold_not_applicable", "held_again",
    "handover_offered", "countersigned", "deadline_missed", "closed",
)  # fmt: skip
"""The acts that stand on the line. Exclusions and conflicts are not among them: nobody may learn of them here."""
_TOGETHER = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the evidence that may be told."""

    at: datetime
    act: str
    actor: UUID | None
    facts: Mapping[str, Any]

    @property
    def recipient(self) -> UUID | None:
        """The person or desk that was asked."""
        named = self.facts.get("recipient_id")
        return UUID(named) if named else None


@dataclass(frozen=True, slots=True)
class Moment:
    """Entries of one kind that belong together: one step of the ladder asks several people. `waited` since the last."""

    act: str
    entries: tuple[Entry, ...]
    waited: timedelta

    @property
    def at(self) -> datetime:
        """When it began."""
        return self.entries[0].at


def line(entries: Iterable[Entry]) -> list[Moment]:
    """The moments in order, oldest first. Of a person's reads of a case only the first stands on it."""
    moments: list[Moment] = []
    readers: set[UUID | None] = set()
    for entry in entries:
        if entry.act == "report_read" and entry.actor in readers:
            continue
        if entry.act == "report_read":
            readers.add(entry.actor)
        last = moments[-1] if moments else None
        if last and _belongs(entry, last):
            moments[-1] = Moment(last.act, (*last.entries, entry), last.waited)
        else:
            moments.append(Moment(entry.act, (entry,), entry.at - last.entries[-1].at if last else timedelta()))
    return moments


def _belongs(entry: Entry, last: Moment) -> bool:
    """Whether an entry is one more of the same: same act within seconds, by the same person, of the same rung."""
    before = last.entries[-1]
    same = (entry.act, entry.actor, entry.facts.get("rung")) == (before.act, before.actor, before.facts.get("rung"))
    return same and entry.at - before.at <= _TOGETHER and entry.act not in ("report_received", "rated", "raised")
