"""What a person sees: the work that waits, and one case."""

from functools import partial

import asyncpg
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from services.escalation.store import case, report
from services.escalation.web.api import Api, Find, itself, require_purpose, seen_case
from services.escalation.web.reasons import add_reasons
from services.escalation.web.view import Json, case_as_told


def routes(api: Api) -> list[Route]:
    """The routes."""
    return [
        Route("/v1/work", partial(_work, api), methods=["GET"]),
        Route("/v1/cases/{id}", partial(_case, api), methods=["GET"]),
        Route("/v1/cases/{id}/reasons", partial(_reasons, api), methods=["GET"]),
        Route("/v1/reports/{id}", partial(_case, api, find=report.case_of), methods=["GET"]),
    ]


async def _work(api: Api, request: Request) -> JSONResponse:
    """The cases that wait for something, by their next moment."""
    who = api.who(request)
    async with api.transactions.begin("read work") as tx:
        waiting = await case.work(tx.conn, who)
    return JSONResponse({"work": [_waiting(each) for each in waiting]})


def _waiting(row: asyncpg.Record) -> Json:
    moments = {name: row[name].isoformat() if row[name] else None for name in ("next_at", "judge_by")}
    numbers = {name: row[name] for name in ("version", "newest_report_no", "acknowledged_report_no")}
    responsible = str(row["responsible"]) if row["responsible"] else None
    codes = {"level": row["level"], "state": row["state"], "unit": row["unit"], "responsible": responsible}
    return {"case_id": str(row["case_id"]), **codes, **moments, **numbers}


async def _case(api: Api, request: Request, *, find: Find = itself) -> JSONResponse:
    who = api.who(request)
    async with api.transactions.begin("read case") as tx:
        case_id = await seen_case(tx, request, who, find, lock=False)
        return JSONResponse(await case_as_told(tx, case_id, who, older=older_in(request)))


def older_in(request: Request) -> int:
    """How many of the newest of each list the request leaves out."""
    asked = request.query_params.get("older", "")
    return int(asked) if asked.isdecimal() and len(asked) < 7 else 0


async def _reasons(api: Api, request: Request) -> JSONResponse:
    """The case with the words in which people gave their reasons, for a person who has said why they look."""
    who = api.who(request)
    async with api.transactions.begin("read reasons") as tx:
        case_id = await seen_case(tx, request, who, lock=True)
        why = await require_purpose(tx, who, case_id)
        told = await case_as_told(tx, case_id, who)
        await add_reasons(tx, who, told, api.keys, why=why, reports=told["reports"])
        return JSONResponse(told)
