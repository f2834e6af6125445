"""What other services may ask: a report, read by escalation's grant. No person reaches these routes."""

import json
import re
from functools import partial
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.intake.handlers.disclosure import disclose
from services.intake.secrets import Secrets
from shared.auth import NotSignedIn
from shared.auth.grants import Grant
from shared.auth.services import ServiceTokens
from shared.delivery.outbox import Transactions
from shared.web.problems import Problem

_HALF_A_PAIR = re.compile("[\ud800-\udfff]")


def internal_routes(transactions: Transactions, secrets: Secrets, tokens: ServiceTokens) -> list[Route]:
    """The routes."""
    read = partial(_read, transactions, secrets, tokens)
    return [Route("/internal/reports/{id}/read", read, methods=["POST"])]


async def _read(transactions: Transactions, secrets: Secrets, tokens: ServiceTokens, request: Request) -> Response:
    call = tokens.call(request.headers.get("authorization"))
    grant = Grant.of(call.claims)
    if call.key_id != "escalation" or not _names(request, grant):
        raise NotSignedIn("the token does not grant this")
    shown = await disclose(transactions, secrets, grant)
    if shown is None:
        raise Problem(404, "not_found", "There is no such report, or the grant has been used.")
    return Response(_whole(json.dumps(shown, ensure_ascii=False)), media_type="application/json")


def _whole(told: str) -> bytes:
    """The JSON as UTF-8; half a pair, which JSON can hold and UTF-8 cannot, becomes U+FFFD, so that places stay."""
    return _HALF_A_PAIR.sub("\ufffd", told).encode()


def _names(request: Request, grant: Grant) -> bool:
    try:
        return UUID(request.path_params["id"]) == grant.report_id
    except ValueError:
        return False
