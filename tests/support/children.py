"""Children that nobody has: CPR numbers of the series kept for tests (`-9999`), each given out once a run."""

from datetime import date, timedelta
from itertools import count

_FIRST = date(2009, 1, 1)
_days = count()


def new_child(name: str = "Ida Eksempel") -> dict[str, str]:
    """A child as a report names it, with a number that no other child of this run has."""
    born = _FIRST + timedelta(days=next(_days))
    return {"name": name, "cpr": f"{born:%d%m%y}-9999", "relation": "subject"}
