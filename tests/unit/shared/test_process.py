"""A process that fails says where and by which name, never what: texts of errors repeat values."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
SCRIPT = """
from shared import process
class Settings:
    pass
async def work(settings):
    raise ValueError("Ane 010170-1234")
process.run("triage", Settings, {"work": work})
"""


def test_what_a_failure_says_is_not_told() -> None:
    command = [sys.executable, "-c", SCRIPT, "work"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 1
    assert "ValueError" in ended.stdout
    assert "Ane" not in ended.stdout + ended.stderr
