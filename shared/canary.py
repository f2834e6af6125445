"""Canaries: reports made up to try the whole way, again and again. They page nobody and are in no list or figure.

No child is in one, so no evidence is kept of it, and it is erased everywhere after its day.
"""

from datetime import timedelta

LASTS = timedelta(hours=24)
HEADER = "beredskab-canary"
"""Carries the leave for one canary, which intake's own tick makes and nobody else knows."""
