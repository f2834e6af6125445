"""The contact hold [kontaktspærre]: nobody may involve parents or network before a person with authority lifts it.

Barnets lov § 18 stk. 3. Held is the absence of a valid lift: nothing that is lost, late or repeated can lift it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.ids import PersonId


class HeldFrom(StrEnum):
    """Whom the hold concerns."""

    MOTHER = "mother"
    FATHER = "father"
    CUSTODY_HOLDER = "custody_holder"
    SIBLING = "sibling"
    RELATIVE = "relative"
    NETWORK = "network"


class Action(StrEnum):
    """What a person with authority recorded: a lift, that § 18 stk. 3 does not apply, or the hold again."""

    LIFT = "lift"
    NOT_APPLICABLE = "not_applicable"
    REINSTATE = "reinstate"


@dataclass(frozen=True, slots=True)
class Lift:
    """One recorded step; the highest `n` of a recipient counts. It ends, and covers reports 1 to `covers_report_no`."""

    recipient: HeldFrom
    n: int
    action: Action
    covers_report_no: int
    until: datetime | None
    person_id: PersonId


@dataclass(frozen=True, slots=True)
class Hold:
    """How it stands for one recipient; `lift` is None while it is held."""

    recipient: HeldFrom
    lift: Lift | None

    @property
    def state(self) -> str:
        """`held`, `lifted` or `not_applicable`."""
        if self.lift is None:
            return "held"
        return "lifted" if self.lift.action is Action.LIFT else "not_applicable"


def holds(lifts: Iterable[Lift], *, newest_report_no: int, now: datetime) -> list[Hold]:
    """The hold for every recipient."""
    newest = {lift.recipient: lift for lift in sorted(lifts, key=lambda lift: lift.n)}
    valid = {who: lift for who, lift in newest.items() if _valid(lift, newest_report_no=newest_report_no, now=now)}
    return [Hold(recipient, valid.get(recipient)) for recipient in HeldFrom]


def _valid(lift: Lift, *, newest_report_no: int, now: datetime) -> bool:
    return lift.until is not None and now < lift.until and lift.covers_report_no >= newest_report_no
