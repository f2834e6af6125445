"""A case's evidence, whole, for whoever has to account for it."""

import json
from functools import partial

import asyncpg
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from services.escalation.domain.access import ANSWERS, READS_EVIDENCE
from services.escalation.store import evidence as chain
from services.escalation.web.api import Api, Forbidden, seen_case
from services.escalation.web.view import Json
from shared.evidence import broken_at, record


def routes(api: Api) -> list[Route]:
    """The routes."""
    return [Route("/v1/cases/{id}/evidence", partial(_evidence, api), methods=["GET"])]


async def _evidence(api: Api, request: Request) -> JSONResponse:
    """Codes, ids and instants, and whether the chain holds. That it was read is its next entry."""
    who = api.who(request)
    async with api.transactions.begin("read evidence") as tx:
        case_id = await seen_case(tx, request, who, lock=True, may_see=ANSWERS | READS_EVIDENCE)
        if not who.roles & READS_EVIDENCE:
            raise Forbidden(READS_EVIDENCE)
        entries = [entry(row) for row in await chain.of_case(tx.conn, case_id)]
        broken = await broken_at(tx.conn, case_id, tx.macs)
        await record(tx, case_id, act="evidence_read", actor=who.person_id, facts={"entries": len(entries)})
    return JSONResponse({"case_id": str(case_id), "holds": broken is None, "broken_at": broken, "entries": entries})


def entry(row: asyncpg.Record) -> Json:
    """One entry as the API tells it."""
    return {
        "n": row["n"],
        "at": row["at"].isoformat(),
        "act": row["act"],
        "actor": str(row["actor"]) if row["actor"] else None,
        "facts": json.loads(row["facts"]),
        "hash": row["hash"].hex(),
    }
