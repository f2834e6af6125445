"""Facts come twice and in any order; the rows end the same."""

import itertools
from typing import Any
from uuid import UUID

import pytest

from shared.events.codes import Level
from shared.events.model import Event
from shared.ids import CaseId
from tests.integration.escalation.conftest import Service

CASE = CaseId(UUID(int=7))


def _facts(service: Service) -> list[Event]:
    first = service.report(CASE, 1, report_id=UUID(int=71), conflict_declared=False)
    second = service.report(CASE, 2, report_id=UUID(int=72))
    return [
        first,
        second,
        service.rating(Level.HIGH, first, no=1),
        service.rating(Level.ACUTE, first, second, no=2),
    ]


ORDERS = list(itertools.permutations(range(4)))


async def _rows(service: Service) -> list[Any]:
    """What must not depend on the order: everything but who was paged in which round, and evidence of the way."""
    stands = await service.ground.pool.fetchrow(
        "SELECT state, level, newest_report_no, acknowledged_report_no, received_at, rate_by FROM escalations"
    )
    tables = ("reports ORDER BY report_no", "ratings ORDER BY rating_no", "deadlines ORDER BY rule, report_id")
    return [stands, *[await service.ground.pool.fetch(f"SELECT * FROM {table}") for table in tables]]


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: "".join(map(str, order)))
async def test_reports_and_ratings_in_any_order_and_twice_end_in_the_same_rows(
    service: Service, order: tuple[int, ...]
) -> None:
    facts = _facts(service)
    for n in (*order, *order):
        await service.hear(facts[n])
    [stands, reports, ratings, deadlines] = await _rows(service)
    assert tuple(stands.values())[:4] == ("paging", "acute", 2, 0)
    assert stands["rate_by"] is None
    assert [row["report_no"] for row in reports] == [1, 2]
    assert [row["level"] for row in ratings] == ["high", "acute"]
    assert [row["state"] for row in deadlines if row["rule"] == "acute_judgement"] == ["running", "running"]
    case = await service.case(CASE)
    assert [page["state"] for page in case["pages"]].count("requested") == 1


async def test_the_same_event_again_has_no_effect_at_all(service: Service) -> None:
    case_id, report = await service.opened(Level.ACUTE)
    case = await service.case(case_id)
    rating = service.rating(Level.ACUTE, report, no=2)
    once = UUID(int=99)
    await service.hear(rating, event_id=once)
    changed = await service.case(case_id)
    await service.hear(rating, event_id=once)
    assert changed != case
    assert await service.case(case_id) == changed


async def test_deliveries_that_come_twice_and_in_the_wrong_order_count_once(service: Service) -> None:
    case_id, report = await service.opened(Level.ACUTE)
    [page] = (await service.case(case_id))["pages"]
    await service.deliver(page, case_id, report)
    await service.lose(page, case_id)
    await service.deliver(page, case_id, report)
    assert [each["state"] for each in (await service.case(case_id))["pages"]] == ["accepted"]
