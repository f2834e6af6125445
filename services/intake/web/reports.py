"""`POST /v1/reports`, `/v1/receipt`, `/v1/receipt/additions`: nothing asks who sends.

A report is never refused for who wrote it; a receipt is opened by its words alone.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from services.intake.domain.draft import NotJson, parse
from services.intake.domain.receipt import Words, advice, as_written, told, words_for
from services.intake.handlers.receipt import follow, progress
from services.intake.handlers.report import Accepted, accept, accept_canary
from services.intake.secrets import Secrets
from services.intake.store.receipt import Followed
from services.intake.web.pace import Pace
from services.intake.web.patience import Patience
from services.intake.web.questions import questions
from services.intake.web.scores import Worker
from services.intake.web.words import say
from shared import canary
from shared.beside import beside
from shared.calendar import judge_by
from shared.delivery.outbox import Transactions
from shared.events.codes import Verification
from shared.ids import ReportId
from shared.postgres.again import once_more
from shared.postgres.faults import INFRASTRUCTURE
from shared.web.application import BODY_LIMIT, body
from shared.web.language import Language
from shared.web.problems import Problem, TooLarge, Unavailable
from shared.web.sign_in import signed_in

_RECEIPT_LIMIT = 4096


@dataclass(frozen=True, slots=True)
class Door:
    """What the routes stand on."""

    transactions: Transactions
    secrets: Secrets
    duty_phone: str
    shared_devices: bool = False
    patience: Patience = field(default_factory=Patience)
    pace: Pace = field(default_factory=Pace)
    worker: Worker | None = None
    """Who knows what a text may be about; None where nobody does."""

    async def accept(
        self, request: Request, raw: bytes, *, key: str | None, adds_to: ReportId | None = None
    ) -> Accepted:
        """Store a report of whoever sends it, and answer on the beat. Raises what `accept` raises."""
        verified = self.verification(request)
        async with self.pace.evenly():
            return await accept(self.transactions, self.secrets, raw, key=key, adds_to=adds_to, verified=verified)

    def verification(self, request: Request) -> Verification | None:
        """Whether the sender is known by their sign-in; a token that proves nothing refuses nothing.

        On devices that people share the session may be a colleague's.
        """
        by_browser = "authorization" not in request.headers
        known = signed_in(request) is not None and not (by_browser and self.shared_devices)
        return Verification.SIGNED_IN if known else None


class NoReceipt(Exception):
    """No report has these words, as they were typed."""

    def __init__(self, words: Words) -> None:
        self.words = words
        super().__init__("no report has these words")


def routes(door: Door) -> list[Route]:
    """The routes."""
    return [
        Route("/v1/reports", partial(_refusing, door, _post_report), methods=["POST"]),
        Route("/v1/questions", partial(_refusing, door, _post_questions), methods=["POST"]),
        Route("/v1/receipt", partial(_refusing, door, _post_receipt), methods=["POST"]),
        Route("/v1/receipt/additions", partial(_refusing, door, _post_addition), methods=["POST"]),
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
        return await once_more(lambda: act(door, request))
    except NotJson:
        raise refusal(400, "not_json") from None
    except TooLarge:
        raise refusal(413, "too_large") from None
    except NoReceipt:
        raise refusal(404, "no_receipt") from None
    except INFRASTRUCTURE:
        raise refusal(503, "unavailable") from None


async def _post_report(door: Door, request: Request) -> JSONResponse:
    raw = await body(request)
    accepted = await canary_of(door, request)
    accepted = accepted or await door.accept(request, raw, key=request.headers.get("idempotency-key"))
    return JSONResponse(answer(accepted, door.secrets), 201)


async def _post_questions(door: Door, request: Request) -> JSONResponse:
    """What to ask about a report before it is sent. Nothing is stored."""
    lang = Language.ENGLISH if request.headers.get("accept-language", "").lower().startswith("en") else Language.DANISH
    asked = await questions(await body(request), door.worker, door.transactions.clock, lang)
    return JSONResponse({"questions": [each.told() for each in asked]})


async def canary_of(door: Door, request: Request) -> Accepted | None:
    """The canary that this request is, by the leave it carries; None for everybody else's."""
    token = request.headers.get(canary.HEADER)
    return await accept_canary(door.transactions, door.secrets, token) if token else None


def answer(accepted: Accepted, secrets: Secrets) -> dict[str, object]:
    """What the sender of a report is told."""
    words = words_for(accepted.report_id, secrets.lookup)
    draft = accepted.draft
    return {
        "report_id": str(accepted.report_id),
        "reference": words.reference,
        "code": words.code,
        "received_at": accepted.received_at.isoformat(),
        "judge_by": judge_by(accepted.received_at).isoformat(),
        "advice": advice(draft.signs, draft.reporter_kind, conflict_declared=draft.conflict_declared),
        "unread": list(draft.unread),
    }


async def _post_receipt(door: Door, request: Request) -> JSONResponse:
    asked = await _fields(request, _RECEIPT_LIMIT)
    found = await find(door, _words(asked))
    now = door.transactions.clock.now()
    first, *additions = await progress(door.transactions, found.report_id)
    view = told(first.progress, informed=first.informed, now=now)
    more = [told(each.progress, informed=each.informed, now=now) for each in additions]
    return JSONResponse(view | ({"additions": more} if more else {}))


async def _post_addition(door: Door, request: Request) -> JSONResponse:
    """A report in the case of the one whose words are sent; the words themselves are not stored with it."""
    given = await _fields(request)
    found = await find(door, _words(given))
    report = {name: value for name, value in given.items() if name not in ("reference", "code")}
    raw = json.dumps(report, ensure_ascii=False).encode("utf-8", "surrogatepass")
    key = request.headers.get("idempotency-key")
    accepted = await door.accept(request, raw, key=key, adds_to=found.report_id)
    return JSONResponse(answer(accepted, door.secrets), 201)


async def find(door: Door, words: Words) -> Followed:
    """The report these words belong to. Raises `NoReceipt`, late, and as late for a wrong code as for no report."""
    began = asyncio.get_running_loop().time()
    found = await follow(door.transactions, door.secrets, words)
    if found is None:
        await door.patience.wrong(as_written(words.reference)[:16], since=began)
        raise NoReceipt(words)
    return found


async def _fields(request: Request, limit: int = BODY_LIMIT) -> dict[str, object]:
    raw = await body(request, limit)
    asked = await beside(len(raw), parse, raw)
    return asked if isinstance(asked, dict) else {}


def _words(fields: dict[str, object]) -> Words:
    return Words(str(fields.get("reference")), str(fields.get("code")))
