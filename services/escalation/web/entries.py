"""Handing intake a report that somebody said on the phone, with a grant that names the case and the person."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import httpx2

from services.escalation.web.view import Json
from shared.auth.services import ServiceTokens
from shared.ids import CaseId, PersonId
from shared.telemetry.logging import error_code, log
from shared.telemetry.tracing import current_traceparent
from shared.web.problems import Problem, Unavailable


class NotDone(Unavailable):
    """intake did not answer: the reason is kept, and nothing else has changed."""

    def __init__(self) -> None:
        super().__init__("It is not done yet. Send the same once more.")


class NotFoundNow(Unavailable):
    """intake did not answer: whether there is such a case is not known."""

    def __init__(self) -> None:
        super().__init__("It cannot be looked up right now. Ask again.")


class NotStored(Unavailable):
    """intake did not take it: whoever wrote it down still has it before them."""

    def __init__(self) -> None:
        super().__init__("The case is yours, but the report is not stored yet. Send the same once more.")


@dataclass(slots=True)
class Entries:
    """The way to intake's door for what staff write down."""

    intake_url: str
    tokens: ServiceTokens
    client: httpx2.AsyncClient = field(default_factory=lambda: httpx2.AsyncClient(timeout=5, trust_env=False))

    async def belong(self, act: str, case_id: CaseId, by: PersonId, ids: Sequence[UUID]) -> None:
        """Have intake do what a person said of what belongs together; done already is done.

        Raises `NotDone`, and what intake says that cannot be done.
        """
        named = {"case_id": str(case_id), "person_id": str(by), "ids": ",".join(map(str, ids))}
        headers = {"Authorization": f"Bearer {self.tokens.token('intake', {'act': act, **named})}"}
        if traceparent := current_traceparent():
            headers["traceparent"] = traceparent
        try:
            answer = await self.client.post(f"{self.intake_url}/internal/cases/belonging", headers=headers)
            if answer.status_code == 409:
                raise Problem(409, "nothing_left", "One report and one child must stay in the case.")
            answer.raise_for_status()
        except httpx2.HTTPError as error:
            log().error("belonging.not_done", case_id=case_id, error=error_code(error))
            raise NotDone from None

    async def find(self, **sought: str) -> list[CaseId]:
        """The cases that belong to a `reference` or to a child's `cpr`. Raises `NotFoundNow`, or that it is no number.

        It goes in the body, which nothing keeps. Neither the log nor the span tells it.
        """
        headers = {"Authorization": f"Bearer {self.tokens.token('intake')}"}
        if traceparent := current_traceparent():
            headers["traceparent"] = traceparent
        try:
            answer = await self.client.post(f"{self.intake_url}/internal/cases/find", json=sought, headers=headers)
            if answer.status_code == 422:
                raise Problem(422, "no_cpr", "That is no CPR number: ten digits that begin with a day.")
            answer.raise_for_status()
            return [CaseId(UUID(each)) for each in answer.json()["case_ids"]]
        except (httpx2.HTTPError, ValueError, KeyError) as error:
            log().error("search.not_done", error=error_code(error))
            raise NotFoundNow from None

    async def write_down(self, case_id: CaseId, by: PersonId, report: bytes) -> Json:
        """Store a report in the case. The same words again are the same report. Raises `NotStored`."""
        token = self.tokens.token("intake", {"case_id": str(case_id), "person_id": str(by)})
        headers = {
            "Authorization": f"Bearer {token}",
            "Idempotency-Key": hashlib.sha256(by.bytes + report).hexdigest(),
            "Content-Type": "application/json",
        }
        if traceparent := current_traceparent():
            headers["traceparent"] = traceparent
        try:
            url = f"{self.intake_url}/internal/reports/phone"
            answer = await self.client.post(url, content=report, headers=headers)
            answer.raise_for_status()
            stored: Json = answer.json()
        except (httpx2.HTTPError, ValueError) as error:
            log().error("phone_report.not_stored", case_id=case_id, error=error_code(error))
            raise NotStored from None
        return stored
