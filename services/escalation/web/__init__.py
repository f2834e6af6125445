"""The doors for people: the work list, the case, and what may be done with it."""
