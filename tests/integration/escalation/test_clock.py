"""A clock that ran ahead and steps back leaves no wait longer than a rung."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.escalation import tick
from shared.events.codes import Answer, Level, When
from shared.events.intake import SignFact
from shared.ids import CaseId
from tests.integration.escalation.conftest import AASE, DITTE, Service
from tests.integration.escalation.test_hold import ask, assess

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


async def acknowledged(service: Service, ahead: timedelta, *, minutes: int = 60) -> CaseId:
    """A case that was taken by a clock that far ahead, which has stepped back."""
    right = service.now
    case_id, _ = await service.opened(received_at=right)
    service.ground.clock.at = right + ahead
    await service.did(AASE, f"cases/{case_id}/acknowledge", case_id, covers_report_no=1, promise_minutes=minutes)
    service.ground.clock.at = right
    return case_id


async def acts(service: Service) -> list[str]:
    return [row["act"] for row in await service.ground.pool.fetch("SELECT act FROM evidence ORDER BY n")]


@pytest.mark.parametrize("ahead", [timedelta(minutes=10), timedelta(hours=2), timedelta(days=30)])
@pytest.mark.parametrize("minutes", [60, 240])
async def test_a_promise_given_by_a_clock_ahead_is_as_long_as_it_was_and_no_longer(
    service: Service, ahead: timedelta, minutes: int
) -> None:
    await acknowledged(service, ahead, minutes=minutes)
    for _ in range(3):
        await tick.pull_in_once(service.ground.transactions)
        assert await wait(service) == timedelta(minutes=minutes)
    assert (await acts(service)).count("pulled_in") == 1
    pages = await service.ground.pool.fetchval("SELECT count(*) FROM pages")
    await service.tick(minutes=minutes, seconds=1)
    assert await service.ground.pool.fetchval("SELECT count(*) FROM pages") > pages


async def test_a_promise_that_a_right_clock_wrote_stays_whatever_was_written_by_one_ahead_before(
    service: Service,
) -> None:
    case_id = await acknowledged(service, timedelta(minutes=10))
    await tick.pull_in_once(service.ground.transactions)
    await service.did(AASE, f"cases/{case_id}/acknowledge", case_id, covers_report_no=1, promise_minutes=90)
    before = await wait(service)
    await tick.pull_in_once(service.ground.transactions)
    assert await wait(service) == before


async def test_a_promise_by_phone_runs_from_the_moment_that_a_person_wrote(service: Service) -> None:
    right = service.now
    case_id, _ = await service.opened(received_at=right - timedelta(minutes=5))
    service.ground.clock.at = right + timedelta(minutes=10)
    said = {"person_id": str(AASE), "said_at": right.isoformat(), "covers_report_no": 1}
    await service.did(DITTE, f"cases/{case_id}/phone-answer", case_id, **said)
    service.ground.clock.at = right
    await tick.pull_in_once(service.ground.transactions)
    assert await wait(service) == timedelta(minutes=60)


@pytest.mark.parametrize("ahead", [timedelta(minutes=10), timedelta(hours=2), timedelta(days=30)])
async def test_the_laws_clocks_of_a_report_of_the_future_are_pulled_in_and_what_a_person_said_the_day_of_stays(
    service: Service, ahead: timedelta
) -> None:
    right = service.now
    service.ground.clock.at = right + ahead
    day = SignFact(sign="marriage.planned", answer=Answer.SAID, when=When.NOW, date=date(2026, 9, 1))
    await service.opened(signs=(day,))
    service.ground.clock.at = right
    for _ in range(2):
        await tick.pull_in_once(service.ground.transactions)
        rows = {row["rule"]: row for row in await service.ground.pool.fetch("SELECT * FROM deadlines")}
        assert rows["acute_judgement"]["limit_at"] == right + timedelta(hours=24)
        assert rows["acute_judgement"]["next_at"] == right + timedelta(hours=20)
        assert rows["receipt"]["limit_at"] == datetime(2026, 3, 18, 23, tzinfo=UTC)
        assert rows["said_date"]["limit_at"] == datetime(2026, 8, 31, 22, tzinfo=UTC)
    assert (await acts(service)).count("pulled_in") == 1


async def test_the_end_of_a_hold_that_a_person_chose_is_not_pulled_in(service: Service) -> None:
    right = service.now
    case_id, _ = await service.opened(received_at=right)
    service.ground.clock.at = right + timedelta(hours=2)
    named = await assess(service, case_id)
    assert (await ask(service, case_id, assessment_id=named)).status_code == 200
    kept = "SELECT limit_at, next_at FROM deadlines WHERE rule = 'hold_review'"
    before = await service.ground.pool.fetchrow(kept), await service.ground.pool.fetchval("SELECT until FROM lifts")
    service.ground.clock.at = right
    await tick.pull_in_once(service.ground.transactions)
    assert before == (
        await service.ground.pool.fetchrow(kept),
        await service.ground.pool.fetchval("SELECT until FROM lifts"),
    )
