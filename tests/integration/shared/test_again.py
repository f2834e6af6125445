"""What met too old a plan is done a second time, once, and only where nothing of it was committed."""

import pytest
from asyncpg import InvalidCachedStatementError

from services.notify.app import MIGRATIONS
from shared.postgres.again import once_more
from tests.conftest import OpenGround


@pytest.mark.parametrize(("commits", "tries"), [(0, 2), (1, 1)])
async def test_what_was_committed_in_part_is_not_done_again(ground: OpenGround, commits: int, tries: int) -> None:
    own = await ground("notify", MIGRATIONS)
    tried: list[int] = []

    async def act() -> int:
        tried.append(1)
        for _ in range(commits):
            async with own.transactions.begin("first"):
                pass
        async with own.transactions.begin("second") as tx:
            n: int = len(await tx.conn.fetch("SELECT * FROM contacts"))
            return n

    async with own.transactions.pool.acquire() as one, own.transactions.pool.acquire() as other:
        for conn in (one, other):
            await conn.fetch("SELECT * FROM contacts")
    await own.pool.execute("ALTER TABLE contacts ADD COLUMN later integer")
    if commits:
        with pytest.raises(InvalidCachedStatementError):
            await once_more(act)
    else:
        assert await once_more(act) == 0
    assert len(tried) == tries
