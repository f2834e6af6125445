"""*Hvem venter på mig*: the work by its next moment, with no name, school or theme in it.

Where many cases that nobody has answered have one level, they stand together, and one act takes them all.
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from asyncpg import Record
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.escalation.domain.access import ANSWERS, JUDGES
from services.escalation.store import brief as brief_store
from services.escalation.store import case, page, reading
from services.escalation.web.console import Console, brief, onward, sign_in_first, visitor
from services.escalation.web.console.timeline import span
from shared.auth.people import Person, Role
from shared.calendar import ACUTE_JUDGEMENT
from shared.ids import CaseId
from shared.web.application import fields
from shared.web.sign_in import POLL, signed_out

CROWD = 6
"""So many unanswered cases of one level stand together."""
AT_MOST = 500
_HOMES = {Role.AUDITOR: "/supervision", Role.OPERATOR: "/operations"}


async def first_screen(console: Console, request: Request) -> Response:
    """A page that waits for the person opens at sign-in; without one, the list."""
    who = visitor(request)
    if who is None:
        return sign_in_first(request)
    if elsewhere := _home(who):
        return RedirectResponse(elsewhere, 303)
    async with console.api.transactions.begin("find page") as tx:
        waiting = [row["case_id"] for row in await case.work(tx.conn, who)]
        paged = await page.asks(tx.conn, who, waiting)
    return RedirectResponse(f"/cases/{paged[0]}" if paged else "/work", 303)


def _home(who: Person) -> str | None:
    """Where somebody begins who sees no cases and so has no list."""
    if who.roles & ANSWERS:
        return None
    return next((path for role, path in _HOMES.items() if role in who.roles), None)


@dataclass(frozen=True, slots=True)
class ToJudge:
    """A case in which a report waits to be judged, and how long the oldest has waited."""

    row: Record
    waited: timedelta

    @classmethod
    def of(cls, row: Record, now: datetime) -> Self:
        """With the wait that the law's clock tells (Barnets lov § 136)."""
        return cls(row, max(timedelta(), now - (row["judge_by"] - ACUTE_JUDGEMENT)))


def to_judge(waiting: Sequence[Record], mine: Set[CaseId], now: datetime) -> list[ToJudge]:
    """The cases with a report that nobody has judged: those that wait for the person first, then the longest wait."""
    unjudged = [row for row in waiting if row["judge_by"] is not None]
    return [
        ToJudge.of(row, now) for row in sorted(unjudged, key=lambda row: (row["case_id"] not in mine, row["judge_by"]))
    ]


def mine_first(waiting: Sequence[Record], mine: Set[CaseId], who: Person) -> list[Record]:
    """The cases that wait for the person, then those that they have, then the others; each by its next moment."""
    return sorted(waiting, key=lambda row: (row["case_id"] not in mine, row["responsible"] != who.person_id))


async def work_screen(console: Console, request: Request) -> Response:
    """The list, under what the person has yet to read of a duty that began."""
    who, part = visitor(request), POLL in request.headers
    if who is None:
        return Response(status_code=401) if part else sign_in_first(request)
    if elsewhere := _home(who):
        return RedirectResponse(elsewhere, 303)
    async with console.api.transactions.begin("show work") as tx:
        waiting = await case.work(tx.conn, who)
        mine = set(await page.asks(tx.conn, who, [row["case_id"] for row in waiting]))
        unread = None if part else await brief.unread(tx, who, waiting, mine)
        names = await reading.names(tx.conn, {row["responsible"] for row in waiting if row["responsible"]})
        is_new = not part and not await brief_store.has_read(tx.conn, who.person_id)
    now = console.api.transactions.clock.now()
    crowds, others = _crowds(waiting)
    judging = to_judge(others, mine, now) if who.roles & JUDGES else []
    others = [row for row in others if not judging or row["judge_by"] is None]
    taken = {name: request.query_params.get(name, "") for name in ("taken", "left")}
    values: dict[str, Any] = {"crowds": crowds, "waiting": mine_first(others, mine, who), "mine": mine, "names": names}
    values |= {"now": now, "judging": judging, "span": span, "is_new": is_new}
    values |= {name: n for name, n in taken.items() if n.isdecimal()}
    return console.show(request, "work_list.html" if part else "work.html", who, brief=unread, **values)


def _crowds(waiting: Sequence[Record]) -> tuple[list[list[Record]], list[Record]]:
    """The cases nobody has answered, by level, where one has many; and all the others."""
    by_level: dict[str | None, list[Record]] = {}
    for each in waiting:
        if each["state"] in ("unrated", "paging"):
            by_level.setdefault(each["level"], []).append(each)
    crowds = [crowd[:AT_MOST] for crowd in by_level.values() if len(crowd) >= CROWD]
    standing = {each["case_id"] for crowd in crowds for each in crowd}
    return crowds, [each for each in waiting if each["case_id"] not in standing]


async def take_all(console: Console, request: Request) -> Response:
    """Take the cases of a crowd, as they were shown; says how many could not be taken."""
    sent = await fields(request)
    if visitor(request) is None:
        return signed_out(request, console.screens, sent)
    shown = [
        {"case_id": name.removeprefix("case."), "covers_report_no": int(covers)}
        for name, covers in sent.items()
        if name.startswith("case.") and covers.isdecimal() and len(covers) < 7
    ]
    told = await console.asked("POST", "/v1/work/acknowledge", request, {"cases": shown})
    counts = f"taken_many&taken={len(told['taken'])}&left={len(told['refused'])}"
    return onward(request, "/work", done=counts)
