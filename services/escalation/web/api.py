"""What every route stands on: who asks, what they send, the case they see locked, and the refusals they share."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence, Set
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, Generic, TypeVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse

from services.escalation.contacts import Contacts, Standing
from services.escalation.domain.access import ANSWERS
from services.escalation.domain.escalation import Refused
from services.escalation.handlers import reading
from services.escalation.store import case, report
from services.escalation.store import reading as store
from services.escalation.web.entries import Entries
from services.escalation.web.view import Json, case_as_told
from shared.auth.grants import ReadPurpose
from shared.auth.people import Person, Role
from shared.calendar import EARLIEST, LATEST
from shared.delivery.outbox import Transaction, Transactions
from shared.events.model import Count
from shared.ids import CaseId
from shared.postgres.pool import Connection
from shared.sealing import KeyRing
from shared.telemetry.tracing import link_running_to
from shared.web.application import body
from shared.web.application import fields as request_fields
from shared.web.problems import Problem
from shared.web.sign_in import asked_by


@dataclass(frozen=True, slots=True)
class Api:
    """What the routes are given."""

    transactions: Transactions
    keys: KeyRing
    contacts: Contacts | None = None
    """The way to notify, where its address is known."""
    entries: Entries | None = None
    """The way to intake for what staff write down, or look for."""
    peers: Mapping[str, str] = field(default_factory=dict)
    """The services' addresses by name."""
    usual_per_minute: int = 20

    async def standing(self, ids: Sequence[UUID]) -> Mapping[UUID, Standing]:
        """How the contact point of each person or desk stands."""
        return await self.contacts.standing(ids) if self.contacts else dict.fromkeys(ids, Standing())

    def who(self, request: Request) -> Person:
        """Who is asking. Raises `NotSignedIn`."""
        return asked_by(request)


SentInstant = Annotated[AwareDatetime, Field(ge=EARLIEST, le=LATEST)]
"""A moment that a person sends."""


class Body(BaseModel):
    """What a person sends with an act."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", hide_input_in_errors=True)


class Versioned(Body):
    """An act on the case as it was read: a stale version is answered with the case as it is now."""

    version: Count


B = TypeVar("B", bound=Body)
FORM = "application/x-www-form-urlencoded"


class NotFound(Problem):
    """The same for what does not exist and for what the person may not see, to the byte."""

    def __init__(self) -> None:
        super().__init__(404, "not_found", "There is no such case here.")


class Forbidden(Problem):
    """The case is seen, but this takes another role."""

    def __init__(self, may: Set[Role]) -> None:
        super().__init__(403, "forbidden", f"This takes the role {' or '.join(sorted(may))}.")


async def read(request: Request, model: type[B]) -> B:
    """The body, JSON or a form. Raises a problem that names fields and kinds of error, never what was sent."""
    try:
        if request.headers.get("content-type", "").startswith(FORM):
            return model.model_validate_strings(await request_fields(request))
        return model.model_validate_json(await body(request) or b"{}")
    except ValidationError as error:
        raise _unreadable(error) from None


def _unreadable(error: ValidationError) -> Problem:
    found = [{"field": ".".join(map(str, each["loc"])), "error": each["type"]} for each in error.errors()]
    if any(each["error"] == "json_invalid" or not each["field"] for each in found):
        return Problem(400, "not_json", "Send a JSON object.")
    names = ", ".join(sorted({each["field"] for each in found}))
    return Problem(422, "invalid", f"Look at {names}: see the service's OpenAPI document.", fields=found)


Find = Callable[[Connection, UUID], Awaitable[CaseId | None]]
"""Finds the case that an id in an address lies in."""


async def itself(_conn: Connection, named: UUID) -> CaseId | None:
    """For an address that names the case."""
    return CaseId(named)


async def seen_case(
    tx: Transaction, request: Request, who: Person, find: Find = itself, *, lock: bool, may_see: Set[Role] = ANSWERS
) -> CaseId:
    """The case that the address's `id` names. Raises `NotFound` unless the person sees it."""
    try:
        case_id = await find(tx.conn, UUID(request.path_params["id"]))
    except ValueError:
        raise NotFound from None
    look = case.lock_seen if lock else case.seen
    sees = await look(tx.conn, case_id, who, may_see)  # also of no case: what is not there takes as long
    if case_id is None or not sees:
        raise NotFound
    return case_id


