"""Processes of one service on one database: each knows when another runs under its number."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from shared.postgres.wake import Wake
from tests.conftest import OpenGround
from tests.support.miniature import MIGRATIONS
from tests.support.services import Ground
from tests.support.system import until


@asynccontextmanager
async def process(ground: Ground, instance: int) -> AsyncIterator[Wake]:
    """A process that runs for the length of the block."""
    wake = Wake(ground.pool, instance=instance)
    listening = asyncio.create_task(wake.listen())
    try:
        yield wake
    finally:
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening


async def test_a_process_says_that_another_runs_under_its_number(
    ground: OpenGround, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("shared.postgres.wake._CLAIM_EVERY", 0.05)
    own = await ground("notify", MIGRATIONS)

    async def told(wake: Wake, *, taken: bool) -> None:
        async def so() -> bool:
            return wake.name_taken is taken and wake._held is not taken

        await until(so)

    async with process(own, 0) as first:
        await told(first, taken=False)
        async with process(own, 1) as second, process(own, 0) as third:
            await told(second, taken=False)
            await told(third, taken=True)
        async with process(own, 0) as fourth:
            await told(fourth, taken=True)
            assert not first.name_taken
    async with process(own, 0) as last:
        await told(last, taken=False)
    assert "instance.number_taken" in capsys.readouterr().out
