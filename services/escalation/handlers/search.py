"""Looking for a case: what was found, what the person is shown of it, and the evidence of both."""

from collections.abc import Sequence

import asyncpg

from services.escalation.domain.search import Sought
from services.escalation.handlers.reading import UNUSUAL_WITHIN
from services.escalation.store import case, search
from shared.auth.people import Person
from shared.delivery.outbox import Transaction
from shared.evidence import record
from shared.ids import CaseId
from shared.telemetry.logging import log

UNUSUAL_FROM = 30
"""Searches of one person within an hour: so many are told to the operators."""


async def searched(tx: Transaction, who: Person, kind: Sought, found: Sequence[CaseId]) -> list[asyncpg.Record]:
    """The cases that the person is shown, with evidence in each.

    What they looked for in vain is kept too, by the same statement: nobody can tell by the time it takes whether there
    is a case that they do not see.
    """
    rows = await search.listed(tx.conn, found, who)
    shown = [CaseId(row["case_id"]) for row in rows]
    await search.note(tx.conn, tx.ids(), who.person_id, kind, found=found, shown=shown, now=tx.now)
    searches = await search.count(tx.conn, who.person_id, since=tx.now - UNUSUAL_WITHIN)
    if searches >= UNUSUAL_FROM:
        log().error("searching.unusual", person_id=who.person_id, count=searches)
    if shown:
        await case.lock_family(tx.conn, *shown)
    for each in shown:
        await record(tx, each, act="case_found", actor=who.person_id, facts={"by": kind})
    return rows
