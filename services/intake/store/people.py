"""People who may no longer sign in here: escalation has the people table and tells us who has left."""

from collections.abc import Sequence
from uuid import UUID

from shared.auth import sessions
from shared.auth.people import Person
from shared.postgres.pool import Connection, Pool


async def put_inactive(conn: Connection, person_ids: Sequence[UUID]) -> None:
    """Store all who have left, and end their sessions."""
    await conn.execute("DELETE FROM inactive_people WHERE NOT person_id = ANY ($1::uuid[])", person_ids)
    await conn.execute(
        "INSERT INTO inactive_people SELECT unnest($1::uuid[]) ON CONFLICT (person_id) DO NOTHING", person_ids
    )
    await sessions.end_of_people(conn, person_ids)


async def allowed(pool: Pool, who: Person) -> Person | None:
    """The person, unless they have left."""
    gone = await pool.fetchval("SELECT EXISTS (SELECT FROM inactive_people WHERE person_id = $1)", who.person_id)
    return None if gone else who
