"""Metrics, in seconds and counts, by OTLP. Labels are codes; nothing here can name a person or a case."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from types import MappingProxyType

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Histogram, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource

from shared.clock import Clock

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 900, 3600, 14_400, 43_200, 86_400)


def start_metrics(resource: Resource, endpoint: str) -> MeterProvider:
    """Export metrics every 15 s to an OTLP/HTTP endpoint; an empty endpoint exports nothing."""
    readers = []
    if endpoint:
        # late: the command needs none
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter

        exporter = OTLPMetricExporter(endpoint=f"{endpoint}/v1/metrics", timeout=3)
        readers.append(PeriodicExportingMetricReader(exporter, export_interval_millis=15_000))
    provider = MeterProvider(resource=resource, metric_readers=readers, shutdown_on_exit=False)
    metrics.set_meter_provider(provider)
    return provider


def duration(name: str, description: str) -> Histogram:
    """A histogram of seconds, with buckets of seconds."""
    return metrics.get_meter("beredskab").create_histogram(
        name, unit="s", description=description, explicit_bucket_boundaries_advisory=SECONDS
    )


class Counter:
    """A count that only grows, by labels. It is told when it is asked for, because to tell of each costs more."""

    def __init__(self, name: str, description: str) -> None:
        self._counts: dict[tuple[tuple[str, str | bool], ...], int] = {}
        meter = metrics.get_meter("beredskab")
        meter.create_observable_counter(name, callbacks=[self._observed], description=description)

    def add(self, amount: int, labels: Mapping[str, str | bool] = MappingProxyType({})) -> None:
        """Count `amount` more."""
        key = tuple(labels.items())
        self._counts[key] = self._counts.get(key, 0) + amount

    def _observed(self, _: CallbackOptions) -> Iterable[Observation]:
        return [Observation(count, dict(labels)) for labels, count in list(self._counts.items())]


class Look:
    """The values that a loop of the service finds, reported until it looks again. `name` tells the looks apart.

    A look that fails leaves no values, because those of before would be taken for true. When the last one succeeded
    is a gauge of its own: it tells of a loop that has stopped, and of a process that has gone.
    """

    def __init__(self, name: str, names: Mapping[str, str], clock: Clock) -> None:
        self.values: Mapping[str, float] = {}
        self._name = name
        self._clock = clock
        gauges(lambda: self.values, names)

    async def take(self, found: Awaitable[Mapping[str, float]]) -> None:
        """Keep what is found. Raises what the look raises, and keeps nothing then."""
        try:
            self.values = await found
        except BaseException:
            self.values = {}
            raise
        _looked_at[self._name] = self._clock.now().timestamp()


_looked_at: dict[str, float] = {}


def _looks(_: CallbackOptions) -> Iterable[Observation]:
    return [Observation(at, {"look": name}) for name, at in list(_looked_at.items())]


metrics.get_meter("beredskab").create_observable_gauge(
    "beredskab.looked_at", callbacks=[_looks], unit="s", description="When the gauges of this look were found last."
)


def gauges(values: Callable[[], Mapping[str, float]], names: Mapping[str, str]) -> None:
    """Register gauges by name and description that report the latest values found by a loop of the service."""
    meter = metrics.get_meter("beredskab")
    for name, description in names.items():

        def observe(_: CallbackOptions, name: str = name) -> Iterable[Observation]:
            return [Observation(values()[name])] if name in values() else []

        meter.create_observable_gauge(name, callbacks=[observe], description=description)
