"""The contact hold [kontaktspærre]: nobody may involve parents or network before a person with authority lifts it.

Barnets lov § 18 stk. 3. Held is the absence of a valid lift: nothing that is lost, late or repeated can lift it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.escalation.domain.access import is_fresh
from services.escalation.domain.escalation import Refused
from shared.auth.people import Person, Role
from shared.ids import CaseId, PersonId

LONGEST = timedelta(days=120)
"""A lift does not outlive the investigation it serves (Barnets lov § 20 stk. 3)."""
Newest = Mapping[CaseId, int]
"""The newest report of the case, and of each that is directly linked."""


class HeldFrom(StrEnum):
    """Whom the hold concerns."""

    MOTHER = "mother"
    FATHER = "father"
    CUSTODY_HOLDER = "custody_holder"
    SIBLING = "sibling"
    RELATIVE = "relative"
    NETWORK = "network"


class Action(StrEnum):
    """What a person with authority records: a lift, that § 18 stk. 3 does not apply, or the hold again."""

    LIFT = "lift"
    NOT_APPLICABLE = "not_applicable"
    REINSTATE = "reinstate"


class Ended(StrEnum):
    """Why what was recorded last does not count, and it is held again."""

    REINSTATED = "reinstated"
    VOID = "void"
    EXPIRED = "expired"
    REARRANGED = "rearranged"
    NEW_REPORT = "new_report"
    LINKED = "linked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a person wants recorded. `until`: when a lift ends, or when it is looked at again that § 18 is no matter."""

    recipient: HeldFrom
    action: Action
    reason: str
    assessment_id: UUID | None = None
    until: datetime | None = None
    mediation: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Lift:
    """One recorded step; the highest `n` of a recipient counts. It ends, and covers the reports it knew of."""

    recipient: HeldFrom
    n: int
    action: Action
    covers: Newest
    until: datetime | None
    person_id: PersonId
    at: datetime
    assessment_id: UUID | None = None
    mediation: bool = False
    void: bool = False
    """Whoever recorded it has since turned out to have a conflict of interest."""
    rearranged: bool = False
    """People have since changed what belongs to the case: nothing makes it valid again."""


@dataclass(frozen=True, slots=True)
class Hold:
    """How it stands for one recipient; `lift` is None while it is held, `former` what was recorded last before that.

    Where nothing was ever lifted there is no `former`: it is held as it was from the beginning.
    """

    recipient: HeldFrom
    lift: Lift | None
    former: Lift | None = None

    @property
    def state(self) -> str:
        """`held`, `lifted` or `not_applicable`."""
        if self.lift is None:
            return "held"
        return "lifted" if self.lift.action is Action.LIFT else "not_applicable"


def decide(
    asked: Asked, who: Person, *, n: int, assessed: Newest | None, newest: Newest, now: datetime
) -> Lift | Refused:
    """The step that is recorded, or why not. `assessed`: what the cited assessment covers, if there is one."""
    if Role.AUTHORITY not in who.roles:  # the authority decides, advisers advise: Barnets lov § 18 stk. 3
        return Refused("authority_needed")
    if not asked.reason.strip():
        return Refused("reason_missing")
    if asked.action is Action.REINSTATE:
        return _step(asked, who, n, covers=newest, until=None, now=now)
    if not is_fresh(who, now):
        return Refused("step_up_needed")
    if asked.until is None or not now < asked.until <= now + LONGEST:
        return Refused("end_missing")
    if asked.action is Action.NOT_APPLICABLE:
        return _step(asked, who, n, covers=newest, until=asked.until, now=now)
    if assessed is None:
        return Refused("assessment_missing")
    if not covers(assessed, newest):
        return Refused("assessment_outdated")
    return _step(asked, who, n, covers=assessed, until=asked.until, now=now)


def _step(asked: Asked, who: Person, n: int, *, covers: Newest, until: datetime | None, now: datetime) -> Lift:
    lifts = asked.action is Action.LIFT
    return Lift(
        recipient=asked.recipient,
        n=n,
        action=asked.action,
        covers=covers,
        until=until,
        person_id=who.person_id,
        at=now,
        assessment_id=asked.assessment_id if lifts else None,
        mediation=asked.mediation and lifts,
    )


def covers(known: Newest, newest: Newest) -> bool:
    """Whether somebody who knew of `known` knew of everything that has come, in linked cases too."""
    return all(known.get(case_id, 0) >= report_no for case_id, report_no in newest.items())


def holds(lifts: Iterable[Lift], *, newest: Newest, now: datetime) -> list[Hold]:
    """The hold for every recipient."""
    steps = sorted(lifts, key=lambda lift: lift.n)
    last = {lift.recipient: lift for lift in steps}
    lifted = {lift.recipient for lift in steps if lift.action is not Action.REINSTATE}
    valid = {who: lift for who, lift in last.items() if _valid(lift, newest=newest, now=now)}
    former = {who: lift for who, lift in last.items() if who in lifted and who not in valid}
    return [Hold(recipient, valid.get(recipient), former.get(recipient)) for recipient in HeldFrom]


def _valid(lift: Lift, *, newest: Newest, now: datetime) -> bool:
    return (
        not (lift.void or lift.rearranged)
        and lift.until is not None
        and now < lift.until
        and covers(lift.covers, newest)
    )


def ended(former: Lift, case_id: CaseId, *, newest: Newest, now: datetime) -> tuple[Ended, ...]:
    """Every reason why it is held again; what somebody decided says more than what came after."""
    if former.action is Action.REINSTATE:
        return (Ended.REINSTATED,)
    if former.void:
        return (Ended.VOID,)
    if former.rearranged:
        return (Ended.REARRANGED,)
    unknown = {each for each, report_no in newest.items() if not covers(former.covers, {each: report_no})}
    found = {
        Ended.EXPIRED: former.until is None or former.until <= now,
        Ended.NEW_REPORT: case_id in unknown,
        Ended.LINKED: bool(unknown - {case_id}),
    }
    return tuple(why for why, so in found.items() if so)


def mediation(holds: Iterable[Hold], recipients: Iterable[HeldFrom]) -> Refused | None:
    """Whether mediation with these may be begun: each has a valid lift that names it."""
    lifts = {hold.recipient: hold.lift for hold in holds}
    if any(lifts[recipient] is None for recipient in recipients):
        return Refused("held")
    named = all((lift := lifts[recipient]) is not None and lift.mediation for recipient in recipients)
    return None if named else Refused("mediation_not_named")
