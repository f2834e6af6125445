"""Exclusion [inhabilitet]: for whoever has a conflict of interest, the case and all it is linked to do not exist.

Forvaltningsloven §§ 3-6: they may not take part. Here they cannot even learn that there is something to take part in.
"""

from dataclasses import replace
from datetime import datetime

from services.escalation.domain.escalation import Escalation, State


def named(state: Escalation, now: datetime) -> Escalation:
    """A leader has named who is excluded: a round begins at the ladder's own rungs, without the outside unit first."""
    if not state.outside_first:
        return state
    inside = replace(state, outside_first=False)
    return replace(inside, round=state.round + 1, rung=0, due_at=now) if state.state is State.PAGING else inside
