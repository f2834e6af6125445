"""`POST /events`: where other services hand urgent facts over themselves, while Kafka is away; and what has arrived.

CloudEvents over HTTP in binary mode (HTTP Protocol Binding 1.0.2 § 3.1): the same headers, `ce-` for `ce_`, the same
body, the same inbox. 204 says that the fact has had its effect here, or needs none; 503 that it must come again.
"""

from typing import Annotated
from uuid import UUID

from annotated_types import MaxLen
from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared.auth.services import ServiceTokens
from shared.delivery.arrival import Arrival
from shared.delivery.kafka import MAX_BYTES
from shared.delivery.reception import Reception
from shared.events.consumers import TOPICS, publisher_of
from shared.telemetry.tracing import current_traceparent, process_span
from shared.web.application import body
from shared.web.problems import Problem, Unavailable

PATH = "/events"
KNOWN = "/events/known"
_IDS = TypeAdapter(Annotated[list[UUID], MaxLen(500)])
_CARRIED = ("content-type", "traceparent")


def events_route(group: str, reception: Reception, tokens: ServiceTokens) -> Route:
    """The route. The caller proves who it is, and is believed facts of its own alone."""

    async def post_event(request: Request) -> Response:
        caller = tokens.caller(request.headers.get("authorization"))
        _demand_own(request, caller)
        arrival = Arrival(TOPICS[caller], _headers(request), await body(request, MAX_BYTES))
        await _take(group, reception, arrival)
        return Response(status_code=204)

    return Route(PATH, post_event, methods=["POST"])


def known_route(reception: Reception, tokens: ServiceTokens) -> Route:
    """`POST /events/known`: which of these facts are here. Whoever told them asks, because Kafka may have lost some."""

    async def post_known(request: Request) -> Response:
        tokens.caller(request.headers.get("authorization"))
        try:
            asked = _IDS.validate_json(await body(request, MAX_BYTES))
        except ValidationError:
            raise Problem(400, "not_ids", "Ask with a JSON list of at most 500 event ids.") from None
        return JSONResponse([str(each) for each in await reception.known(asked)])

    return Route(KNOWN, post_known, methods=["POST"])


def _demand_own(request: Request, caller: str) -> None:
    own = caller in TOPICS and request.headers.get("ce-source") == caller
    if not own or publisher_of(request.headers.get("ce-type", "")) not in (caller, None):
        raise Problem(403, "not_its_publisher", "A service may tell facts of its own alone: check ce-source.")


def _headers(request: Request) -> tuple[tuple[str, bytes | None], ...]:
    named = ((name.decode("latin-1"), value) for name, value in request.headers.raw)
    return tuple(
        (name.replace("ce-", "ce_", 1), value) for name, value in named if name in _CARRIED or name.startswith("ce-")
    )


async def _take(group: str, reception: Reception, arrival: Arrival) -> None:
    opened = await reception.open(arrival)
    if opened is None:
        return
    with process_span(
        arrival.topic,
        group=group,
        partition=None,
        offset=None,
        event_id=str(opened.envelope.id),
        traceparent=current_traceparent(),
        case_id=str(opened.event.case_id),
        event_type=opened.event.type,
    ):
        if not await reception.deliver(arrival, opened):
            raise Unavailable("The fact could not be taken in. Send it again.")
