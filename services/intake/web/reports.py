"""`POST /v1/reports` and `POST /v1/receipt`. Nothing asks who sends: a report is never refused for who wrote it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from services.intake.domain.draft import NotJson, parse
from services.intake.domain.receipt import Words, advice, told, words_for
from services.intake.handlers.receipt import follow
from services.intake.handlers.report import Accepted, accept
from services.intake.secrets import Secrets
from services.intake.web.words import say
from shared.calendar import judge_by
from shared.delivery.outbox import INFRASTRUCTURE, Transactions
from shared.web.application import body
from shared.web.problems import Problem, TooLarge, Unavailable

_RECEIPT_LIMIT = 4096


@dataclass(frozen=True, slots=True)
class Door:
    """What the routes stand on."""

    transactions: Transactions
    secrets: Secrets
    duty_phone: str


def routes(door: Door) -> list[Route]:
    """The routes."""
    return [
        Route("/v1/reports", partial(_refusing, door, _post_report), methods=["POST"]),
        Route("/v1/receipt", partial(_refusing, door, _post_receipt), methods=["POST"]),
    ]


async def _refusing(
    door: Door, act: Callable[[Door, Request], Awaitable[JSONResponse]], request: Request
) -> JSONResponse:
    """Do the act; every refusal tells the duty phone number, because the person behind it still has a concern."""

    def refusal(status: int, code: str) -> Problem:
        detail = say(code, request, duty_phone=door.duty_phone)
        if status == 503:
            return Unavailable(detail, duty_phone=door.duty_phone)
        return Problem(status, code, detail, duty_phone=door.duty_phone)

    try:
        return await act(door, request)
    except NotJson:
        raise refusal(400, "not_json") from None
    except TooLarge:
        raise refusal(413, "too_large") from None
    except _NoReceipt:
        raise refusal(404, "no_receipt") from None
    except INFRASTRUCTURE:
        raise refusal(503, "unavailable") from None


class _NoReceipt(Exception):
    """No report has these words."""


async def _post_report(door: Door, request: Request) -> JSONResponse:
    raw = await body(request)
    accepted = await accept(door.transactions, door.secrets, raw, key=request.headers.get("idempotency-key"))
    return JSONResponse(_answer(accepted, door.secrets), 201)


def _answer(accepted: Accepted, secrets: Secrets) -> dict[str, object]:
    words = words_for(accepted.report_id, secrets.lookup)
    draft = accepted.draft
    return {
        "report_id": str(accepted.report_id),
        "reference": words.reference,
        "code": words.code,
        "received_at": accepted.received_at.isoformat(),
        "judge_by": judge_by(accepted.received_at).isoformat(),
        "advice": advice(draft.signs, conflict_declared=draft.conflict_declared),
        "unread": list(draft.unread),
    }


async def _post_receipt(door: Door, request: Request) -> JSONResponse:
    asked = parse(await body(request, _RECEIPT_LIMIT))
    fields = asked if isinstance(asked, dict) else {}
    found = await follow(door.transactions, door.secrets, Words(str(fields.get("reference")), str(fields.get("code"))))
    if found is None:
        raise _NoReceipt
    return JSONResponse(told(found.progress, found.reporter_kind, now=door.transactions.clock.now()))
