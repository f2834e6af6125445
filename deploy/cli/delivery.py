"""The commands about facts on their way: `beredskab parked …` and `beredskab outbox`."""

import asyncio
import dataclasses
import json
from typing import Annotated, Any

import typer

from deploy.cli import outbox as outboxes
from deploy.cli import parked as parking
from deploy.cli import reconcile as reconciling
from deploy.cli import screen
from deploy.local.keys import SERVICES
from deploy.local.place import Place
from deploy.local.stack import Stack
from deploy.local.trouble import Trouble
from shared.clock import Clock

parked = typer.Typer(no_args_is_help=True, help="Events that could not have their effect: look at them, replay them.")
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
Service = Annotated[str | None, typer.Option(help="One service alone; all when none is named.")]
Id = Annotated[str, typer.Argument(help="An id, or how it begins.")]


@parked.command("list")
def list_parked(
    service: Service = None,
    everything: Annotated[bool, typer.Option("--all", help="Replayed and discarded ones too.")] = False,
    as_json: AsJson = False,
) -> None:
    """What is parked: where it came from, why, and since when."""
    rows = asyncio.run(parking.listed(_databases(service), all_states=everything))
    if as_json:
        return _say_json(rows)
    return screen.show_parked(rows)


@parked.command()
def show(parked_id: Id, service: Service = None, as_json: AsJson = False) -> None:
    """All that is known of one, its content excepted: that is sealed, and stays so."""
    row = asyncio.run(parking.found(_databases(service), parked_id))
    if as_json:
        return _say_json(row)
    return screen.show_facts(row)


@parked.command()
def replay(
    parked_id: Annotated[str | None, typer.Argument(help="An id, or how it begins.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that is parked.")] = False,
    service: Service = None,
    as_json: AsJson = False,
) -> None:
    """Have it taken in again, after what was wrong has been mended. However often, its effect comes once."""
    if (parked_id is None) is not everything:
        raise Trouble("Name one parked event, or say --all.")
    databases = _databases(service)
    asked = [asyncio.run(parking.found(databases, parked_id))] if parked_id else asyncio.run(parking.listed(databases))
    rows = asyncio.run(parking.replay(databases, asked))
    if as_json:
        _say_json(rows)
    else:
        screen.show_parked(rows)
    if any(row["state"] == "asked" for row in rows):
        raise Trouble("The service has not looked yet: `beredskab status` says whether it runs. It will once it does.")
    if any(row["state"] == "parked" for row in rows):
        raise Trouble("What failed again is parked again, with its reason.")


@parked.command()
def discard(parked_id: Id, service: Service = None, as_json: AsJson = False) -> None:
    """Give one up: its bytes are destroyed. That it was there is kept."""
    databases = _databases(service)
    row = asyncio.run(parking.found(databases, parked_id))
    row = asyncio.run(parking.discard(databases, row, now=Clock().now()))
    if as_json:
        return _say_json(row)
    return screen.show_facts(row)


def outbox(
    service: Service = None,
    release: Annotated[bool, typer.Option("--release", help="Offer Kafka again what it would not take.")] = False,
    as_json: AsJson = False,
) -> None:
    """The facts that wait for Kafka, service by service."""
    databases = _databases(service)
    if release:
        asyncio.run(outboxes.release(databases))
    rows = asyncio.run(outboxes.waiting(databases, now=Clock().now()))
    if as_json:
        return _say_json(rows)
    return screen.show_outboxes(rows)


def reconcile(
    within: Annotated[float, typer.Option(help="How many seconds to wait for it.")] = 300, as_json: AsJson = False
) -> None:
    """After a database was put back: have what a service lacks sent again, and compare the reports of all."""
    found = asyncio.run(reconciling.reconcile(_databases(), now=Clock().now(), within=within))
    if as_json:
        _say_json(dataclasses.asdict(found))
    else:
        screen.show_facts({"facts asked for": sum(found.asked.values()), "facts not confirmed": found.unconfirmed})
        for service, reports in found.missing.items():
            for report_id in reports:
                screen.out.print(f"{service} does not have report {report_id}")
    if not found.whole:
        raise Trouble("Not everything is where it should be: see above, and deploy/runbook.md, Putting a copy back.")


def _databases(service: str | None = None) -> dict[str, str]:
    if service is not None and service not in SERVICES:
        raise Trouble(f"There is no service {service}; there are {', '.join(SERVICES)}.")
    place = Place.chosen()
    Stack(place.home, place.port_base).demand("postgres")
    server = place.postgres()
    names = [service] if service else SERVICES
    return {name: server.url(name, user=name, password=place.password(name)) for name in names}


def _say_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, default=str))
