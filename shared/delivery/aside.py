"""Rows that a loop could not work on: set aside for a while and counted, so that the loop goes on with the others."""

from datetime import datetime, timedelta
from uuid import UUID

from shared.postgres.pool import Connection, Pool
from shared.telemetry.logging import error_code, log

AGAIN = timedelta(minutes=10)
"""How long a row is left out before the loop tries it again; not longer than a rung of a ladder."""


def not_aside(loop: str, row_id: str, now: str) -> str:
    """The SQL condition that the row is not set aside. A moment too far ahead was written by another clock."""
    return f"""NOT EXISTS (SELECT FROM set_aside aside WHERE aside.loop = '{loop}' AND aside.row_id = {row_id}
                           AND aside.again_at > {now} AND aside.again_at <= {now} + interval '{AGAIN.seconds} s')"""


async def set_aside(conn: Connection | Pool, loop: str, row_id: UUID, error: BaseException, *, now: datetime) -> None:
    """Leave the row out for a while, and have operators called. Nothing that it holds is repeated."""
    log().error("row.set_aside", loop=loop, row_id=row_id, error=error_code(error))
    await conn.execute(
        """INSERT INTO set_aside (loop, row_id, since, again_at) VALUES ($1, $2, $3, $4)
           ON CONFLICT (loop, row_id) DO UPDATE SET again_at = $4""",
        loop,
        row_id,
        now,
        now + AGAIN,
    )
