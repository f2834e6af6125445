"""What people record of a clock beside their judgement: that the reporter has the receipt (Barnets lov § 138)."""

from functools import partial
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from services.escalation.domain.access import ANSWERS
from services.escalation.handlers import deadline
from services.escalation.store import report
from services.escalation.web.api import Api, SentInstant, Versioned, acting
from shared.ids import ReportId
from shared.web.problems import Problem


def routes(api: Api) -> list[Route]:
    """The routes."""
    return [Route("/v1/reports/{id}/receipt", partial(_receipt_given, api), methods=["POST"])]


class ReceiptGiven(Versioned):
    """When the reporter was told that the report has come, by phone say."""

    given_at: SentInstant


async def _receipt_given(api: Api, request: Request) -> JSONResponse:
    async with acting(api, request, ReceiptGiven, may=ANSWERS, find=report.case_of) as act:
        at = act.asked.given_at
        if at > act.tx.now:
            raise Problem(422, "not_yet", "`given_at` lies in the future: record it when it has been given.")
        report_id = ReportId(UUID(request.path_params["id"]))
        await deadline.receipt_given(act.tx, act.who, act.case_id, report_id, at)
        return await act.done(None)
