"""What the command shows in a terminal."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import Any

from rich.console import Console
from rich.table import Table

from deploy.cli.journey import Journey, Way
from deploy.local.stack import Watching

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

_STATIONS = {
    "accepted": "stored and answered by intake",
    "rated": "by triage",
    "paged": "a person asked by escalation",
    "mailed": "accepted by the mail server, for notify",
}


@contextmanager
def starting() -> Iterator[Watching]:
    """Visible progress while a stack starts: what is being waited for, and each process as it becomes ready."""
    begun = monotonic()
    with err.status("Starting …") as status:

        def downloaded(done: int, of: int) -> None:
            status.update(f"Downloading Kafka and the trace viewer: {done} of {of}")
            if done == of:
                err.print(f"  [green]✓[/] {of} Java archives, each verified [dim]{monotonic() - begun:.1f} s[/]")

        def ready(name: str) -> None:
            status.update("Starting …")
            if not name.endswith("-migrate"):
                err.print(f"  [green]✓[/] {name} [dim]{monotonic() - begun:.1f} s[/]")

        yield Watching(downloaded, ready)


def show_status(status: Mapping[str, Any]) -> None:
    """The processes and the addresses."""
    table = Table("process", "pid", "ready", "memory", "restarts", box=None, header_style="dim")
    for row in status["processes"]:
        ready = "[green]yes[/]" if row["ready"] else "[red]no[/]"
        table.add_row(row["name"], str(row["pid"] or "–"), ready, f"{row['rss_mb']} MB", str(row["restarts"]))
    out.print(table)
    show_addresses(status["urls"])


def show_addresses(urls: Mapping[str, str]) -> None:
    """Name and address, a line each."""
    out.print()
    for name, url in urls.items():
        out.print(f"  [dim]{name:<12}[/]{url}")


def show_journey(reference: str, way: Journey) -> None:
    """The stations and when each was reached."""
    out.print(f"\nThe example concern [bold]{reference}[/], in milliseconds from the POST:")
    for station, meaning in _STATIONS.items():
        name = "accepted by the mail server" if station == "mailed" else station
        out.print(f"  {name:<28}[bold]{getattr(way, station):7.1f} ms[/]  [dim]{meaning}[/]")


def show_way(way: Way) -> None:
    """Every step of a report's way, and where its trace is to be seen."""
    table = Table("at", "took", "service", "step", box=None, header_style="dim")
    for step in way.steps:
        table.add_row(_span_of_time(step.at), _span_of_time(step.took), step.service, step.what)
    out.print(table)
    if way.stations is None:
        out.print("\nNo page about it has been accepted by the mail server yet.")


def _span_of_time(milliseconds: float) -> str:
    return f"{milliseconds:.1f} ms" if milliseconds < 10_000 else f"{milliseconds / 1000:.0f} s"


def show_case(case: Mapping[str, Any]) -> None:
    """How it was rated, and why."""
    reasons = ", ".join(
        sign for reason in case["rating"]["reasons"] if not reason["unanswered"] for sign in reason["signs"]
    )
    out.print(f"  [dim]rated {case['rating']['level']} by rule set {case['rating']['rule_set']}: {reasons}[/]")


def show_where(urls: Mapping[str, str], trace_id: str) -> None:
    """Where to look next."""
    out.print("\nWhere to look:")
    for what, url in (
        ("the reporter's form", urls["intake"]),
        ("the consultant's console", urls["escalation"]),
        ("the page in the inbox", urls["mail_web"]),
        ("this concern's trace", f"{urls['traces']}/zipkin/traces/{trace_id}"),
        ("intake's API", f"{urls['intake']}/v1/reports"),
        ("escalation's API", f"{urls['escalation']}/v1/work"),
        ("the published rules", f"{urls['triage']}/rules"),
    ):
        out.print(f"  {what:<26}{url}")


def show_parked(rows: Sequence[Mapping[str, Any]]) -> None:
    """Parked events, one a line."""
    if not rows:
        return out.print("Nothing is parked.")
    table = Table("id", "service", "state", "reason", "type", "since", box=None, header_style="dim")
    for row in rows:
        since = f"{row['parked_at']:%Y-%m-%d %H:%M:%S}"
        table.add_row(
            str(row["parked_id"])[:13], row["service"], row["state"], row["reason"], row["type"] or "–", since
        )
    return out.print(table)


def show_facts(row: Mapping[str, Any]) -> None:
    """What is known of one thing, a line each."""
    for name, value in row.items():
        told = ", ".join(value) if isinstance(value, list) else str("–" if value is None else value)
        out.print(f"  {name.replace('_', ' '):<14} {told}")


def show_outboxes(rows: Sequence[Mapping[str, Any]]) -> None:
    """What waits for Kafka, a service a line."""
    table = Table("service", "waiting", "urgent", "oldest", "Kafka will not take", box=None, header_style="dim")
    for row in rows:
        age = "–" if row["oldest_seconds"] is None else f"{row['oldest_seconds']:.0f} s"
        table.add_row(row["service"], str(row["rows"]), str(row["urgent"]), age, str(row["stuck"]))
    out.print(table)
