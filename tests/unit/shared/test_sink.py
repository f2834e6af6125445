"""Logging changes no act: a full disk, a broken pipe or a pipe that nobody empties costs lines, which are counted."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
MANY = """
import sys
from shared.telemetry.logging import configure, log
from shared.telemetry import sink
configure("intake", "info")
for n in range(sink.MOST + 5000):
    log().info("report.accepted", count=n, reason="x" * 100)
print("the act stands", file=sys.stderr)
"""
WATCHED = """
from shared.telemetry.logging import configure, log
from shared.watchdog import Beat, watch
configure("intake", "info")
for n in range(5000):
    log().info("report.accepted", count=n, reason="x" * 100)
watch([Beat("tick", at_most=1)])
time.sleep(60)
"""


def run(script: str, stdout: int) -> "subprocess.CompletedProcess[bytes]":
    command = [sys.executable, "-c", script]
    return subprocess.run(command, cwd=ROOT, stdout=stdout, stderr=subprocess.PIPE, check=False, timeout=50)


@pytest.fixture(params=["full", "broken", "blocked"])
def bad(request: pytest.FixtureRequest) -> Iterator[int]:
    """Standard output as bad as it gets."""
    if request.param == "full":
        ends = [os.open("/dev/full", os.O_WRONLY)]
    else:
        reading, writing = os.pipe()
        ends = [writing, reading]
    if request.param == "broken":
        os.close(ends.pop())
    yield ends[0]
    for end in ends:
        os.close(end)


def test_an_act_stands_whatever_becomes_of_its_log_lines(bad: int) -> None:
    ended = run(MANY, bad)
    assert (ended.returncode, ended.stderr) == (0, b"the act stands\n")


def test_the_watchdog_ends_a_process_whose_log_is_stuck(bad: int) -> None:
    ended = run(WATCHED, bad)
    assert ended.returncode == 1


def test_what_was_dropped_is_counted_in_the_log_when_it_can_be_written_again(tmp_path: Path) -> None:
    script = """
import os, sys
from shared.telemetry.logging import configure, drain, log
configure("intake", "info")
out, full = os.dup(1), os.open("/dev/full", os.O_WRONLY)
os.dup2(full, 1)
for n in range(3):
    log().info("lost", count=n)
drain()
os.dup2(out, 1)
log().info("kept")
"""
    ended = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=True, timeout=50)
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [(line["event"], line.get("count")) for line in lines] == [("log.dropped", 3), ("kept", None)]


def test_all_is_written_before_a_process_ends_by_itself() -> None:
    ended = run(MANY.replace("sink.MOST + 5000", "3000"), subprocess.PIPE)
    assert len(ended.stdout.splitlines()) == 3000
