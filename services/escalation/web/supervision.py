"""Who read what: the cases that people looked into, every reading of a period, and what they searched for."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from functools import partial

import asyncpg
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from services.escalation.domain.access import READS_EVIDENCE
from services.escalation.store import case, evidence, search
from services.escalation.web.api import Api, Forbidden
from services.escalation.web.evidence import entry
from services.escalation.web.search import ON_A_PAGE, page_in
from services.escalation.web.view import Json
from shared.auth.people import Person
from shared.evidence import record
from shared.ids import CaseId

PERIOD = timedelta(days=31)
"""How far back the lists and the export look. A case's own evidence is always whole."""
AT_MOST = 20_000


def routes(api: Api) -> list[Route]:
    """The routes."""
    return [
        Route("/v1/reads", partial(_reads, api), methods=["GET"]),
        Route("/v1/reads/export", partial(_export, api), methods=["POST"]),
        Route("/v1/searches", partial(_searches, api), methods=["GET"]),
    ]


async def _reads(api: Api, request: Request) -> JSONResponse:
    """A page of the cases that somebody looked into, the last one first."""
    who, page = _supervising(api, request), page_in(request)
    async with api.transactions.begin("read reads") as tx:
        since, skip = tx.now - PERIOD, (page - 1) * ON_A_PAGE
        rows = await evidence.cases_read(tx.conn, who, since=since, limit=ON_A_PAGE + 1, skip=skip)
    found = [_case(row) for row in rows[:ON_A_PAGE]]
    return JSONResponse({"page": page, "more": len(rows) > ON_A_PAGE, "cases": found})


async def _export(api: Api, request: Request) -> JSONResponse:
    """Every reading of the period, the newest first. That it was read is the next entry of each case in it."""
    who = _supervising(api, request)
    async with api.transactions.begin("export reads") as tx:
        rows = await evidence.reads(tx.conn, who, since=tx.now - PERIOD, limit=AT_MOST)
        entries = Counter(CaseId(row["case_id"]) for row in rows)
        await case.lock_all(tx.conn, list(entries))
        for case_id, count in entries.items():
            await record(tx, case_id, act="evidence_read", actor=who.person_id, facts={"entries": count})
    # Beside the event loop: a month of readings takes longer than others may wait.
    return await asyncio.to_thread(lambda: JSONResponse(_exported(rows)))


def _exported(rows: Sequence[asyncpg.Record]) -> Json:
    told = [{"case_id": str(row["case_id"]), **entry(row)} for row in rows]
    return {"complete": len(rows) < AT_MOST, "entries": told}


async def _searches(api: Api, request: Request) -> JSONResponse:
    """A page of what people looked for, the newest first; of the cases, those that the reader sees."""
    who, page = _supervising(api, request), page_in(request)
    async with api.transactions.begin("read searches") as tx:
        rows = await search.newest(tx.conn, who, limit=ON_A_PAGE + 1, skip=(page - 1) * ON_A_PAGE)
    found = [_search(row) for row in rows[:ON_A_PAGE]]
    return JSONResponse({"page": page, "more": len(rows) > ON_A_PAGE, "searches": found})


def _supervising(api: Api, request: Request) -> Person:
    who = api.who(request)
    if not who.roles & READS_EVIDENCE:
        raise Forbidden(READS_EVIDENCE)
    return who


def _case(row: asyncpg.Record) -> Json:
    counts = {name: row[name] for name in ("unit", "people", "entries", "unusual")}
    return {"case_id": str(row["case_id"]), **counts, "last_at": row["last_at"].isoformat()}


def _search(row: asyncpg.Record) -> Json:
    named = {"at": row["at"].isoformat(), "by": str(row["person_id"]), "kind": row["kind"]}
    return {**named, **{name: [str(each) for each in row[name]] for name in ("shown", "hidden")}}
