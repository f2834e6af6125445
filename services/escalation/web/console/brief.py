"""*Din vagt nu*: what waits, was promised or runs out, read once at the beginning of a duty.

It tells no more of a case than the work list does: a moment and the case's short name, no person and no theme.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from asyncpg import Record
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.escalation.domain.access import ANSWERS
from services.escalation.store import brief, rota
from services.escalation.web.console import Console, sign_in_first, visitor
from shared.auth.people import Person
from shared.delivery.outbox import Transaction
from shared.events.codes import Rule
from shared.ids import CaseId

AHEAD = timedelta(days=3)
"""How far it looks: over a weekend."""
MOST = 20
"""Lines of one kind, the soonest first. A flood must not bury what else the duty begins with."""
Json: TypeAlias = dict[str, Any]


async def unread(tx: Transaction, who: Person, waiting: list[Record], asked: Collection[CaseId]) -> Json | None:
    """The brief of the duty the person has begun; None off duty, or when they have read it."""
    began = await _began(tx, who)
    if began is None or await brief.is_read(tx.conn, who.person_id, began):
        return None
    until = tx.now + AHEAD
    clocks = await brief.clocks(tx.conn, who, until)
    lines = {
        "waits": [row for row in waiting if row["case_id"] in asked],
        "promises": [row for row in waiting if row["state"] == "acknowledged" and row["next_at"] <= until],
        "deadlines": [row for row in clocks if row["rule"] not in (Rule.SAID_DATE, Rule.HOLD_REVIEW)],
        "dates": [row for row in clocks if row["rule"] == Rule.SAID_DATE],
        "permits": [row for row in clocks if row["rule"] == Rule.HOLD_REVIEW],
    }
    more = {kind: max(0, len(of_kind) - MOST) for kind, of_kind in lines.items()}
    return {**{kind: of_kind[:MOST] for kind, of_kind in lines.items()}, "more": more}


async def say_read(console: Console, request: Request) -> Response:
    """They have read it."""
    who = visitor(request)
    if who is None:
        return sign_in_first(request)
    async with console.api.transactions.begin("read brief") as tx:
        began = await _began(tx, who)
        if began is not None:
            await brief.read(tx.conn, who.person_id, began, tx.now)
    return RedirectResponse("/work", 303)


async def _began(tx: Transaction, who: Person) -> datetime | None:
    if not who.roles & ANSWERS:
        return None
    return (await rota.shifts(tx.conn))[1].began(who.person_id, tx.now)
