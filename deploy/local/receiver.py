"""Takes traces and metrics by OTLP/HTTP, keeps the latest in memory for who asks, and hands the traces on to Zipkin.

`python -m deploy.local.receiver PORT ZIPKIN_URL`. It answers yes whether Zipkin is there or not: what waits for Zipkin
waits here, the oldest first to go.
"""

import asyncio
import gzip
import sys
from collections import deque
from typing import Any

import httpx2
import uvicorn
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deploy.local.spans import ZipkinSpan, attributes, links_to, zipkin_spans

_KEPT = 20_000
_BATCH = 500


class Receiver:
    """What was received last: spans in order of arrival, the newest value of every metric."""

    def __init__(self, zipkin: str) -> None:
        self.zipkin = zipkin
        self.kept: deque[ZipkinSpan] = deque(maxlen=_KEPT)
        self.waiting: deque[ZipkinSpan] = deque(maxlen=_KEPT)
        self.metrics: dict[str, dict[str, Any]] = {}
        self.arrived = asyncio.Event()

    async def traces(self, request: Request) -> Response:
        """`POST /v1/traces`."""
        try:
            spans = zipkin_spans(await _body(request))
        except (DecodeError, OSError, EOFError):
            return Response(status_code=400)
        self.kept.extend(spans)
        self.waiting.extend(spans)
        self.arrived.set()
        return _taken()

    async def measurements(self, request: Request) -> Response:
        """`POST /v1/metrics`."""
        try:
            sent = ExportMetricsServiceRequest.FromString(await _body(request))
        except (DecodeError, OSError, EOFError):
            return Response(status_code=400)
        for resource in sent.resource_metrics:
            service = attributes(resource.resource.attributes).get("service.name", "unknown")
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    self.metrics |= _latest(service, metric)
        return _taken()

    async def spans(self, request: Request) -> JSONResponse:
        """`GET /spans`: all that are kept; `?trace_id=…`: of one trace; `?links_to=…`: of all that link to it."""
        wanted, linked = request.query_params.get("trace_id"), request.query_params.get("links_to")
        theirs = {span["traceId"] for span in self.kept if linked and links_to(span, linked)}
        return JSONResponse(
            [span for span in self.kept if (span["traceId"] in theirs if linked else wanted in (None, span["traceId"]))]
        )

    async def values(self, _request: Request) -> JSONResponse:
        """`GET /metrics`: the newest values, as JSON."""
        return JSONResponse(list(self.metrics.values()))

    async def hand_on(self) -> None:
        """Give Zipkin what waits for it, for ever."""
        async with httpx2.AsyncClient(timeout=5, trust_env=False) as client:
            while True:
                await self.arrived.wait()
                self.arrived.clear()
                while self.waiting:
                    await self._hand_batch_on(client)

    async def _hand_batch_on(self, client: httpx2.AsyncClient) -> None:
        batch = [self.waiting.popleft() for _ in range(min(_BATCH, len(self.waiting)))]
        try:
            answer = await client.post(f"{self.zipkin}/api/v2/spans", json=batch)
            away = answer.status_code >= 500
        except httpx2.HTTPError:
            away = True
        if away:
            self.waiting.extendleft(reversed(batch))
            await asyncio.sleep(1)


def _latest(service: str, metric: Metric) -> dict[str, dict[str, Any]]:
    kind = metric.WhichOneof("data") or "gauge"
    latest = {}
    for point in getattr(metric, kind).data_points:
        labels = attributes(point.attributes)
        value = {"count": point.count, "sum": point.sum} if kind == "histogram" else _number(point)
        found = {"service": service, "name": metric.name, "attributes": labels, "value": value}
        latest[f"{service} {metric.name} {sorted(labels.items())}"] = found
    return latest


def _number(point: Any) -> float | int:
    found: float | int = getattr(point, point.WhichOneof("value") or "as_double")
    return found


async def _body(request: Request) -> bytes:
    sent = await request.body()
    return gzip.decompress(sent) if request.headers.get("content-encoding") == "gzip" else sent


def _taken() -> Response:
    return Response(b"", media_type="application/x-protobuf")


async def _ready(_request: Request) -> JSONResponse:
    return JSONResponse({"ready": True})


async def serve(port: int, zipkin: str) -> None:
    """Receive on a loopback port until told to stop."""
    receiver = Receiver(zipkin)
    routes = [
        Route("/v1/traces", receiver.traces, methods=["POST"]),
        Route("/v1/metrics", receiver.measurements, methods=["POST"]),
        Route("/spans", receiver.spans),
        Route("/metrics", receiver.values),
        Route("/ready", _ready),
    ]
    config = uvicorn.Config(Starlette(routes=routes), port=port, log_level="warning", timeout_graceful_shutdown=2)
    handing_on = asyncio.create_task(receiver.hand_on())
    await uvicorn.Server(config).serve()
    handing_on.cancel()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2]))
