"""Spans: an empty poll leaves none, no caller switches recording off, and each says which case it is about."""

import pytest
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from shared.telemetry import tracing


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
