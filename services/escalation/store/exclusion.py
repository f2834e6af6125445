"""Exclusions: who may not learn that a case exists, in it and in every case it is linked to."""

from collections.abc import Sequence
from datetime import datetime
from operator import itemgetter

import asyncpg

from shared.ids import CaseId, PersonId
from shared.postgres.pool import Connection


async def add(
    conn: Connection,
    family: Sequence[CaseId],
    person_id: PersonId,
    *,
    named_in: CaseId,
    by: PersonId,
    reason: bytes | None,
    now: datetime,
) -> list[CaseId]:
    """Exclude the person from these cases; those from which they were not excluded before.

    Where a link alone kept them out of the case that names them now, they stay out of it whatever becomes of the link.
    """
    rows = await conn.fetch(
        """INSERT INTO exclusions (case_id, person_id, by, at, named_in, reason)
           SELECT case_id, $2, $4, $6, $3, CASE case_id WHEN $3 THEN $5::bytea END FROM unnest($1::uuid[]) case_id
           ON CONFLICT (case_id, person_id) DO UPDATE SET named_in = $3, reason = EXCLUDED.reason
               WHERE exclusions.case_id = $3 AND exclusions.named_in <> $3
           RETURNING case_id, xmax = 0 AS added""",
        list(family),
        person_id,
        named_in,
        by,
        reason,
        now,
    )
    return sorted(row["case_id"] for row in rows if row["added"])


async def inherit(conn: Connection, family: Sequence[CaseId]) -> list[asyncpg.Record]:
    """Whoever is excluded from one of these cases is excluded from all; what that added: case, person, named_in."""
    rows: list[asyncpg.Record] = await conn.fetch(
        """INSERT INTO exclusions (case_id, person_id, by, at, named_in)
           SELECT each, x.person_id, x.by, x.at, x.named_in FROM unnest($1::uuid[]) each,
               (SELECT DISTINCT ON (person_id) * FROM exclusions WHERE case_id = ANY ($1)
                ORDER BY person_id, at, case_id) x
           ON CONFLICT (case_id, person_id) DO NOTHING RETURNING case_id, person_id, named_in""",
        list(family),
    )
    return sorted(rows, key=itemgetter("case_id", "person_id"))


async def of_case(conn: Connection, case_id: CaseId) -> list[asyncpg.Record]:
    """Who is excluded from the case, in order."""
    rows: list[asyncpg.Record] = await conn.fetch(
        "SELECT * FROM exclusions WHERE case_id = $1 ORDER BY at, person_id", case_id
    )
    return rows
