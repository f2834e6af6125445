"""The watchdog ends a process in which something has stopped moving, a blocked event loop included."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
BLOCKED = """
import asyncio, time
from shared import watchdog
async def main():
    beat = watchdog.Beat("tick", at_most={at_most})
    watchdog.watch([beat])
    for _ in range(4):
        beat()
        await asyncio.sleep(0.5)
    {then}
asyncio.run(main())
print("ended by itself")
"""


def run(*, at_most: float, then: str) -> "subprocess.CompletedProcess[str]":
    script = BLOCKED.format(at_most=at_most, then=then)
    command = [sys.executable, "-c", script]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


def test_a_loop_that_blocks_the_process_ends_it() -> None:
    ended = run(at_most=1.5, then="time.sleep(40)")
    assert ended.returncode == 1
    assert "watchdog.ended_the_process" in ended.stdout


def test_a_process_that_moves_is_left_alone() -> None:
    ended = run(at_most=30, then="pass")
    assert (ended.returncode, ended.stdout) == (0, "ended by itself\n")
