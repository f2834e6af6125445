"""The same facts give the same bytes in every process."""

import os
import subprocess
import sys

HASHED = """
import hashlib
from services.triage.domain import encoded, snapshot
from tests.support.facts import rated
from tests.unit.triage.golden import inputs

print(hashlib.sha256(b"".join(snapshot(each) + encoded(rated(*each)) for each in inputs())).hexdigest())
"""


def test_every_hash_seed_gives_the_same_bytes() -> None:
    seeds = ("0", "4711")
    told = {
        subprocess.run(
            [sys.executable, "-c", HASHED],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in seeds
    }
    assert len(told) == 1
