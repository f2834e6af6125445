"""Whatever the OpenAPI documents allow to be sent, and more: no server error, no undocumented answer."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from deploy.cli.people import person_with, token_for
from deploy.local.stack import Stack
from shared.auth.people import Role
from shared.clock import Clock
from tests.support.openapi import DOCUMENTS

PEOPLE = {"escalation"}
"""Where people sign in with a bearer token."""
CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
PATIENT = settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def operations() -> list[tuple[str, str, str]]:
    """Service, method and path of every documented act."""
    paths = ((service, path, acts) for service, told in DOCUMENTS.items() for path, acts in told["paths"].items())
    return [(service, method.upper(), path) for service, path, acts in paths for method in acts]


@pytest.mark.parametrize(
    ("service", "method", "path", "signed_in"),
    [(*each, signed_in) for each in operations() for signed_in in ((False, True) if each[0] in PEOPLE else (False,))],
)
def test_nothing_that_is_sent_breaks_the_contract(
    stack: Stack, service: str, method: str, path: str, signed_in: bool
) -> None:
    schema = schemathesis.openapi.from_dict(DOCUMENTS[service])
    schema.config.update(base_url=stack.urls[service])
    person = person_with(Role.CONSULTANT, now=Clock().now())
    bearer = {"Authorization": f"Bearer {token_for(stack.place, person)}"} if signed_in else {}

    @PATIENT
    @given(case=schema[path][method].as_strategy())
    def sent(case: Any) -> None:
        headers = {name: value for name, value in (case.headers or {}).items() if name.lower() != "authorization"}
        case.headers = {**headers, **bearer}
        case.validate_response(case.call(), checks=CHECKS)

    sent()
