"""What people are told counts what they may see: a case that is not theirs changes no byte of any list or figure."""

import re
from typing import Any
from uuid import UUID

import pytest

from shared.auth.people import Role
from shared.events.codes import Level
from tests.integration.console.conftest import AASE, Browser, House
from tests.integration.console.test_console import BODY

LISTS = (
    "work",
    "closed",
    "reads",
    "searches",
    "exclusions",
    "rota",
    "ladders",
    "people",
    "reach",
    "who-would-be-paged",
)
"""The API's lists. `operations` is for operators alone: its figures are those by which alarms are raised."""
HOMES = ("/work", "/reach", "/rota", "/ladders", "/people", "/people/new", "/me", "/search", "/closed", "/supervision")


async def told(browser: Browser) -> dict[str, Any]:
    """Everything that the person is told that is about no single case."""
    answers = {}
    for path in (*(f"/v1/{name}?level=high" for name in LISTS), *HOMES):
        answer = await browser.open(path)
        answers[path] = (answer.status_code, re.sub(r"\?v=\w+", "", answer.text))
    return answers


async def hidden_case(house: House, *, how: str, who: UUID) -> None:
    """A case with all that can be counted, which the person does not see: of another unit, or excluded from it."""
    case_id = (await house.report(Level.ACUTE, **BODY)).case_id
    unit = "noerrebro" if how == "excluded" else "amager"
    await house.escalation.pool.execute("UPDATE cases SET unit = $2 WHERE case_id = $1", case_id, unit)
    if how == "excluded":
        await house.escalation.pool.execute(
            "INSERT INTO exclusions (case_id, person_id, by, at, named_in) VALUES ($1, $2, $2, $3, $1)",
            case_id,
            who,
            house.escalation.clock.now(),
        )
    other = await house.browser(AASE)
    await other.into(case_id)
    await other.client.post(f"/cases/{case_id}/acknowledge", data={"covers_report_no": "1"})


@pytest.mark.parametrize("how", ["of another unit", "excluded"])
@pytest.mark.parametrize("role", [Role.LEADER, Role.CONSULTANT, Role.AUTHORITY, Role.AUDITOR])
async def test_a_case_that_is_not_theirs_changes_nothing_that_they_are_told(house: House, how: str, role: Role) -> None:
    who = UUID(int=77)
    await house.escalation.pool.execute(
        "INSERT INTO people (person_id, name, roles, units) VALUES ($1, 'Nn', $2, $3)",
        who,
        [role],
        ["noerrebro"],
    )
    seen = await house.report(Level.HIGH, **BODY)
    await house.escalation.pool.execute("UPDATE cases SET unit = 'noerrebro' WHERE case_id = $1", seen.case_id)
    browser = await house.browser(who, role)
    before = await told(browser)
    await hidden_case(house, how=how, who=who)
    after = await told(browser)
    assert [path for path in before if before[path] != after[path]] == []
