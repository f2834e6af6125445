"""Finding a case again: by a receipt's reference, by its code or by a child's CPR number; and the closed cases."""

from collections.abc import Set
from functools import partial
from typing import Annotated

import asyncpg
from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from services.escalation.domain.access import ANSWERS, FINDS
from services.escalation.domain.search import Sought, cases_between, sought
from services.escalation.handlers.search import searched
from services.escalation.store import search
from services.escalation.web.api import Api, Body, Forbidden, read
from services.escalation.web.entries import NotFoundNow
from services.escalation.web.view import Json
from shared.auth.people import Person, Role
from shared.ids import CaseId
from shared.web.problems import Problem

ON_A_PAGE = 25
LAST_PAGE = 4000
"""Nobody leafs further; a number in an address that is higher is no page."""


class Search(Body):
    """What the person looks for. It is never kept."""

    sought: Annotated[str, Field(max_length=100)]


def routes(api: Api) -> list[Route]:
    """The routes."""
    return [
        Route("/v1/search", partial(_search, api), methods=["POST"]),
        Route("/v1/closed", partial(_closed, api), methods=["GET"]),
    ]


async def _search(api: Api, request: Request) -> JSONResponse:
    """What is found and seen. Nothing found and nothing seen is one answer."""
    who = _allowed(api, request, FINDS)
    asked = await read(request, Search)
    kind = sought(asked.sought)
    if kind is None:
        raise Problem(422, "not_sought", "Send a reference (8 letters), a case's code (4) or a CPR number (10 digits).")
    elsewhere = await _at_intake(api, kind, asked.sought)
    async with api.transactions.begin("search") as tx:
        between = cases_between(asked.sought) if kind is Sought.CODE else None
        found = await search.with_code(tx.conn, *between) if between else elsewhere
        rows = await searched(tx, who, kind, found)
    return JSONResponse({"by": kind, "cases": [_listed(row) for row in rows]})


async def _at_intake(api: Api, kind: Sought, written: str) -> list[CaseId]:
    if kind is Sought.CODE:
        return []
    if api.entries is None:
        raise NotFoundNow
    return await api.entries.find(**{"cpr" if kind is Sought.CHILD else "reference": written})


async def _closed(api: Api, request: Request) -> JSONResponse:
    """A page of the closed cases, the last one closed first."""
    who = _allowed(api, request, ANSWERS)
    page = page_in(request)
    async with api.transactions.begin("read closed") as tx:
        rows = await search.closed(tx.conn, who, limit=ON_A_PAGE + 1, skip=(page - 1) * ON_A_PAGE)
    return JSONResponse({"page": page, "more": len(rows) > ON_A_PAGE, "cases": list(map(_listed, rows[:ON_A_PAGE]))})


def page_in(request: Request) -> int:
    """The page that the address names; the first where it names none."""
    asked = request.query_params.get("page", "")
    page = int(asked) if asked.isdecimal() and len(asked) < 7 else 1
    return page if 1 <= page <= LAST_PAGE else 1


def _allowed(api: Api, request: Request, may: Set[Role]) -> Person:
    who = api.who(request)
    if not who.roles & may:
        raise Forbidden(may)
    return who


def _listed(row: asyncpg.Record) -> Json:
    codes = {name: row[name] for name in ("level", "state", "unit", "newest_report_no")}
    moments = {name: row[name].isoformat() if row[name] else None for name in ("received_at", "closed_at")}
    responsible = str(row["responsible"]) if row["responsible"] else None
    return {"case_id": str(row["case_id"]), **codes, **moments, "responsible": responsible}
