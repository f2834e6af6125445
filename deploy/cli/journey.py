"""How long one concern took to each of its stations, told by the spans of its trace."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Span = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Journey:
    """Milliseconds from the moment before the POST to each station."""

    accepted: float
    rated: float
    paged: float
    mailed: float


@dataclass(frozen=True, slots=True)
class Step:
    """One span: when it began and how long it took (ms, from the arrival of the report), where, and what it was."""

    at: float
    took: float
    service: str
    what: str


@dataclass(frozen=True, slots=True)
class Way:
    """A report's way: its stations once the page is out, and every step."""

    report_id: str
    trace_id: str
    stations: Journey | None
    steps: Sequence[Step]


def journey(spans: Iterable[Span], *, sent_at: float) -> Journey | None:
    """The stations of the first page; None while the trace is not whole yet. `sent_at` in seconds since the epoch.

    The way is read backwards from the mail server's yes: a trace also holds what happened beside it.
    """
    by_id = {span["id"]: span for span in spans}
    mails = sorted((span for span in by_id.values() if _is_mail(span)), key=_end)
    for way in (_way_to(mail, by_id) for mail in mails):
        accepted = _end_in(way, "intake", "SERVER")
        paged = _end_in(way, "escalation", "CONSUMER")
        rated = _end_in(way, "triage", "CONSUMER") or _end_in(by_id.values(), "triage", "CONSUMER")
        if accepted and rated and paged:
            return Journey(*(round(end / 1000 - sent_at * 1000, 1) for end in (accepted, rated, paged, _end(way[0]))))
    return None


def _is_mail(span: Span) -> bool:
    place = span.get("localEndpoint", {}).get("serviceName")
    return place == "notify" and span.get("kind") == "CLIENT" and span.get("tags", {}).get("smtp.reply.code") == "250"


def _way_to(span: Span, by_id: Mapping[str, Span]) -> list[Span]:
    way = [span]
    while (parent := by_id.get(way[-1].get("parentId", ""))) is not None:
        way.append(parent)
    return way


def _end_in(spans: Iterable[Span], service: str, kind: str) -> int | None:
    ends = [
        _end(span) for span in spans if span.get("kind") == kind and span["localEndpoint"]["serviceName"] == service
    ]
    return min(ends, default=None)


def _end(span: Span) -> int:
    end: int = span["timestamp"] + span["duration"]
    return end
