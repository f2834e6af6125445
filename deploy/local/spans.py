"""Spans as OTLP sends them, turned into what Zipkin (v2) stores; also what `GET /spans` of the receiver answers."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

ZipkinSpan = dict[str, Any]

_KINDS = {
    Span.SPAN_KIND_SERVER: "SERVER",
    Span.SPAN_KIND_CLIENT: "CLIENT",
    Span.SPAN_KIND_PRODUCER: "PRODUCER",
    Span.SPAN_KIND_CONSUMER: "CONSUMER",
}
_PEERS = ("messaging.destination.name", "db.system.name", "server.address")
"""What the other end of a span is called: the topic, or the dependency graph lacks it; the database; the server."""


def zipkin_spans(sent: bytes) -> list[ZipkinSpan]:
    """The spans in a body of `POST /v1/traces`. Raises `google.protobuf.message.DecodeError`."""
    request = ExportTraceServiceRequest.FromString(sent)
    return list(_spans(request))


def _spans(request: ExportTraceServiceRequest) -> Iterator[ZipkinSpan]:
    for resource in request.resource_spans:
        service = attributes(resource.resource.attributes).get("service.name", "unknown")
        for scope in resource.scope_spans:
            yield from (_zipkin(span, service) for span in scope.spans)


def _zipkin(span: Span, service: str) -> ZipkinSpan:
    tags = attributes(span.attributes)
    begun = span.start_time_unix_nano // 1000
    found = {
        "traceId": span.trace_id.hex(),
        "id": span.span_id.hex(),
        "parentId": span.parent_span_id.hex() or None,
        "name": span.name,
        "kind": _KINDS.get(span.kind),
        "timestamp": begun,
        "duration": max(1, span.end_time_unix_nano // 1000 - begun),
        "localEndpoint": {"serviceName": service},
        "remoteEndpoint": _peer(tags) if span.kind in _KINDS else None,
        "tags": tags | _links(span) | _error(span, tags),
    }
    return {key: value for key, value in found.items() if value is not None}


def _peer(tags: Mapping[str, str]) -> dict[str, str] | None:
    name = next((tags[key] for key in _PEERS if key in tags), None)
    if name == tags.get("server.address") and "smtp.reply.code" in tags:
        name = "mail-server"
    return {"serviceName": name} if name else None


def _links(span: Span) -> dict[str, str]:
    """Zipkin knows no links: they become tags that name the other trace and span."""
    return {f"link.{n}": f"{link.trace_id.hex()}/{link.span_id.hex()}" for n, link in enumerate(span.links)}


def links_to(span: Mapping[str, Any], trace_id: str) -> bool:
    """Whether a span in Zipkin's form links to that trace."""
    return any(key.startswith("link.") and value.startswith(trace_id) for key, value in span.get("tags", {}).items())


def _error(span: Span, tags: Mapping[str, str]) -> dict[str, str]:
    return {"error": tags.get("error.type", "true")} if span.status.code == Status.STATUS_CODE_ERROR else {}


def attributes(pairs: Iterable[KeyValue]) -> dict[str, str]:
    """OTLP attributes as text."""
    return {pair.key: _text(pair.value) for pair in pairs}


def _text(value: AnyValue) -> str:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return ",".join(_text(each) for each in value.array_value.values)
    found = getattr(value, kind) if kind else ""
    return str(found).lower() if kind == "bool_value" else str(found)
