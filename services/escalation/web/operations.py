"""How the services are: whether each can do its job, what waits or is set aside here, and what its figures say."""

import asyncio
from collections.abc import Mapping
from functools import partial

import httpx2
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from services.escalation.figures import found as cases_found
from services.escalation.web.api import Api, Forbidden
from services.escalation.web.view import Json
from shared.auth.people import Role
from shared.delivery.figures import found as facts_found

OPERATES = frozenset({Role.OPERATOR})
_PATIENCE = 2.0


def routes(api: Api) -> list[Route]:
    """The routes."""
    return [Route("/v1/operations", partial(_operations, api), methods=["GET"])]


async def _operations(api: Api, request: Request) -> JSONResponse:
    """The services with what each lacks, and the figures by which alarms are raised. No case is in it."""
    who = api.who(request)
    if not who.roles & OPERATES:
        raise Forbidden(OPERATES)
    pool, clock = api.transactions.pool, api.transactions.clock
    figures = await facts_found(pool, clock) | await cases_found(pool, clock.now(), usual=api.usual_per_minute)
    return JSONResponse({"services": await _services(api.peers), "figures": figures})


async def _services(peers: Mapping[str, str]) -> list[Json]:
    async with httpx2.AsyncClient(timeout=_PATIENCE, trust_env=False) as client:
        return list(await asyncio.gather(*(_service(client, name, url) for name, url in sorted(peers.items()))))


async def _service(client: httpx2.AsyncClient, name: str, url: str) -> Json:
    """What its `/ready` says. One that does not answer is not ready, and what it lacks is not known."""
    try:
        told = (await client.get(f"{url}/ready")).json()
        return {"name": name, **{each: told[each] for each in ("ready", "missing", "away")}}
    except (httpx2.HTTPError, ValueError, KeyError, TypeError):
        return {"name": name, "ready": False, "missing": ["no_answer"], "away": []}
