"""What operators see of reports: for how long none has come that should have."""

from datetime import timedelta

from services.intake import tick
from services.intake.figures import found
from tests.integration.intake.conftest import Intake

USUAL = timedelta(hours=72)


async def seen(intake: Intake, usual: timedelta = USUAL) -> dict[str, float]:
    return await found(intake.ground.pool, intake.ground.clock.now(), usual=usual)


async def test_no_report_within_the_usual_time_is_seen_and_a_canary_is_none(intake: Intake) -> None:
    assert await seen(intake) == {}
    await intake.client.post("/v1/reports", json={"text": "Hej"})
    intake.ground.clock.pass_by(hours=72, seconds=5)
    await tick.send_canary(intake.ground.transactions, intake.client, timedelta(minutes=5))
    assert await seen(intake) == {"beredskab.report.overdue": 5}
    await intake.client.post("/v1/reports", json={"text": "Hej"})
    assert await seen(intake) == {"beredskab.report.overdue": 0}


async def test_nothing_is_usual_where_the_time_is_switched_off(intake: Intake) -> None:
    await intake.client.post("/v1/reports", json={"text": "Hej"})
    intake.ground.clock.pass_by(days=30)
    assert await seen(intake, timedelta(0)) == {}
