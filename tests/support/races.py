"""How often what depends on chance is run: a few times with all tests, 200 times in `make soak`."""

import os

REPETITIONS = int(os.environ.get("BEREDSKAB_REPETITIONS", "8"))
FRESH = "BEREDSKAB_REPETITIONS" in os.environ
"""Whether random histories are new ones each time: a change is judged by the same ones as the change before it."""
