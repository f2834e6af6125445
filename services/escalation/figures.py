"""The figures by which operators see whether people answer: who waits, how long, how near the limits of the law are.

And whether anybody could be reached at all, now and in the next three days.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from services.escalation.contacts import Contacts, Standing, reachable_of
from services.escalation.domain.reach import Lack, Quarter, gaps, quarters
from services.escalation.handlers.reach import ground
from services.escalation.handlers.reading import UNUSUAL_FROM, UNUSUAL_WITHIN, VIEWS_UNUSUAL_FROM
from services.escalation.handlers.search import UNUSUAL_FROM as SEARCHES_UNUSUAL_FROM
from services.escalation.store import break_glass, figures
from shared.clock import Clock
from shared.delivery.outbox import Transactions
from shared.events.codes import Level, Unit
from shared.postgres.pool import Pool
from shared.telemetry import metrics

EVERY = timedelta(seconds=5)
MINUTE = timedelta(minutes=1)
MISSED_LASTS = timedelta(hours=24)
GAUGES = {
    "beredskab.escalation.unanswered": "Escalations that nobody has answered.",
    "beredskab.flood": "Cases that came within a minute and nobody has answered, where they are more than is usual.",
    "beredskab.escalation.unanswered.age": "Seconds since the oldest urgent one was received: acute, high or unrated.",
    "beredskab.escalation.overdue": "Seconds that the oldest moment at which something must happen has passed.",
    "beredskab.canary.age": "Seconds since the newest canary was sent that went the whole way to a provider.",
    "beredskab.canary.took": "Seconds that it was on its way.",
    "beredskab.nobody.reachable": "Cases whose last round reached nobody, and nobody has been reached about since.",
    "beredskab.deadline.missed": "Deadlines that were missed in the last 24 hours.",
    "beredskab.viewing.unusual": "People who in the last hour looked for, into or in unusually many cases.",
    "beredskab.break_glass.used": "Units whose sealed code was used and that have no new one.",
    "beredskab.break_glass.refused": "Codes of break-glass that were tried in the last hour and are none.",
    "beredskab.deadline.margin": "Seconds left to judge acute danger of the report that is nearest to its limit.",
}

REACH = {
    "beredskab.reach.now": "Persons and desks with a contact point that an acute report of this moment would page.",
    "beredskab.contacts.unproved": "Persons and desks of the next 72 h who have answered no test mail for three days.",
    "beredskab.reach.gap": "Seconds until a report would page first, or at all, who cannot be reached; at most 72 h.",
}
AHEAD = 72


class Figures:
    """Looks every few seconds, whoever wakes it, and reports what was found last."""

    def __init__(self, pool: Pool, clock: Clock, usual: int) -> None:
        self._pool = pool
        self._clock = clock
        self._usual = usual
        self._looked_at: datetime | None = None
        self.look = metrics.Look("escalation", GAUGES, clock)

    async def run_once(self) -> int:
        """Look, unless that was done just now. Never anything to do at once."""
        now = self._clock.now()
        if self._looked_at is None or now - self._looked_at >= EVERY:
            self._looked_at = now
            await self.look.take(found(self._pool, now, usual=self._usual))
        return 0


async def found(pool: Pool, now: datetime, *, usual: int) -> dict[str, float]:
    """What the database says now; `usual` is how many cases a minute may bring.

    There is no margin while no report waits to be judged, and no canary before one.
    """
    waiting = await figures.waiting(pool, missed_after=now - MISSED_LASTS, new_after=now - MINUTE)
    since = now - UNUSUAL_WITHIN
    unusual = await figures.unusual(
        pool,
        since=since,
        views_from=VIEWS_UNUSUAL_FROM,
        reads_above=UNUSUAL_FROM,
        searches_from=SEARCHES_UNUSUAL_FROM,
    )
    used, refused = await break_glass.figures(pool, since=since)
    latest = {
        "beredskab.break_glass.used": float(used),
        "beredskab.break_glass.refused": float(refused),
        "beredskab.escalation.unanswered": float(waiting.unanswered),
        "beredskab.flood": float(waiting.new if waiting.new > usual else 0),
        "beredskab.escalation.unanswered.age": _since(waiting.urgent_since, now),
        "beredskab.escalation.overdue": _since(waiting.next_at, now),
        "beredskab.nobody.reachable": float(waiting.in_vain),
        "beredskab.deadline.missed": float(waiting.missed),
        "beredskab.viewing.unusual": float(unusual),
    }
    if waiting.judge_by is not None:
        latest["beredskab.deadline.margin"] = (waiting.judge_by - now).total_seconds()
    if (canary := await figures.canary(pool)) is not None:
        latest["beredskab.canary.age"] = _since(canary.sent_at, now)
        latest["beredskab.canary.took"] = _since(canary.sent_at, canary.came_round_at)
    return latest


def _since(then: datetime | None, now: datetime) -> float:
    return max(0.0, (now - then).total_seconds()) if then else 0.0


class Reach:
    """Looks whether those whom the rota names can be reached, and reports what was found last."""

    def __init__(self, transactions: Transactions, contacts: Contacts) -> None:
        self._transactions = transactions
        self._contacts = contacts
        self.look = metrics.Look("reach", REACH, transactions.clock)

    async def run_once(self) -> int:
        """Look at every quarter-hour of the next three days. Never anything to do at once."""
        await self.look.take(self._found())
        return 0

    async def _found(self) -> dict[str, float]:
        async with self._transactions.begin("read reach") as tx:
            stands, now = await ground(tx, Unit.UNKNOWN), tx.now
        found = await asyncio.to_thread(quarters, now, AHEAD, plan=stands.plan, rota=stands.rota)
        everybody = sorted(set[UUID]().union(*(each.ids for each in found)))
        return reached(found, await self._contacts.standing(everybody), now)


def reached(found: Sequence[Quarter], standing: Mapping[UUID, Standing], now: datetime) -> dict[str, float]:
    """What the quarter-hours say. That nobody is on call is no gap: Døgnvagt is asked at once."""
    reachable = reachable_of(standing)
    acute = {each.id for step in found[0].levels[Level.ACUTE] for each in step.recipients}
    lacking = [gap.starts_at for gap in gaps(found, reachable) if gap.lack is not Lack.NOBODY_ON_CALL]
    first = min(lacking, default=now + timedelta(hours=AHEAD))
    count = sum(reachable.get(each) is not False for each in acute if each)
    unproved = sum(each.proved is False for each in standing.values())
    return {
        "beredskab.reach.now": float(count),
        "beredskab.reach.gap": _since(now, first),
        "beredskab.contacts.unproved": float(unproved),
    }
