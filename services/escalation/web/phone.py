"""A report that somebody phones in about a case: whoever takes the call has seen what was there, and writes it down.

What was said goes through to intake, which keeps it sealed; nothing of it stays here.
"""

from functools import partial
from typing import Any

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from services.escalation.domain.access import ANSWERS
from services.escalation.handlers import act as acts
from services.escalation.web.act import Acknowledge
from services.escalation.web.api import Api, SentInstant, acting
from services.escalation.web.entries import NotStored
from shared.evidence import record


class PhoneReport(Acknowledge):
    """What was said, when; `covers_report_no` as in any answer."""

    received_at: SentInstant
    text: str = ""
    reporter: dict[str, Any] = Field(default_factory=dict)
    answers: tuple[dict[str, Any], ...] = ()


def routes(api: Api) -> list[Route]:
    """The routes."""
    return [Route("/v1/cases/{id}/phone-report", partial(_phone_report, api), methods=["POST"])]


async def _phone_report(api: Api, request: Request) -> JSONResponse:
    """Answer for what was shown, then hand the new report on; it comes back as any report does."""
    async with acting(api, request, PhoneReport, may=ANSWERS) as act:
        covers, promise = act.asked.covers_report_no, act.asked.promise
        refused = await acts.acknowledge(act.tx, act.who, act.case_id, covers=covers, promise=promise)
        await record(act.tx, act.case_id, act="phone_report", actor=act.who.person_id, facts={})
        told = await act.after(refused)
    if api.entries is None:
        raise NotStored
    report = act.asked.model_dump_json(
        include={"received_at", "text", "answers", *(["reporter"] if act.asked.reporter else [])}
    ).encode()
    stored = await api.entries.write_down(act.case_id, act.who.person_id, report)
    return JSONResponse({**told, "sent": stored})
