"""Who may do what with a case. Whether a person sees it at all is asked in one place: `store.case.SEEN`."""

from datetime import datetime, timedelta

from shared.auth.people import Person, Role

ANSWERS = frozenset({Role.CONSULTANT, Role.AUTHORITY, Role.LEADER})
"""See the cases of the units they serve, take them, and ask that they be closed."""
ASSESSES = frozenset({Role.CONSULTANT, Role.AUTHORITY})
"""Record the risk assessment (Barnets lov § 18 stk. 3)."""
JUDGES = frozenset({Role.AUTHORITY})
"""Judge acute danger (Barnets lov § 136)."""
COUNTERSIGNS = frozenset({Role.LEADER, Role.AUTHORITY})
"""Agree to, or refuse, what another person asked for."""
LEADS = frozenset({Role.LEADER})
"""Write down what was answered by phone."""
READS_EVIDENCE = frozenset({Role.AUDITOR, Role.LEADER})
"""Read who did what with a case, and when; an auditor sees nothing else of it."""
FINDS = ANSWERS | READS_EVIDENCE
"""Look for a case: an auditor to account for who has read it, the others to go on with it."""
FRESH = timedelta(minutes=10)
"""How long ago a person may have signed in who lifts a hold, or says where they are reached."""


def is_fresh(who: Person, now: datetime) -> bool:
    """Whether the person has just proved who they are."""
    return now - who.authenticated_at <= FRESH
