"""Children: found again by a keyed lookup of their CPR number, which never leaves this service."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.ids import CaseId, ChildId
from shared.postgres.pool import Connection


@dataclass(frozen=True, slots=True)
class NewChild:
    """A child as it is stored where it is not known yet. Without a lookup it never is."""

    child_id: ChildId
    lookup: bytes | None
    identity_sealed: bytes


async def find_or_insert(conn: Connection, child: NewChild, *, case_id: CaseId) -> tuple[ChildId, CaseId]:
    """The child with this lookup and its case, locked; a new one with these ids where there is none.

    Somebody else's insert of the same child is waited for, so that two reports at once join one case.
    """
    row = await conn.fetchrow(
        """INSERT INTO children (child_id, case_id, lookup, identity_sealed) VALUES ($1, $2, $3, $4)
           ON CONFLICT (lookup) DO UPDATE SET lookup = EXCLUDED.lookup RETURNING child_id, case_id""",
        child.child_id,
        case_id,
        child.lookup,
        child.identity_sealed,
    )
    assert row is not None
    return ChildId(row["child_id"]), CaseId(row["case_id"])


async def known_in(conn: Connection, case_id: CaseId, lookups: Sequence[bytes]) -> set[bytes]:
    """Those of the lookups whose child belongs to the case."""
    rows = await conn.fetch(
        "SELECT lookup FROM children WHERE case_id = $1 AND lookup = ANY ($2::bytea[])", case_id, list(lookups)
    )
    return {row["lookup"] for row in rows}


async def cases_with(conn: Connection, lookup: bytes) -> list[CaseId]:
    """The case of the child with the lookup, where there is one: reports on it elsewhere are linked to that case."""
    rows = await conn.fetch("SELECT case_id FROM children WHERE lookup = $1", lookup)
    return [CaseId(row["case_id"]) for row in rows]


async def settle(conn: Connection, child_id: ChildId, *, case_id: CaseId, identity_sealed: bytes) -> None:
    """Give a new child the case it turned out to belong to, and its name and number, sealed with that case's key."""
    await conn.execute(
        "UPDATE children SET case_id = $2, identity_sealed = $3 WHERE child_id = $1", child_id, case_id, identity_sealed
    )
