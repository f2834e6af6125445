"""`reach` and `who-would-be-paged`: can we reach somebody, in the next hours and at one moment?"""

import json
from datetime import datetime
from typing import Annotated, Any

import httpx2
import typer
from rich.table import Table

from deploy.cli import screen
from deploy.cli.people import person_with, token_for
from deploy.local.place import Place
from deploy.local.trouble import Trouble
from services.escalation.domain.shift import instant
from shared.auth.people import Role
from shared.calendar import local
from shared.clock import Clock
from shared.events.codes import Level, Unit

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
OfUnit = Annotated[Unit, typer.Option(help="A case of which unit; unknown is everybody's.")]
_LACKS = {
    "nobody": "[red]nobody can be reached[/]",
    "first_unreachable": "[red]a first rung has no verified contact[/]",
    "nobody_on_call": "[yellow]nobody is on call: Døgnvagt is asked[/]",
}


def reach(
    hours: Annotated[int, typer.Option(help="How far to look.", min=1, max=336)] = 72,
    unit: OfUnit = Unit.UNKNOWN,
    as_json: AsJson = False,
) -> None:
    """Whom each level would page in the next hours, and whether they can be reached. Exit code 1 when nobody can."""
    told = _asked("/v1/reach", {"hours": str(hours), "unit": unit})
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
    else:
        _show_reach(told)
    raise typer.Exit(any(gap["lack"] == "nobody" for gap in told["gaps"]))


def who_would_be_paged(
    level: Annotated[Level, typer.Option(help="How urgent the report is.")],
    at: Annotated[str | None, typer.Option(help="When: 2026-12-24T23:30, Copenhagen time. Now by default.")] = None,
    unit: OfUnit = Unit.UNKNOWN,
    as_json: AsJson = False,
) -> None:
    """Whom a report of that moment and level would page, rung by rung, if nobody answered."""
    moment = {"at": _moment(at).isoformat()} if at else {}
    told = _asked("/v1/who-would-be-paged", {"level": level, "unit": unit, **moment})
    if as_json:
        return print(json.dumps(told, ensure_ascii=False))
    table = Table(box=None, header_style="dim")
    for title in ("when", "rung", "who"):
        table.add_column(title)
    for step in told["steps"]:
        names = ", ".join(_named(each["name"], each["reachable"]) for each in step["recipients"])
        table.add_row(_clock(step["at"]), step["rung"], names)
    return screen.out.print(table)


def _moment(at: str) -> datetime:
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        raise Trouble("Write the moment like 2026-12-24T23:30.") from None
    return moment if moment.tzinfo else instant(moment.date(), moment.time())


def _show_reach(told: dict[str, Any]) -> None:
    reached = told["now"]["reached"]
    light = "[red]■ No.[/]" if not reached else "[yellow]▲ Only one.[/]" if reached == 1 else "[green]●[/] Yes"
    screen.out.print(f"Can we reach somebody now? {light} {reached} persons.")
    for gap in told["gaps"]:
        screen.out.print(f"  {_clock(gap['starts_at'])} – {_clock(gap['ends_at'])}: {_LACKS[gap['lack']]}")
    if not told["gaps"]:
        screen.out.print(f"  No gaps in the next {told['hours']} hours.")
    for person in told["people"].values():
        silent = " [yellow]does not answer tests: mails may not arrive[/]" if person["proved"] is False else ""
        screen.out.print(f"  {_named(person['name'], person['reachable'])}{silent}")


def _named(name: str | None, reachable: bool | None) -> str:
    mark = {True: "[green]●[/]", False: "[red]■[/]", None: "[yellow]?[/]"}[reachable]
    return f"{mark} {name or 'unknown'}"


def _clock(at: str) -> str:
    return f"{local(datetime.fromisoformat(at)):%a %d.%m. %H.%M}"


def _asked(path: str, query: dict[str, str]) -> dict[str, Any]:
    place = Place.chosen()
    bearer = token_for(place, person_with(Role.LEADER, now=Clock().now()))
    address = f"{place.http('escalation-web')}{path}"
    try:
        answer = httpx2.get(
            address, params=query, headers={"Authorization": f"Bearer {bearer}"}, timeout=30, trust_env=False
        )
    except httpx2.HTTPError:
        raise Trouble("escalation does not answer: see `beredskab status`.") from None
    told: dict[str, Any] = answer.json()
    if answer.status_code != 200:
        raise Trouble(f"escalation answered {answer.status_code}: {told.get('detail')}")
    return told
