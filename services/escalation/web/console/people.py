"""The people on a leader's screens: what they are, and the form by which somebody new becomes one of them.

Where a person is reached is the person's own to say (`/me`): here stands only whether they can be.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from services.escalation.domain.access import ANSWERS
from services.escalation.web.console import NOTHING, Console, Values, onward, visitor
from services.escalation.web.console.leader import changed, screen
from shared.auth.people import Role
from shared.web.application import fields
from shared.web.sign_in import signed_out

NAME_LIMIT = 200
Fields: TypeAlias = Mapping[str, str]
Json: TypeAlias = dict[str, Any]


async def people_screen(console: Console, request: Request, how: Values = NOTHING) -> Response:
    """The people, and whether each can be reached."""
    return await screen(console, request, "people.html", values=how, staff="/v1/people")


async def change_person(console: Console, request: Request) -> Response:
    """Change one of them."""

    def put(sent: Fields, _nothing: Json) -> tuple[str, Json]:
        return "/v1/people", _put(sent)

    return await changed(console, request, ("/people", people_screen), put, reads=None)


async def new_screen(console: Console, request: Request) -> Response:
    """The form for somebody new."""
    return await screen(console, request, "person_new.html", values={"sent": {}, "wrong": ()}, staff="/v1/people")


async def add_person(console: Console, request: Request) -> Response:
    """Add somebody new; what cannot be right is shown again with everything that was written."""
    who, sent = visitor(request), await fields(request)
    if who is None:
        return signed_out(request, console.screens, sent)
    staff = await console.asked("GET", "/v1/people", request)
    wrong = list(_wrong(sent, [each["person_id"] for each in staff["people"]]))
    if wrong:
        return console.show(request, "person_new.html", who, status=422, sent=sent, wrong=wrong)
    await console.asked("PUT", "/v1/people", request, _put(sent))
    return onward(request, "/people", done="added")


def _wrong(sent: Fields, known: Sequence[str]) -> Iterator[str]:
    """What of it cannot be right. Someone who is known already is changed where they stand, never by being added."""
    named = _id(sent)
    if named is None or str(named) in known:
        yield "id" if named is None else "known"
    if not 0 < len(sent.get("name", "").strip()) <= NAME_LIMIT:
        yield "name"
    roles = _roles(sent)
    if not roles:
        yield "role"
    if ANSWERS.intersection(roles) and not _units(sent):
        yield "unit"


def _put(sent: Fields) -> Json:
    named = _id(sent)
    codes = {"roles": _roles(sent), "units": _units(sent), "active": "active" in sent}
    person_id = str(named) if named else sent.get("person_id", "")
    return {"people": [{"person_id": person_id, "name": sent.get("name", "").strip(), **codes}]}


def _id(sent: Fields) -> UUID | None:
    try:
        return UUID(sent.get("person_id", "").strip())
    except ValueError:
        return None


def _roles(sent: Fields) -> list[Role]:
    return [role for role in Role if f"role.{role}" in sent]


def _units(sent: Fields) -> list[str]:
    """All of them is all of them, whichever else are ticked."""
    ticked = [name.removeprefix("unit.") for name in sent if name.startswith("unit.")]
    return ["*"] if "*" in ticked else ticked
