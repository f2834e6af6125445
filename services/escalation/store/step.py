"""Steps: what a person did with a case, and why. Append-only; the reason is sealed."""

import json
from datetime import datetime
from uuid import UUID

from shared.evidence import Facts
from shared.ids import CaseId, PersonId
from shared.postgres.pool import Connection


async def add(
    conn: Connection,
    step_id: UUID,
    case_id: CaseId,
    *,
    kind: str,
    codes: Facts,
    note: bytes,
    by: PersonId,
    at: datetime,
) -> None:
    """Record a step."""
    query = "INSERT INTO steps VALUES ($1, $2, $3, $4, $5, $6, $7)"
    await conn.execute(query, step_id, case_id, kind, json.dumps(dict(codes)), note, by, at)
