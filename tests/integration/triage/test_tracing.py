"""A rating belongs to the trace of the concern it rates, also when time alone made it."""

from datetime import date

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from services.triage import tick
from shared.telemetry import tracing
from shared.telemetry.tracing import process_span, resource, start_tracing
from tests.integration.triage.conftest import Triage, said

TRACE = "0af7651916cd43dd8448eb211c80319c"


async def traces(triage: Triage) -> list[str]:
    rows = await triage.ground.pool.fetch("SELECT headers::json->>'traceparent' AS parent FROM outbox ORDER BY seq")
    return [row["parent"].split("-")[1] for row in rows]


async def test_every_rating_continues_the_concerns_trace(triage: Triage) -> None:
    start_tracing(resource("triage", "work-0"), "")
    parent = f"00-{TRACE}-b7ad6b7169203331-01"
    with process_span("intake.reports", group="triage", partition=0, offset=1, event_id="1", traceparent=parent):
        report = await triage.reported(said("marriage.planned", date=date(2026, 5, 1)))
    triage.ground.clock.at = await triage.rerate_at(report.case_id)
    assert await tick.run_once(triage.ground.transactions) == 1
    assert await traces(triage) == [TRACE, TRACE]


async def test_a_tick_with_nothing_to_do_leaves_no_span(triage: Triage, monkeypatch: pytest.MonkeyPatch) -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing.trace, "get_tracer", provider.get_tracer)
    assert await tick.run_once(triage.ground.transactions) == 0
    assert await tick.erase_once(triage.ground.transactions) == 0
    assert exporter.get_finished_spans() == ()
