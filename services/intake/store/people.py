"""The people as escalation publishes them: who has left does not sign in here, and nobody has a role they lost."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from shared.auth import sessions
from shared.auth.people import EVERY_UNIT, Person
from shared.postgres.pool import Connection, Pool


async def put(conn: Connection, roles: Mapping[UUID, Sequence[str]]) -> None:
    """Store the roles of all people, and end the sessions of those who have none."""
    ids, told = list(roles), [",".join(each) for each in roles.values()]
    await conn.execute("DELETE FROM people WHERE NOT person_id = ANY ($1::uuid[])", ids)
    await conn.execute(
        """INSERT INTO people SELECT person_id, string_to_array(roles, ',')
             FROM unnest($1::uuid[], $2::text[]) AS told (person_id, roles)
           ON CONFLICT (person_id) DO UPDATE SET roles = excluded.roles WHERE people.roles <> excluded.roles""",
        ids,
        told,
    )
    await sessions.end_of_people(conn, [person_id for person_id, has in roles.items() if not has])


async def allowed(pool: Pool, who: Person) -> Person | None:
    """The person with no more roles than they have among the people; None for who has left.

    Reporters of schools and the like are not among them, and are what their token says.
    """
    roles = await pool.fetchval("SELECT roles FROM people WHERE person_id = $1", who.person_id)
    if roles is None:
        return who
    return who.cut(roles, [EVERY_UNIT]) if roles else None
