"""Spans as OTLP sends them, told to a viewer that speaks Zipkin."""

from typing import Any

import pytest
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from deploy.local.spans import zipkin_spans

TRACE, ID, PARENT = bytes.fromhex("aa" * 16), bytes.fromhex("bb" * 8), bytes.fromhex("cc" * 8)


def told(kind: "Span.SpanKind" = Span.SPAN_KIND_CLIENT, **attributes: Any) -> dict[str, Any]:
    """One span of intake as the viewer gets it."""
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    name = resource.resource.attributes.add(key="service.name")
    name.value.string_value = "intake"
    span = resource.scope_spans.add().spans.add(
        trace_id=TRACE, span_id=ID, parent_span_id=PARENT, name="a step", kind=kind
    )
    span.start_time_unix_nano, span.end_time_unix_nano = 5_000_000, 7_500_000
    for key, value in attributes.items():
        pair = span.attributes.add(key=key.replace("__", "."))
        setattr(pair.value, "int_value" if isinstance(value, int) else "string_value", value)
    span.links.add(trace_id=PARENT * 2, span_id=PARENT)
    span.status.code = Status.STATUS_CODE_ERROR if "error__type" in attributes else Status.STATUS_CODE_OK
    [found] = zipkin_spans(request.SerializeToString())
    return found


def test_ids_times_and_place_are_kept() -> None:
    found = told()
    assert (found["traceId"], found["id"], found["parentId"]) == ("aa" * 16, "bb" * 8, "cc" * 8)
    assert (found["timestamp"], found["duration"]) == (5000, 2500)
    assert found["localEndpoint"] == {"serviceName": "intake"}
    assert found["kind"] == "CLIENT"


def test_a_topic_is_the_other_end_so_that_the_graph_of_services_has_it() -> None:
    found = told(Span.SPAN_KIND_PRODUCER, messaging__destination__name="intake.reports")
    assert found["remoteEndpoint"] == {"serviceName": "intake.reports"}


def test_a_mail_server_is_named_as_one() -> None:
    found = told(server__address="10.0.0.7", smtp__reply__code=250)
    assert found["remoteEndpoint"] == {"serviceName": "mail-server"}
    assert found["tags"]["smtp.reply.code"] == "250"


def test_a_link_names_the_other_trace() -> None:
    assert told()["tags"]["link.0"] == f"{'cc' * 16}/{'cc' * 8}"


def test_an_error_is_told_by_its_class() -> None:
    assert told(error__type="TimeoutError")["tags"]["error"] == "TimeoutError"
    assert "error" not in told()["tags"]


def test_what_is_no_otlp_is_refused() -> None:
    with pytest.raises(DecodeError):
        zipkin_spans(b"\xff\xff\xff")
