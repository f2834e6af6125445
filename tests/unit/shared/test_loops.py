"""The loops of a process and their signs of life."""

from shared.process import Loop
from shared.watchdog import Beat


async def nothing() -> int:
    return 0


def test_a_loop_that_only_rests_is_not_late_and_one_that_hangs_is() -> None:
    seldom = Loop("erase", nothing, at_most=60).beat()
    assert not seldom.late(seldom.last + 60 + 59)
    assert seldom.late(seldom.last + 60 + 61)
    assert Loop("tick", nothing, at_most=1).beat().at_most == Beat("tick").at_most + 1
