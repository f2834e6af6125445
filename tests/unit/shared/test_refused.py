"""What could not be done leaves a count, a line in the log and a failed span; gauges that cannot be read are gone."""

from collections.abc import Mapping

import asyncpg
import httpx2
import pytest
from opentelemetry.metrics import CallbackOptions
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from structlog.testing import capture_logs

from shared.auth import NotSignedIn
from shared.telemetry import metrics, tracing
from shared.web import application as edge
from shared.web.problems import Unavailable
from tests.support.services import NOON, Hands


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "_TRACER", provider.get_tracer("test"))
    return exporter


async def get(path: str) -> int:
    async def away(_request: Request) -> JSONResponse:
        raise Unavailable("Ring.")

    async def stranger(_request: Request) -> JSONResponse:
        raise NotSignedIn("no token")

    async def fails(_request: Request) -> JSONResponse:
        raise ValueError("secret words")

    async def ready() -> list[str]:
        return ["database"]

    routes = [Route("/away", away), Route("/stranger", stranger), Route("/fails/{id}", fails)]
    transport = httpx2.ASGITransport(edge.application(routes, ready=ready))
    async with httpx2.AsyncClient(transport=transport, base_url="http://edge") as client:
        return (await client.get(path)).status_code


def counted(route: str, status: str) -> int | float:
    seen = {
        (labels["http_route"], labels["status"]): each.value
        for each in edge._refused._observed(CallbackOptions())
        if (labels := each.attributes)
    }
    return seen.get((route, status), 0)


@pytest.mark.parametrize(
    ("path", "route", "status"), [("/away", "/away", 503), ("/fails/7", "/fails/{id}", 500)], ids=["away", "fault"]
)
async def test_what_could_not_be_done_is_counted_logged_and_a_failed_span(
    path: str, route: str, status: int, spans: InMemorySpanExporter
) -> None:
    before = counted(route, str(status))
    with capture_logs() as said:
        assert await get(path) == status
    assert counted(route, str(status)) == before + 1
    (server,) = spans.get_finished_spans()
    assert server.status.status_code is StatusCode.ERROR
    (refused,) = [line for line in said if line["event"] == "http.refused"]
    assert (refused["path"], refused["status"], refused["log_level"]) == (route, status, "error")
    assert "secret words" not in str(said)


async def test_an_unknown_caller_is_counted_and_no_failure(spans: InMemorySpanExporter) -> None:
    before = counted("/stranger", "401")
    assert await get("/stranger") == 401
    assert counted("/stranger", "401") == before + 1
    (server,) = spans.get_finished_spans()
    assert server.status.status_code is StatusCode.UNSET


async def test_probes_of_readiness_are_no_failed_requests() -> None:
    before = counted("/ready", "503")
    assert await get("/ready") == 503
    assert counted("/ready", "503") == before


async def test_a_look_that_fails_leaves_no_values_and_tells_when_the_last_one_succeeded() -> None:
    clock = Hands()
    look = metrics.Look("test", {"beredskab.test": "A gauge."}, clock)

    async def found() -> Mapping[str, float]:
        return {"beredskab.test": 7.0}

    async def fails() -> Mapping[str, float]:
        raise asyncpg.ConnectionDoesNotExistError

    await look.take(found())
    assert look.values == {"beredskab.test": 7.0}
    clock.pass_by(minutes=5)
    with pytest.raises(asyncpg.ConnectionDoesNotExistError):
        await look.take(fails())
    assert look.values == {}
    looked = {dict(each.attributes or {})["look"]: each.value for each in metrics._looks(CallbackOptions())}
    assert looked["test"] == NOON.timestamp()
