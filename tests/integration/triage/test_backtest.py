"""All stored facts, rated by rules that are still being written."""

from pathlib import Path

from deploy.cli.rules import backtested
from services.triage import rules
from shared.events.codes import Level, Reading
from tests.integration.triage.conftest import NO_DANGER, Triage, said

TEXT = (Path(rules.__file__).parent / "1.toml").read_text(encoding="utf-8")


async def test_a_backtest_tells_who_would_move_and_changes_nothing(triage: Triage) -> None:
    falls = await triage.reported(said("watched.by_relatives"), said("control.isolation"), *NO_DANGER)
    rises = await triage.reported(said("wellbeing.decline"), *NO_DANGER)
    stays = await triage.reported(said("travel.passport_taken"))
    await triage.reported(said("fear.extreme"), canary=True)
    before = await triage.ratings()
    other = rules.parse(
        TEXT.replace(
            '["watched.by_relatives"], [', '["watched.by_relatives"], ["watched.by_relatives@earlier"], ['
        ).replace("different = 2", "different = 1")
    )
    async with triage.ground.pool.acquire() as conn:
        results = {each.case_id: each for each in await backtested(conn, other)}
    assert {case_id: (each.was, each.now) for case_id, each in results.items()} == {
        falls.case_id: (Level.HIGH, Level.ELEVATED),
        rises.case_id: (Level.LOW, Level.ELEVATED),
        stays.case_id: (Level.ACUTE, Level.ACUTE),
    }
    assert results[rises.case_id].rules == ("elevated_concerns_together",)
    assert await triage.ratings() == before


async def test_a_backtest_counts_what_came_since_the_last_rating(triage: Triage) -> None:
    first = await triage.reported(said("wellbeing.decline"), *NO_DANGER)
    await triage.reported(said("control.activities"), case_id=first.case_id, reading=Reading.PENDING)
    async with triage.ground.pool.acquire() as conn:
        (result,) = await backtested(conn, rules.newest())
    assert [rating.level for rating in await triage.ratings()] == [Level.LOW]
    assert "elevated_concerns_together" in result.rules
