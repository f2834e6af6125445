"""*Hvem venter på mig*: the work by its next moment, with no name, school or theme in it."""

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.escalation.store import case, page
from services.escalation.web.console import Console, brief, sign_in_first, visitor
from shared.web.sign_in import POLL


async def first_screen(console: Console, request: Request) -> Response:
    """A page that waits for the person opens at sign-in; without one, the list."""
    who = visitor(request)
    if who is None:
        return sign_in_first(request)
    async with console.api.transactions.begin("find page") as tx:
        waiting = [row["case_id"] for row in await case.work(tx.conn, who)]
        paged = await page.asks(tx.conn, who.person_id, waiting)
    return RedirectResponse(f"/cases/{paged[0]}" if paged else "/work", 303)


async def work_screen(console: Console, request: Request) -> Response:
    """The list, under what the person has yet to read of a duty that began."""
    who, part = visitor(request), POLL in request.headers
    if who is None:
        return Response(status_code=401) if part else sign_in_first(request)
    async with console.api.transactions.begin("show work") as tx:
        waiting = await case.work(tx.conn, who)
        mine = set(await page.asks(tx.conn, who.person_id, [row["case_id"] for row in waiting]))
        unread = None if part else await brief.unread(tx, who, waiting, mine)
    values: dict[str, Any] = {"waiting": waiting, "mine": mine, "now": console.api.transactions.clock.now()}
    return console.show(request, "work_list.html" if part else "work.html", who, brief=unread, **values)
