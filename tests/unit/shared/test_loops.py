"""The loops of a process and their signs of life."""

import asyncio

from shared import process
from shared.process import Loop
from shared.watchdog import Beat
from tests.support.system import until


async def nothing() -> int:
    return 0


def test_a_loop_that_only_rests_is_not_late_and_one_that_hangs_is() -> None:
    seldom = Loop("erase", nothing, at_most=60).beat()
    assert not seldom.late(seldom.last + 60 + 59)
    assert seldom.late(seldom.last + 60 + 61)
    assert Loop("tick", nothing, at_most=1).beat().at_most == Beat("tick").at_most + 1


async def test_no_loop_ends_by_what_is_stored_and_its_failing_is_counted() -> None:
    turns = 0
    done = asyncio.Event()

    async def broken_then_not() -> int:
        nonlocal turns
        turns += 1
        if turns == 1:
            raise OverflowError("date value out of range")
        failing.append(set(process.FAILING))
        done.set()
        return 0

    failing: list[set[str]] = []
    loop = Loop("tick", broken_then_not, at_most=0, woken=False)
    task = asyncio.create_task(process.keep_turning(loop, loop.beat(), asyncio.Event()))
    await asyncio.wait_for(done.wait(), 10)
    await until(none_failing, within=10)
    task.cancel()
    assert failing[0] == {"tick"}


async def none_failing() -> bool:
    return not process.FAILING
