"""Work that takes the processor: beside the event loop where it takes more than a few milliseconds of it."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
QUICK = 8 * 1024
"""Bytes that are read in less than 5 ms however they are made: the worst cost half a millisecond a thousand."""


async def beside(size: int, work: Callable[..., T], *args: object) -> T:
    """Do the work over so many bytes. A short one is quicker here than on its way to a thread and back."""
    return work(*args) if size <= QUICK else await asyncio.to_thread(work, *args)
