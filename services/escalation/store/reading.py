"""Who looked into what, and why."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from shared.auth.grants import Grant, ReadPart, ReadPurpose
from shared.ids import CaseId, PersonId, ReportId
from shared.postgres.pool import Connection


async def was_asked(conn: Connection, case_id: CaseId, person_id: PersonId) -> bool:
    """Whether the case ever paged the person, or a desk."""
    found: bool = await conn.fetchval(
        """SELECT EXISTS (SELECT FROM pages p JOIN escalations e USING (escalation_id)
                          WHERE e.case_id = $1 AND (p.recipient_id = $2 OR p.recipient_kind = 'desk'))""",
        case_id,
        person_id,
    )
    return found


async def purpose(conn: Connection, case_id: CaseId, person_id: PersonId) -> tuple[ReadPurpose, int] | None:
    """Why the person looks into the case, and the last report in which they know nobody; None before they said."""
    row = await conn.fetchrow("SELECT * FROM purposes WHERE case_id = $1 AND person_id = $2", case_id, person_id)
    return (ReadPurpose(row["purpose"]), row["knows_nobody_in"]) if row else None


async def say_purpose(
    conn: Connection, case_id: CaseId, person_id: PersonId, why: ReadPurpose, *, now: datetime
) -> bool:
    """Keep why the person looks into the case; False when it was said before: the first word stays."""
    tag = await conn.execute(
        "INSERT INTO purposes VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING", case_id, person_id, why, now
    )
    return bool(tag == "INSERT 0 1")


async def knows_nobody(conn: Connection, case_id: CaseId, person_id: PersonId, *, up_to: int) -> None:
    """The person knows nobody of those named in reports 1 to `up_to`."""
    await conn.execute(
        "UPDATE purposes SET knows_nobody_in = greatest(knows_nobody_in, $3) WHERE case_id = $1 AND person_id = $2",
        case_id,
        person_id,
        up_to,
    )


async def note(conn: Connection, case_id: CaseId, grant: Grant, *, now: datetime) -> None:
    """A report was granted to be read."""
    await conn.execute(
        "INSERT INTO reads (grant_id, case_id, report_id, person_id, at, part) VALUES ($1, $2, $3, $4, $5, $6)",
        grant.grant_id,
        case_id,
        grant.report_id,
        grant.person_id,
        now,
        grant.part,
    )


async def read_whole(conn: Connection, case_id: CaseId, person_id: PersonId) -> set[ReportId]:
    """The case's reports whose whole text was opened to the person."""
    rows = await conn.fetch(
        "SELECT DISTINCT report_id FROM reads WHERE person_id = $1 AND case_id = $2 AND part = $3",
        person_id,
        case_id,
        ReadPart.ALL,
    )
    return {ReportId(row["report_id"]) for row in rows}


async def cases_read(conn: Connection, person_id: PersonId, *, since: datetime) -> int:
    """In how many cases the person has read since then."""
    found: int = await conn.fetchval(
        "SELECT count(DISTINCT case_id) FROM reads WHERE person_id = $1 AND at >= $2", person_id, since
    )
    return found


async def was_viewed(conn: Connection, case_id: CaseId, person_id: PersonId, *, hour: datetime) -> bool:
    """Whether the case was shown to the person in that hour."""
    found: bool = await conn.fetchval(
        "SELECT EXISTS (SELECT FROM views WHERE case_id = $1 AND person_id = $2 AND hour = $3)",
        case_id,
        person_id,
        hour,
    )
    return found


async def note_view(conn: Connection, case_id: CaseId, person_id: PersonId, *, hour: datetime, now: datetime) -> bool:
    """The case is shown to the person; False when that stands here already for the hour."""
    query = "INSERT INTO views VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"
    tag = await conn.execute(query, case_id, person_id, hour, now)
    return bool(tag == "INSERT 0 1")


async def cases_viewed(conn: Connection, person_id: PersonId, *, since: datetime) -> int:
    """How many cases were shown to the person since then."""
    found: int = await conn.fetchval(
        "SELECT count(DISTINCT case_id) FROM views WHERE person_id = $1 AND at >= $2", person_id, since
    )
    return found


async def names(conn: Connection, ids: Iterable[UUID]) -> dict[str, str]:
    """The names of people and desks, by id."""
    rows = await conn.fetch(
        """SELECT person_id AS id, name FROM people WHERE person_id = ANY($1::uuid[])
           UNION ALL SELECT desk_id, name FROM desks WHERE desk_id = ANY($1::uuid[])""",
        list(ids),
    )
    return {str(row["id"]): row["name"] for row in rows}
