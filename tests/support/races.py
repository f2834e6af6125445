"""How often what depends on chance is run: a few times with all tests, 200 times in `make soak`."""

import os

REPETITIONS = int(os.environ.get("BEREDSKAB_REPETITIONS", "8"))
