"""The ladders as steps with waits in words. A form changes one; the API's door stores a new version of them all."""

from typing import Any, TypeAlias

from starlette.requests import Request
from starlette.responses import Response

from services.escalation.web.console import NOTHING, Console, Values
from services.escalation.web.console.leader import Fields, changed, screen
from services.escalation.web.console.wall import number_in

MOST_STEPS = 8
Json: TypeAlias = dict[str, Any]


async def ladders_screen(console: Console, request: Request, how: Values = NOTHING) -> Response:
    """Each level's ladder, those of single units, and the versions there were."""
    values = {"most_steps": MOST_STEPS, **how}
    return await screen(console, request, "ladders.html", values=values, ladders="/v1/ladders", staff="/v1/people")


async def change_ladder(console: Console, request: Request) -> Response:
    """Change the ladder of one level, add or remove that of a unit; the others stay as they stand."""
    return await changed(console, request, ("/ladders", ladders_screen), _put, reads="/v1/ladders")


def _put(sent: Fields, stands: Json) -> tuple[str, Json]:
    newest = stands["versions"][0]
    level, unit = sent.get("level", ""), sent.get("unit") or None
    kept = [each for each in newest["ladders"] if (each["level"], each["unit"]) != (level, unit)]
    wanted = kept if "remove" in sent else [*kept, _ladder(level, unit, sent)]
    plan = {name: newest[name] for name in ("duty_hours", "investigation_months")}
    return "/v1/ladders", {"version": number_in(sent, "version"), "ladders": wanted, **plan}


def _ladder(level: str, unit: str | None, sent: Fields) -> Json:
    rungs = [sent[name] for name in (f"step.{n}" for n in range(1, MOST_STEPS + 1)) if sent.get(name)]
    waits = {"rung_wait_minutes": number_in(sent, "wait"), "at_most_hours": number_in(sent, "at_most")}
    return {"level": level, "unit": unit, "rungs": rungs, "first": sent.get("first", "now"), **waits}
