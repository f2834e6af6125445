"""The leader's screen of sealed codes: which units have one, and a new one, shown once to be written down."""

from starlette.requests import Request
from starlette.responses import Response

from services.escalation.web.console import NOTHING, Console, Values, sign_in_first, visitor
from services.escalation.web.console.leader import screen
from shared.auth.people import Role
from shared.web.application import fields
from shared.web.problems import Problem
from shared.web.sign_in import sign_in_address, signed_out


async def codes_screen(console: Console, request: Request, how: Values = NOTHING) -> Response:
    """Which units have a code that can be used, and which were used."""
    if visitor(request) is None:
        return sign_in_first(request)
    values = {"fresh_sign_in": sign_in_address(request, fresh=True), "made": None, "wrong": "", **how}
    return await screen(console, request, "break_glass.html", values=values, told="/v1/break-glass")


async def make_code(console: Console, request: Request) -> Response:
    """Make a code and show it, this once."""
    who, sent = visitor(request), await fields(request)
    if who is None:
        return signed_out(request, console.screens, sent)
    try:
        made = await console.asked("POST", "/v1/break-glass", request, {"unit": sent.get("unit", "")})
    except Problem as problem:
        if Role.LEADER not in who.roles:
            raise
        return await codes_screen(console, request, {"status": problem.status, "wrong": problem.code})
    return await codes_screen(console, request, {"made": made})
