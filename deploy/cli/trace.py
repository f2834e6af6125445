"""`beredskab journey REFERENCE`: the way of one concern as its trace tells it: times and places, no content."""

import asyncio
from collections.abc import Iterable
from typing import Any

import asyncpg
import httpx2

from deploy.cli.journey import Span, Step, Way, journey
from deploy.local.place import Place
from deploy.local.trouble import Trouble
from services.intake.domain.receipt import as_written

_SHOWN = ("SERVER", "PRODUCER", "CONSUMER", "CLIENT")


def way_of(place: Place, reference: str) -> Way:
    """The way of the newest report with that reference. Raises `Trouble` when it, or its trace, is not there."""
    written = as_written(reference)
    row = asyncio.run(_report(place, written))
    if row is None:
        raise Trouble(f"There is no report with the reference {written or reference!r} here.")
    trace_id = row["traceparent"].split("-")[1] if row["traceparent"] else ""
    spans = _spans(place, trace_id)
    arrival = next((span for span in spans if _is_arrival(span)), None)
    if arrival is None:
        raise Trouble(f"The trace of {written} is not kept any more: the trace viewer keeps the latest alone.")
    begun = arrival["timestamp"]
    answers = [span for span in _linked(place, trace_id) if span.get("kind") == "SERVER"]
    stations = journey(spans, sent_at=begun / 1_000_000)
    return Way(str(row["report_id"]), trace_id, stations, _steps([*spans, *answers], begun))


async def _report(place: Place, reference: str) -> asyncpg.Record | None:
    conn = await asyncpg.connect(place.postgres().url("intake"), timeout=10)
    try:
        return await conn.fetchrow(
            "SELECT report_id, traceparent FROM reports WHERE reference = $1 ORDER BY entered_at DESC LIMIT 1",
            reference,
        )
    finally:
        await conn.close()


def _spans(place: Place, trace_id: str) -> list[Span]:
    return _told(f"{place.http('otlp')}/spans?trace_id={trace_id}") or _told(
        f"{place.http('zipkin')}/api/v2/trace/{trace_id}"
    )


def _linked(place: Place, trace_id: str) -> Iterable[Span]:
    """What people did about it later: traces of their own, which link to this one."""
    return _told(f"{place.http('otlp')}/spans?links_to={trace_id}")


def _told(url: str) -> list[Span]:
    try:
        answer = httpx2.get(url, timeout=10, trust_env=False)
    except httpx2.HTTPError:
        return []
    found: list[dict[str, Any]] = answer.json() if answer.is_success else []
    return list(found)


def _is_arrival(span: Span) -> bool:
    return span.get("kind") == "SERVER" and span["localEndpoint"]["serviceName"] == "intake"


def _steps(spans: Iterable[Span], begun: int) -> list[Step]:
    shown = sorted((span for span in spans if span.get("kind") in _SHOWN), key=lambda span: span["timestamp"])
    return [
        Step(
            round((span["timestamp"] - begun) / 1000, 1),
            round(span["duration"] / 1000, 1),
            span["localEndpoint"]["serviceName"],
            span["name"],
        )
        for span in shown
    ]