async def require_purpose(tx: Transaction, who: Person, case_id: CaseId) -> ReadPurpose:
    """Why the person looks into the case. Raises where they have not said it, or not that they know nobody in it."""
    said = await store.purpose(tx.conn, case_id, who.person_id)
    if said is None or said[1] < await report.newest_no(tx.conn, case_id):
        detail = "Words are shown to whoever has said why they look: answer the questions on the case's screen first."
        raise Problem(403, "purpose_needed", detail)
    return said[0]


@dataclass(frozen=True, slots=True)
class Act(Generic[B]):
    """A person about to do something with a case that they see and that is locked."""

    api: Api
    tx: Transaction
    who: Person
    case_id: CaseId
    asked: B

    async def told(self) -> Json:
        """The case as it is now."""
        return await case_as_told(self.tx, self.case_id, self.who)

    async def after(self, refused: Refused | None) -> Json:
        """The case after the act. Raises the problem that a refusal by the rules is; nothing was changed then."""
        told = await self.told()
        if refused is not None:
            raise _refusal(refused, told)
        return told

    async def done(self, refused: Refused | None) -> JSONResponse:
        """That case as an answer. Raises as `after` does."""
        return JSONResponse(await self.after(refused))


@asynccontextmanager
async def acting(
    api: Api, request: Request, model: type[B], *, may: Set[Role], find: Find = itself
) -> AsyncIterator[Act[B]]:
    """An act in its transaction: signed in, readable, seen, allowed, not stale. Raises the problem that it is not."""
    who = api.who(request)
    asked = await read(request, model)
    try:
        async with api.transactions.begin("act") as tx:
            case_id = await seen_case(tx, request, who, find, lock=True)
            if not who.roles & may:
                raise Forbidden(may)
            act = Act(api, tx, who, case_id, asked)
            stored = await case.get(tx.conn, case_id)
            link_running_to(stored["traceparent"])
            if isinstance(asked, Versioned) and asked.version != stored["version"]:
                detail = "The case has changed since you read it. Look at `case`, then decide again."
                raise Problem(409, "stale", detail, case=await act.told())
            yield act
    except Problem as problem:
        # A refusal that shows the case has undone the note that it was shown, with the act.
        if "case" in problem.members:
            async with api.transactions.begin("note view") as tx:
                await reading.viewed(tx, who, case_id)
        raise


_REFUSALS = {
    "not_shown": "You can only answer for reports that are in the case and were shown to you.",
    "not_read": "You can only judge reports together that you have opened and that are in the case.",
    "not_acknowledged": "Somebody must take the case first.",
    "unjudged": "Every report must be judged first: see `report_ids`.",
    "closing_already": "Somebody has asked to close it; a second person must answer that first.",
    "closed_already": "The case is closed.",
    "answered_already": "Somebody has answered meanwhile.",
    "not_higher": "It is taken for that or more already.",
    "not_lower": "It is not taken for more than that.",
    "lowering_already": "Somebody has asked that already; a second person must answer first.",
    "not_responsible": "Only whoever is responsible, or a leader, hands a case over.",
    "has_it_already": "That person is responsible already.",
    "nothing_left": "One report and one child must stay in the case.",
    "nothing_chosen": "Name a report or a child.",
    "unit_already": "That unit has the case already.",
    "may_not_take": "That person cannot take this case.",
    "not_waiting": "This is not waiting for an answer any more.",
}


def _refusal(refused: Refused, told: Json) -> Problem:
    if refused.reason == "own_request":
        return Problem(403, "own_request", "Another person than the one who asked must answer.")
    state = told["escalation"]["state"]
    detail = f"{_REFUSALS[refused.reason]} The case is {state}."
    report_ids = [str(each) for each in refused.report_ids]
    return Problem(409, refused.reason, detail, state=state, report_ids=report_ids, case=told)
