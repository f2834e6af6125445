"""Structured logs: one JSON line an event, static event names, and only the keys that are listed here.

The allow-list is the wall: a key that is not on it cannot be logged. It raises in tests and is dropped in production.
"""

import logging
import os
import sys
import time
from collections.abc import MutableMapping
from typing import Any

import structlog
from structlog.typing import Processor

from shared.telemetry.sink import Sink
from shared.telemetry.tracing import current_ids

_ALLOWED = """
    event level timestamp service logger trace_id span_id
    case_id report_id event_id message_id escalation_id person_id parked_id rating_no rule_set
    topic partition offset type reason error attempt count seconds path method status port host version
    migration signal loop process channel rung round level_in_force state missing
    peer row_id instance
"""
ALLOWED = frozenset(_ALLOWED.split())
"""Keys whose values are ids, codes, counts or names of our own making."""


_OUT = Sink()


class KeyNotAllowed(Exception):
    """A log call used a key that is not on the allow-list; the value is not repeated here."""


def configure(service: str, level: str) -> None:
    """Send our logs and those of the libraries to standard output as JSON lines."""
    _OUT.open(sys.stdout)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            _stamp(service),
            _only_allowed,
            structlog.processors.JSONRenderer(default=str),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(_OUT),  # type: ignore[arg-type]
        cache_logger_on_first_use=True,
    )
    _quiet_libraries(level)


def drain() -> None:
    """Wait a moment for what was logged to be written: the process is about to end without any farewell."""
    _OUT.drain()


def log() -> structlog.typing.FilteringBoundLogger:
    """The logger: `log().info("report.accepted", report_id=…)`."""
    return structlog.get_logger()  # type: ignore[no-any-return]


def error_code(error: BaseException) -> str:
    """What may be said of an error: the name of its class, never its text (texts repeat values)."""
    return type(error).__name__


def _stamp(service: str) -> Processor:
    def processor(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        stamp = {"timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "service": service}
        return {**stamp, **current_ids(), **entry}

    return processor


def _only_allowed(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    foreign = entry.keys() - ALLOWED
    if foreign and os.environ.get("BEREDSKAB_STRICT_LOGS"):
        raise KeyNotAllowed(", ".join(sorted(foreign)))
    return {key: value for key, value in entry.items() if key in ALLOWED}


class _Handler(logging.Handler):
    """Library logs by name and level alone, each kind at most once in ten seconds (Kafka away: 50 lines a second)."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[tuple[str, int], float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        kind = (f"{record.name}:{record.lineno}", record.levelno)
        if time.monotonic() - self._last.get(kind, -60) < 10:
            return
        self._last[kind] = time.monotonic()
        error = error_code(record.exc_info[1]) if record.exc_info and record.exc_info[1] else None
        emit = getattr(structlog.get_logger(), record.levelname.lower(), structlog.get_logger().error)
        emit("library.said", logger=kind[0], **({"error": error} if error else {}))


def _quiet_libraries(level: str) -> None:
    root = logging.getLogger()
    root.handlers = [_Handler()]
    root.setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level.upper()]))
    for name in ("aiokafka", "faststream", "uvicorn", "uvicorn.error", "opentelemetry", "asyncio"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = True
        logging.getLogger(name).setLevel(logging.WARNING)
