"""A small world for decisions: three people, three desks, the seeded ladders, one case."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from services.escalation import seed
from services.escalation.domain.escalation import Around, Asked, Decided, Decision, Escalation, State
from services.escalation.domain.page import Page, PageState, desk, person
from services.escalation.domain.rota import Ask, Rota
from shared.events.codes import Level
from shared.events.escalation import Recipient
from shared.ids import CaseId, PersonId, ReportId

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
"""A Tuesday, 13.00 in Copenhagen: the desk is staffed."""
NIGHT = datetime(2026, 3, 11, 1, 10, tzinfo=UTC)
CASE = CaseId(UUID(int=1))
REPORT = ReportId(UUID(int=2))
ANNE, BENT, LEADER = (PersonId(UUID(int=n)) for n in (11, 12, 13))
DESK, DOEGNVAGT, OUTSIDE = (UUID(int=n) for n in (21, 22, 23))
PLAN = seed.read(Path("deploy/seed/people.toml")).plan.plan(1, None)
ROTA = Rota(
    on_call=(ANNE, BENT),
    leaders=(LEADER,),
    countersigners=(LEADER,),
    desks={Ask.DESK: (DESK,), Ask.DOEGNVAGT: (DOEGNVAGT,), Ask.OUTSIDE: (OUTSIDE,)},
)
NOBODY = Rota(on_call=(), leaders=(), countersigners=(), desks={})


def wait(level: Level) -> timedelta:
    """How long a rung of the level's ladder waits."""
    return PLAN.ladders[level].wait


def around(now: datetime = NOW, *pages: Page, rota: Rota = ROTA, unjudged: Mapping[Any, datetime] | None = None) -> Any:
    return Around(now=now, plan=PLAN, rota=rota, pages=pages, unjudged=unjudged)


def asked(who: Recipient, *, round: int = 1, rung: int = 1, state: PageState = PageState.REQUESTED) -> Page:
    return Page(round, rung, who, state, state is PageState.ACCEPTED)


def standing(state: State, **changes: Any) -> Escalation:
    """An escalation of one report in that state, rated high unless it is unrated; Anne took it, or is asked."""
    fields: dict[str, Any] = {
        "case_id": CASE,
        "n": 1,
        "state": state,
        "level": Level.HIGH,
        "ladder_version": 1,
        "outside_first": False,
        "received_at": NOW,
        "newest_report_no": 1,
        "rung": 1,
        "due_at": NOW + timedelta(minutes=10),
    }
    by_state: dict[State, dict[str, Any]] = {
        State.UNRATED: {"level": None, "rung": 0, "due_at": None, "rate_by": NOW + timedelta(seconds=20)},
        State.PAGING: {},
        State.ACKNOWLEDGED: {"responsible": ANNE, "acknowledged_report_no": 1, "due_at": NOW + timedelta(minutes=60)},
        State.CLOSING: {"responsible": ANNE, "acknowledged_report_no": 1, "due_at": NOW + timedelta(days=1)},
        State.CLOSED: {"responsible": ANNE, "acknowledged_report_no": 1, "due_at": None},
    }
    given = fields | by_state[state] | changes
    return Escalation(**{"peak": given["level"]} | given)


def after(decided: Decided) -> Escalation:
    """The escalation after a decision that was made."""
    assert isinstance(decided, Decision)
    assert decided.after is not None
    return decided.after


def paged(decided: Decided) -> list[UUID | None]:
    """Who is asked by a decision."""
    assert isinstance(decided, Decision)
    return [each.id for effect in decided.effects if isinstance(effect, Asked) for each in effect.recipients]


def at(escalation: Escalation, **changes: Any) -> Escalation:
    return replace(escalation, **changes)


ANNE_ASKED = asked(person(ANNE))
DESK_ASKED = asked(desk(DESK))
