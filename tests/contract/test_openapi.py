"""The committed OpenAPI documents are what the code says, and leave no door out."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import BaseRoute, Route

from services.escalation.web.api import Api
from services.escalation.web.routes import routes as escalation_routes
from services.intake.web import phone
from services.intake.web.reports import routes as intake_routes
from services.notify.web import routes as notify_routes
from services.triage.web import routes as triage_routes
from tests.support.openapi import DOCUMENTS, FOLDER, text

_OWN = ("/internal/reports/phone", "/live", "/ready", "/events", "/events/known", "/rules/style.css")
DOORS: dict[str, Any] = {
    "intake": lambda: [*intake_routes(None), *phone.routes(None, None)],  # type: ignore[arg-type]
    "triage": lambda: triage_routes(None),  # type: ignore[arg-type]
    "notify": lambda: notify_routes(None),  # type: ignore[arg-type]
    "escalation": lambda: escalation_routes(Api(None, None)),  # type: ignore[arg-type]
}


def doors(routes: Iterable[BaseRoute]) -> set[tuple[str, str]]:
    """Method and path of every door, converters left out."""
    return {
        (method.lower(), route.path.replace(":uuid", "").replace(":int", ""))
        for route in routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }


@pytest.mark.parametrize("service", DOCUMENTS)
def test_the_committed_document_is_the_codes(service: str) -> None:
    advice = "write it anew: python -m tests.support.openapi"
    assert Path(FOLDER / f"{service}.json").read_text(encoding="utf-8") == text(service), advice


@pytest.mark.parametrize("service", DOORS)
def test_every_door_is_documented_and_every_documented_door_is_there(service: str) -> None:
    told = {(method, path) for path, acts in DOCUMENTS[service]["paths"].items() for method in acts}
    there = doors(DOORS[service]())
    assert {door for door in told if door[1] not in _OWN} == {door for door in there if door[1] not in _OWN}
