"""The console: what a consultant, a person with authority or a leader sees, on a phone at night and on a desk by day.

Screens read what the API tells; forms post to the API's own acts, so that there is one way to do a thing.
"""

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.escalation.web.api import Api
from services.escalation.web.console import words
from services.escalation.web.console.text import literally
from services.escalation.web.disclosures import Disclosures
from shared.auth.people import Person
from shared.calendar import local
from shared.web.screens import Screens
from shared.web.sign_in import sign_in_address, signed_in


@dataclass(frozen=True, slots=True)
class Console:
    """What the screens are given."""

    api: Api
    screens: Screens
    disclosures: Disclosures

    def show(self, request: Request, template: str, who: Person, *, status: int = 200, **values: Any) -> Response:
        """A screen. It is dark from 20 to 07, whatever the device says (nobody is woken by a white page)."""
        hour = local(self.api.transactions.clock.now()).hour
        night = hour >= 20 or hour < 7
        done = request.query_params.get("done", "")
        return self.screens.page(
            request,
            template,
            status=status,
            who=who,
            night=night,
            done=done,
            words=words,
            literally=literally,
            **values,
        )


def sign_in_first(request: Request) -> Response:
    """To the sign-in, and back here."""
    return RedirectResponse(sign_in_address(request), 303)


def visitor(request: Request) -> Person | None:
    """Who is signed in."""
    return signed_in(request)
