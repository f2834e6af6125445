"""`make bench`: what ours costs, beside the least that this machine needs for the same, in one run.

The floor and ours take turns, so that what else the machine does hits both. `--quick` takes a tenth of the reports.
"""

import argparse
import asyncio
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil

from deploy.local.place import ROOT
from shared.ids import derived_id
from tests.load import floor
from tests.load.client import Posted, closed_loop, open_loop, report_body
from tests.support.system import SERVICES, System, running_stack, system_of, until

WORKERS = tuple(name for name in SERVICES if name.endswith("-work"))
MEASURED = ("postgres", "kafka", "otlp", *SERVICES)
BURST = 424
ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many reports each part takes; with the workers running, a third of the crowd."""

    alone: int
    crowd: int
    seconds: float
    hops: int

    @classmethod
    def of(cls, *, quick: bool) -> "Sizes":
        """The usual ones, or a tenth."""
        return cls(alone=50, crowd=200, seconds=4, hops=40) if quick else cls(300, 1500, 25, 200)


@dataclass(slots=True)
class Bench:
    """One run on one stack. `told` is the result, by part."""

    system: System
    sink_port: int
    notes: Path
    sizes: Sizes
    told: dict[str, Any] = field(default_factory=dict)

    async def run(self) -> None:
        """All parts. What leaves the stack in disorder comes last."""
        self.told["machine"] = machine()
        with process("tests.load.floor", self.system.stack.place.postgres().url()) as port:
            floor_port = int(port)
            await self._warm(floor_port)
            await self._accept(floor_port, "workers running", crowd=self.sizes.crowd // 3)
            await until(self.system.at_rest, within=600, every=1)
            await self._floor_of_the_way()
            await self._ways()
            self.told["memory_mb"] = memory(self.system)
            self.told["restarts"] = {row["name"]: row["restarts"] for row in (await self._status())}
            for name in WORKERS:
                self.system.stack.stop(name)
            await self._accept(floor_port, "workers paused", crowd=self.sizes.crowd)

    async def _warm(self, floor_port: int) -> None:
        await closed_loop(floor_port, "/", clients=16, bodies=bodies(200))
        posted, _ = await closed_loop(self._door, "/v1/reports", clients=16, bodies=bodies(100))
        await self._pages(posted)

    async def _status(self) -> list[dict[str, Any]]:
        return list((await self.system.stack.status())["processes"])

    @property
    def _door(self) -> int:
        return self.system.stack.place.port("intake-web")

    async def _accept(self, floor_port: int, when: str, *, crowd: int) -> None:
        """Accepting at 1 and 16 clients, in turns with the bare insert; the best round of each counts."""
        rounds: dict[str, list[dict[str, float]]] = {}
        for clients, count in ((1, self.sizes.alone), (16, crowd)):
            for _ in range(ROUNDS):
                sent = bodies(count)
                for name, port, path in (("bare insert", floor_port, "/"), ("ours", self._door, "/v1/reports")):
                    posted, seconds = await closed_loop(port, path, clients=clients, bodies=sent)
                    found = percentiles([each.seconds for each in posted]) | {"per_second": count / seconds}
                    rounds.setdefault(f"{name}, {clients} client{'s' * (clients > 1)}", []).append(found)
        self.told[f"accept, {when}"] = {name: best(each) for name, each in rounds.items()}

    async def _floor_of_the_way(self) -> None:
        async with floor.hops(self.system.stack.place.kafka_client(), self.sink_port) as chain:
            body = report_body()
            await chain.pass_on(body)
            whole = [await chain.pass_on(body) for _ in range(self.sizes.hops)]
        mail = [await floor.dialogue(self.sink_port) for _ in range(self.sizes.hops)]
        self.told["floor"] = {"three hops and a mail": percentiles(whole), "a mail": percentiles(mail)}

    async def _ways(self) -> None:
        ways: dict[str, Any] = {}
        for name, rate, count in (
            ("10/s", 10, 10 * self.sizes.seconds),
            ("42/s", 42, 42 * self.sizes.seconds),
            ("424 in 1 s", BURST, BURST),
        ):
            with cpu(self.system) as used:
                posted = await open_loop(self._door, "/v1/reports", rate=rate, bodies=bodies(int(count)))
                pages = await self._pages(posted)
            ways[name] = percentiles([page - each.at for page, each in zip(pages, posted, strict=True)])
            ways[name]["last_after_s"] = max(pages) - min(each.at for each in posted)
            ways[name]["cpu_ms"] = {process: 1000 * seconds / len(posted) for process, seconds in used.items()}
        self.told["POST to page"] = ways

    async def _pages(self, posted: Sequence[Posted]) -> list[float]:
        """When the mail server took the first page about each report."""
        reports = [each.answer["report_id"] for each in posted]
        await until(self.system.at_rest, within=600, every=1)  # seldom: to ask costs what is measured
        taken = dict(line.split() for line in self.notes.read_text("ascii").splitlines())
        mails = await self._first_mails(reports)
        return [float(taken[mails[report]]) for report in reports]

    async def _first_mails(self, reports: Sequence[str]) -> dict[str, str]:
        sql = """SELECT report_id, message_id
                 FROM reports JOIN escalations USING (case_id) JOIN pages USING (escalation_id)
                 WHERE report_id = ANY($1) ORDER BY requested_at DESC"""
        rows = await self.system.rows("escalation", sql, list(map(UUID, reports)))
        return {str(row["report_id"]): str(derived_id("mail", row["message_id"])) for row in rows}


def bodies(count: int) -> list[bytes]:
    """That many reports on as many children."""
    return [report_body() for _ in range(count)]


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """p50, p95 and p99 in milliseconds."""
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    return {f"p{n}": 1000 * cuts[n - 1] for n in (50, 95, 99)}


def best(rounds: Sequence[dict[str, float]]) -> dict[str, float]:
    """The round in which the machine did least else."""
    return max(rounds, key=lambda each: each["per_second"])


def machine() -> str:
    """What it ran on."""
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())
    memory = psutil.virtual_memory().total / 2**30
    load = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} × {model}, {memory:.0f} GiB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}; load before: {load:.1f}"
    )


def family(pid: int | None) -> list[psutil.Process]:
    """A process and all below it."""
    if pid is None:
        return []
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def seconds_of(system: System) -> dict[str, float]:
    """CPU seconds used so far, by process."""
    found = {}
    for name in MEASURED:
        times = [each.cpu_times() for each in family(system.stack.pid(name))]
        found[name] = sum(each.user + each.system + each.children_user + each.children_system for each in times)
    return found


def memory(system: System) -> dict[str, float]:
    """Resident megabytes by process; of PostgreSQL the private ones, its shared memory once."""
    found = {}
    for name in MEASURED:
        below = family(system.stack.pid(name))
        if name == "postgres":
            infos = [each.memory_full_info() for each in below]
            found[name] = (sum(each.uss for each in infos) + max(each.rss - each.uss for each in infos)) / 1e6
        else:
            found[name] = sum(each.memory_info().rss for each in below) / 1e6
    return found


@contextmanager
def cpu(system: System) -> Iterator[dict[str, float]]:
    """CPU seconds used in the block, by process."""
    before, used = seconds_of(system), dict[str, float]()
    yield used
    used |= {name: after - before[name] for name, after in seconds_of(system).items()}


@contextmanager
def process(module: str, argument: str) -> Iterator[str]:
    """A process of our own beside the stack; the first line it says."""
    command = [sys.executable, "-m", module, argument]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as running:
        try:
            assert running.stdout
            yield running.stdout.readline().strip()
        finally:
            running.kill()


def report(told: Mapping[str, Any]) -> Iterator[str]:
    """The result in lines for people, ours beside the floor."""
    yield f"machine: {told['machine']}"
    for when in ("workers paused", "workers running"):
        rows = told[f"accept, {when}"]
        yield f"\naccept, {when}{'p50 ms':>16}{'p95 ms':>10}{'per s':>10}"
        for name, row in rows.items():
            yield f"  {name:<28}{row['p50']:>10.1f}{row['p95']:>10.1f}{row['per_second']:>10.0f}"
        for clients in ("1 client", "16 clients"):
            ours, bare = rows[f"ours, {clients}"], rows[f"bare insert, {clients}"]
            yield f"  {'ratio, ' + clients:<28}{ours['p50'] / bare['p50']:>9.1f}×{ours['p95'] / bare['p95']:>9.1f}×"
    yield f"\nPOST → page taken{'p50 ms':>13}{'p95 ms':>10}{'p99 ms':>10}{'last after':>12}"
    for name, row in told["floor"].items():
        yield f"  floor: {name:<21}" + "".join(f"{row[each]:>10.1f}" for each in ("p50", "p95", "p99"))[2:]
    least = told["floor"]["three hops and a mail"]["p50"]
    for name, row in told["POST to page"].items():
        yield f"  {name:<26}{row['p50']:>10.1f}{row['p95']:>10.1f}{row['p99']:>10.1f}{row['last_after_s']:>10.1f} s"
        yield f"  {'':<26}" + "".join(f"{row[each] / least:>9.1f}×" for each in ("p50", "p95", "p99"))
    yield f"\nprocess{'CPU ms a report at 42/s':>34}{'in the burst':>14}{'memory MB':>12}"
    ways = told["POST to page"]
    for name in MEASURED:
        steady, burst = ways["42/s"]["cpu_ms"][name], ways["424 in 1 s"]["cpu_ms"][name]
        again = f"   restarted {told['restarts'][name]}×" if told["restarts"].get(name) else ""
        yield f"  {name:<28}{steady:>11.1f}{burst:>14.1f}{told['memory_mb'][name]:>12.0f}{again}"
    yield f"\n{'wanted':<46}{'found':>20}"
    yield from wanted(told)


def wanted(told: Mapping[str, Any]) -> Iterator[str]:
    """What is wanted, what was found, and whether that is met."""
    paused, ways = told["accept, workers paused"], told["POST to page"]
    least = told["floor"]["three hops and a mail"]["p50"]
    memory = {name: told["memory_mb"][name] for name in SERVICES}
    reader = memory.pop("intake-work")
    for what, most, found in (
        ("accept, 1 client, p50, ms: answered on a beat", 60, paused["ours, 1 client"]["p50"]),
        ("accept, processor of intake-web a report, ms", 4, ways["42/s"]["cpu_ms"]["intake-web"]),
        ("POST → page at 42/s, p50 ÷ floor", 3, ways["42/s"]["p50"] / least),
        ("POST → page at 42/s, p99 ÷ floor", 12, ways["42/s"]["p99"] / least),
        ("424 in 1 s, last page after, s", 8, ways["424 in 1 s"]["last_after_s"]),
        ("memory of the text reader, MB", 200, reader),
        ("memory of any other process of ours, MB", 130, max(memory.values())),
    ):
        yield f"  {what:<44}at most {most:>4}{found:>10.1f}  {'met' if found <= most else 'MISSED'}"


async def measured(*, quick: bool) -> dict[str, Any]:
    """Run it all on a stack of its own."""
    with tempfile.TemporaryDirectory() as folder:
        notes = Path(folder, "mails")
        with process("tests.load.sink", str(notes)) as port:
            settings = {"notify-work": {"SMTP_PORT": port}}
            with running_stack(settings=settings) as stack:
                async with system_of(stack) as system:
                    bench = Bench(system, int(port), notes, Sizes.of(quick=quick))
                    await bench.run()
                    return bench.told


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--quick", action="store_true", help="a tenth of the reports")
    arguments.add_argument("--json", action="store_true", help="the figures as JSON")
    chosen = arguments.parse_args()
    begun = time.monotonic()
    told = asyncio.run(measured(quick=chosen.quick))
    print(json.dumps(told, indent=1) if chosen.json else "\n".join(report(told)))
    print(f"\ntook {time.monotonic() - begun:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
