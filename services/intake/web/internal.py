"""What other services may ask: a report, read by escalation's grant. No person reaches these routes."""

from functools import partial
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from services.intake.handlers.disclosure import disclose
from services.intake.secrets import Secrets
from shared.auth import NotSignedIn
from shared.auth.grants import Grant
from shared.auth.services import ServiceTokens
from shared.delivery.outbox import Transactions
from shared.web.problems import Problem


def internal_routes(transactions: Transactions, secrets: Secrets, tokens: ServiceTokens) -> list[Route]:
    """The routes."""
    read = partial(_read, transactions, secrets, tokens)
    return [Route("/internal/reports/{id}/read", read, methods=["POST"])]


async def _read(transactions: Transactions, secrets: Secrets, tokens: ServiceTokens, request: Request) -> JSONResponse:
    call = tokens.call(request.headers.get("authorization"))
    grant = Grant.of(call.claims)
    if call.key_id != "escalation" or not _names(request, grant):
        raise NotSignedIn("the token does not grant this")
    shown = await disclose(transactions, secrets, grant)
    if shown is None:
        raise Problem(404, "not_found", "There is no such report, or the grant has been used.")
    return JSONResponse(shown)


def _names(request: Request, grant: Grant) -> bool:
    try:
        return UUID(request.path_params["id"]) == grant.report_id
    except ValueError:
        return False
