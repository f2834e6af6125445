"""One concern is one trace, to the mail server and back."""

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from shared.telemetry import tracing
from shared.telemetry.tracing import process_span
from tests.integration.notify.conftest import Notify

TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "_TRACER", provider.get_tracer("beredskab"))
    return exporter


async def ask_within_the_concerns_trace(notify: Notify) -> None:
    traceparent = f"00-{TRACE}-b7ad6b7169203331-01"
    with process_span(
        "escalation.events", group="notify", partition=0, offset=1, event_id="1", traceparent=traceparent
    ):
        await notify.asked()


def named(spans: InMemorySpanExporter, name: str) -> ReadableSpan:
    (found,) = [span for span in spans.get_finished_spans() if span.name == name]
    return found


async def test_the_dialogue_with_the_mail_server_is_a_span_of_the_concerns_trace(
    notify: Notify, spans: InMemorySpanExporter
) -> None:
    await ask_within_the_concerns_trace(notify)
    await notify.send()
    sent = named(spans, "smtp send")
    assert sent.kind is SpanKind.CLIENT
    assert f"{sent.context.trace_id:032x}" == TRACE
    assert dict(sent.attributes or {}) == {
        "server.address": "127.0.0.1",
        "server.port": notify.sink.port,
        "smtp.reply.code": 250,
    }


async def test_the_acceptance_goes_back_in_the_concerns_trace(notify: Notify, spans: InMemorySpanExporter) -> None:
    await ask_within_the_concerns_trace(notify)
    await notify.send()
    traceparent = await notify.ground.pool.fetchval("SELECT headers::json->>'traceparent' FROM outbox")
    assert traceparent.split("-")[1] == TRACE


async def test_an_idle_sender_makes_no_spans(notify: Notify, spans: InMemorySpanExporter) -> None:
    await notify.send()
    assert spans.get_finished_spans() == ()
