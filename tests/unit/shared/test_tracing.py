"""Spans: an empty poll leaves none, no caller switches recording off, and each says which case it is about."""

import httpx2
import pytest
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import SpanKind
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shared.telemetry import tracing
from shared.web.application import application


def exported(*attributes: dict[str, bool]) -> list[str]:
    """The names of the root spans with these attributes that reach the exporter; they are numbered."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(tracing.Exporting(exporter))
    for n, each in enumerate(attributes):
        provider.get_tracer("test").start_span(str(n), attributes=each).end()
    provider.shutdown()
    return [span.name for span in exporter.get_finished_spans()]


def test_an_empty_poll_leaves_no_span_and_all_else_does() -> None:
    assert exported({tracing.IDLE: True}, {}, {tracing.IDLE: False}) == ["1", "2"]


def test_no_flag_of_a_caller_switches_recording_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace, "set_tracer_provider", lambda _: None)
    provider = tracing.start_tracing(Resource.create({}), "")
    unsampled = tracing.context_of("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00")
    span = provider.get_tracer("test").start_span("POST", unsampled, SpanKind.SERVER)
    assert span.is_recording()
    assert (tracing.traceparent_of(span) or "").endswith("-01")


@pytest.mark.parametrize("flags", ["00", "01"])
@pytest.mark.parametrize(
    ("path", "goes_on"),
    [
        *(("/v1/reports", False), ("/", False), ("/rules", False)),
        *(("/events", True), ("/events/known", True), ("/internal/reports/phone", True)),
    ],
)
async def test_an_outsiders_trace_is_linked_and_that_of_a_service_goes_on(
    path: str, goes_on: bool, flags: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider(ALWAYS_ON)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "_TRACER", provider.get_tracer("test"))
    theirs = "0af7651916cd43dd8448eb211c80319c"

    async def ready() -> list[str]:
        return []

    async def done(_request: Request) -> Response:
        return Response()

    app = application([Route(path, done, methods=["POST"])], ready=ready)
    headers = {"traceparent": f"00-{theirs}-b7ad6b7169203331-{flags}"}
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://x") as client:
        await client.post(path, headers=headers)
        await client.post(path, headers={"traceparent": "00-nothing"})
    linked, alone = exporter.get_finished_spans()
    assert (f"{linked.context.trace_id:032x}" == theirs, linked.parent is not None) == (goes_on, goes_on)
    assert [f"{link.context.trace_id:032x}" for link in linked.links] == ([] if goes_on else [theirs])
    assert (alone.parent, alone.links) == (None, ())
