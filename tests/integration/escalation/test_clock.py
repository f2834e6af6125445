"""A clock that ran ahead and steps back leaves no wait longer than a rung."""

from datetime import timedelta

import pytest

from services.escalation import tick
from shared.events.codes import Level
from tests.integration.escalation.conftest import Service

RUNG = timedelta(minutes=10)


async def wait(service: Service) -> timedelta:
    due = await service.ground.pool.fetchval("SELECT next_at FROM escalations")
    found: timedelta = due - service.now
    return found


@pytest.mark.parametrize("ahead", [timedelta(minutes=11), timedelta(hours=2), timedelta(days=30)])
@pytest.mark.parametrize("rated", [True, False])
async def test_what_a_clock_ahead_put_off_is_pulled_in(service: Service, ahead: timedelta, *, rated: bool) -> None:
    right = service.now
    service.ground.clock.at = right + ahead
    await service.opened(Level.HIGH if rated else None, received_at=right)
    service.ground.clock.at = right
    assert await wait(service) > ahead
    await tick.pull_in_once(service.ground.transactions)
    assert await wait(service) <= (RUNG if rated else timedelta(seconds=20))
    pages = await service.ground.pool.fetchval("SELECT count(*) FROM pages")
    await service.tick(minutes=10, seconds=1)
    assert await service.ground.pool.fetchval("SELECT count(*) FROM pages") > pages


@pytest.mark.parametrize("level", [*Level, None])
async def test_a_wait_that_a_right_clock_wrote_stays(service: Service, level: Level | None) -> None:
    await service.opened(level)
    before = await wait(service)
    await tick.pull_in_once(service.ground.transactions)
    assert await wait(service) == before


async def test_a_moment_of_another_services_clock_does_not_lengthen_the_limit_of_the_law(service: Service) -> None:
    await service.opened(received_at=service.now + timedelta(hours=2))
    limit = await service.ground.pool.fetchval("SELECT limit_at FROM deadlines WHERE rule = 'acute_judgement'")
    assert limit == service.now + timedelta(hours=24)


async def test_a_case_that_cannot_be_decided_leaves_the_others_to_be_pulled_in(service: Service) -> None:
    right = service.now
    service.ground.clock.at = right + timedelta(hours=2)
    cases = sorted([(await service.opened(received_at=right))[0] for _ in range(3)])
    service.ground.clock.at = right
    await service.ground.pool.execute("ALTER TABLE pages DROP CONSTRAINT pages_recipient_kind_check")
    await service.ground.pool.execute(
        "UPDATE pages SET recipient_kind = 'unheard_of' WHERE escalation_id IN "
        "(SELECT escalation_id FROM escalations WHERE case_id = $1)",
        cases[0],
    )
    await tick.pull_in_once(service.ground.transactions)
    rows = await service.ground.pool.fetch("SELECT next_at FROM escalations ORDER BY case_id")
    assert [row["next_at"] - right <= RUNG for row in rows] == [False, True, True]
