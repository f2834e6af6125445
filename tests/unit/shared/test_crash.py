"""Crash points do nothing unless a test arms them, and cannot be armed elsewhere."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from shared import crash

ROOT = Path(__file__).parents[3]
SCRIPT = "import os; from shared import crash; crash.arm(os.environ); crash.crash_point('relay.sent'); print('lives')"


def run(**environment: str) -> "subprocess.CompletedProcess[str]":
    settings = {f"BEREDSKAB_{name}": value for name, value in environment.items()}
    command = [sys.executable, "-c", SCRIPT]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **settings}, capture_output=True, text=True, check=False
    )


def test_an_armed_point_kills_once() -> None:
    assert run().stdout == "lives\n"
    assert run(CRASH_AT="relay.sent", CRASH_ALLOWED="1").returncode == -signal.SIGKILL


def test_a_point_that_has_had_its_turn_spares_the_next_process(tmp_path: Path) -> None:
    armed = {"CRASH_AT": "relay.sent,relay.acknowledged", "CRASH_ALLOWED": "1", "CRASH_ONCE": str(tmp_path / "had")}
    assert run(**armed).returncode == -signal.SIGKILL
    assert run(**armed).stdout == "lives\n"


@pytest.mark.parametrize("environment", [{"CRASH_AT": "relay.sent"}, {"CRASH_AT": "relay.senf", "CRASH_ALLOWED": "1"}])
def test_arming_is_refused_without_leave_and_by_a_wrong_name(environment: dict[str, str]) -> None:
    with pytest.raises(crash.CrashNotAllowed):
        crash.arm({f"BEREDSKAB_{name}": value for name, value in environment.items()})


def test_every_point_stands_in_the_code_and_none_is_unnamed() -> None:
    code = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "shared").rglob("*.py"))
    assert set(re.findall(r"crash_point\(\"([a-z_.]+)\"\)", code)) == set(crash.POINTS)
