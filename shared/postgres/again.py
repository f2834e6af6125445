"""A second try for what met a plan made before the schema changed: no person is told 503 for a migration beside them.

Outside a transaction asyncpg prepares the statement anew by itself. Inside one PostgreSQL ends the transaction, so the
whole act is done again: once, and only where nothing of it was committed.
"""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import TypeVar

import asyncpg

T = TypeVar("T")
_committed: ContextVar[list[str] | None] = ContextVar("committed", default=None)


def note_commit(name: str) -> None:
    """Something of the running act is committed: it is not done a second time."""
    done = _committed.get()
    if done is not None:
        done.append(name)


async def once_more(act: Callable[[], Awaitable[T]]) -> T:
    """Do the act, and again where a plan of the connection was too old for it. Raises what the act raises."""
    done = _committed.get()
    if done is None:
        _committed.set(done := [])
    before = len(done)
    try:
        return await act()
    except asyncpg.InvalidCachedStatementError:
        if len(done) > before:
            raise
        return await act()
