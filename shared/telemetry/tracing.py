"""Traces: one concern is one trace, from the POST to the mail server's yes.

Own small instrumentation after OpenTelemetry's semantic conventions for HTTP, messaging and databases. A span carries
ids and codes; an error is its class name (`error.type`), never its text.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_W3C = TraceContextTextMapPropagator()
_TRACER = trace.get_tracer("beredskab")
"""Asked for once: every asking makes a new one. What is traced before `start_tracing` is not recorded."""
IDLE = "beredskab.idle"
"""Marks the span of a transaction in which nothing came about."""
Attributes = Mapping[str, str | int | bool | float]


def resource(service: str, instance: str) -> Resource:
    """What telemetry says of the process it comes from. Two of one name would overwrite each other's counts."""
    named = {"service.name": service, "service.namespace": "beredskab", "service.instance.id": instance}
    return Resource.create(named)


class Exporting(BatchSpanProcessor):
    """Hands spans to the exporter, but for the root of an empty poll: a few a second would hide all others."""

    def on_end(self, span: ReadableSpan) -> None:
        """Hand it on."""
        if span.parent is not None or not (span.attributes or {}).get(IDLE):
            super().on_end(span)


def start_tracing(described: Resource, endpoint: str) -> TracerProvider:
    """Export spans to an OTLP/HTTP endpoint, in the background; an empty endpoint exports nothing.

    The queue drops when the collector is away: telemetry never slows or stops a service.
    """
    provider = TracerProvider(ALWAYS_ON, described, shutdown_on_exit=False)  # no caller's flag switches it off
    if endpoint:
        # late: the command needs none
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        exporter = OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces", timeout=3)
        provider.add_span_processor(Exporting(exporter, max_queue_size=8192, schedule_delay_millis=1000))
    trace.set_tracer_provider(provider)
    return provider


def traceparent_of(span: Span) -> str | None:
    """The span as a W3C `traceparent`, or None when it is not a recorded one."""
    its = span.get_span_context()
    return f"00-{its.trace_id:032x}-{its.span_id:016x}-{its.trace_flags:02x}" if its.is_valid else None


def current_traceparent() -> str | None:
    """The running span as a W3C `traceparent`, or None outside any."""
    return traceparent_of(trace.get_current_span())


def current_ids() -> dict[str, str]:
    """The running span's ids, for log lines."""
    running = trace.get_current_span().get_span_context()
    return {"trace_id": f"{running.trace_id:032x}", "span_id": f"{running.span_id:016x}"} if running.is_valid else {}


def context_of(traceparent: str | None) -> Context:
    """The context a stored or received `traceparent` names; an empty one when there is none."""
    return _W3C.extract({"traceparent": traceparent} if traceparent else {}, context=Context())


def begun_by(traceparent: str | None, *, trusted: bool) -> tuple[Context, tuple[Link, ...]]:
    """The parent and the links of a span that a call began: the caller's where it is one of ours.

    Anybody else's is a link alone: an outsider neither joins a trace of ours nor names its id.
    """
    theirs = context_of(traceparent)
    of = trace.get_current_span(theirs).get_span_context()
    if trusted:
        return theirs, ()
    return Context(), (Link(of),) if of.is_valid else ()


@contextmanager
def span(
    name: str, kind: SpanKind, attributes: Attributes, *, parent: Context | None = None, links: tuple[Link, ...] = ()
) -> Iterator[Span]:
    """A span round a block. An exception leaves its class name and nothing else."""
    running = _TRACER.start_span(name, context=parent, kind=kind, attributes=attributes, links=links)
    token = context.attach(trace.set_span_in_context(running, parent))
    try:
        yield running
    except BaseException as error:
        running.set_attribute("error.type", type(error).__name__)
        running.set_status(Status(StatusCode.ERROR))
        raise
    finally:
        context.detach(token)
        running.end()


def mark_failed(running: Span) -> None:
    """The span's work came to nothing, though no exception left it."""
    running.set_status(Status(StatusCode.ERROR))


def link_running_to(traceparent: str | None) -> None:
    """Link the running span to another trace, where there is one: what a person did later belongs to the concern."""
    other = trace.get_current_span(context_of(traceparent)).get_span_context()
    if other.is_valid:
        trace.get_current_span().add_link(other)


@contextmanager
def database_span(name: str, *, database: str) -> Iterator[Span]:
    """A CLIENT span round one transaction."""
    attributes = {"db.system.name": "postgresql", "db.namespace": database, "db.operation.name": name}
    with span(name, SpanKind.CLIENT, attributes) as running:
        yield running


def _about(case_id: str | None, event_type: str | None) -> dict[str, str]:
    told = {"beredskab.case.id": case_id, "beredskab.event.type": event_type}
    return {name: value for name, value in told.items() if value}


def start_send_span(
    topic: str,
    *,
    event_id: str,
    traceparent: str | None,
    case_id: str | None = None,
    event_type: str | None = None,
) -> Span:
    """A PRODUCER span for one event handed to Kafka, child of the context stored with it. The caller ends it."""
    attributes = {
        "messaging.system": "kafka",
        "messaging.operation.type": "send",
        "messaging.operation.name": "send",
        "messaging.destination.name": topic,
        "messaging.message.id": event_id,
        **_about(case_id, event_type),
    }
    return _TRACER.start_span(f"send {topic}", context_of(traceparent), SpanKind.PRODUCER, attributes)


@contextmanager
def process_span(
    topic: str,
    *,
    group: str,
    partition: int | None,
    offset: int | None,
    event_id: str,
    traceparent: str | None,
    case_id: str | None = None,
    event_type: str | None = None,
) -> Iterator[Span]:
    """A CONSUMER span for one event taken in, child of the context in its headers. It came by HTTP without offset."""
    attributes: dict[str, str | int] = {
        "messaging.system": "kafka",
        "messaging.operation.type": "process",
        "messaging.operation.name": "process",
        "messaging.destination.name": topic,
        "messaging.consumer.group.name": group,
        "messaging.message.id": event_id,
        **_about(case_id, event_type),
    }
    if partition is not None and offset is not None:
        attributes |= {"messaging.destination.partition.id": str(partition), "messaging.kafka.offset": offset}
    with span(f"process {topic}", SpanKind.CONSUMER, attributes, parent=context_of(traceparent)) as running:
        yield running
