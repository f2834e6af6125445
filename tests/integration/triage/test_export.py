"""What people answered to what was found in texts can be exported, and tells of nobody."""

from deploy.cli.reading import answered
from shared.events.codes import Grade
from tests.integration.triage.conftest import Triage, denied, said

PASSPORT, JOURNEY, PHONE = "travel.passport_taken", "travel.planned", "control.phone_or_money"


async def test_an_answer_to_what_was_found_is_exported_without_anything_that_names_a_case(triage: Triage) -> None:
    report = await triage.reported()
    found = [
        said(PASSPORT, grade=Grade.SUSPECTED, score=30),
        said(JOURNEY, grade=Grade.READ, score=90),
        said(PHONE, grade=Grade.SUSPECTED, score=12),
    ]
    await triage.read(report, *found)
    await triage.reported(said(PASSPORT), *denied(JOURNEY), case_id=report.case_id)
    async with triage.ground.pool.acquire() as conn:
        told = await answered(conn)
    assert told == [
        {"sign": PASSPORT, "score": 30, "grade": "suspected", "answer": "said", "month": "2026-03"},
        {"sign": JOURNEY, "score": 90, "grade": "read", "answer": "denied", "month": "2026-03"},
    ]


async def test_where_people_disagree_or_it_is_a_canary_nothing_is_exported(triage: Triage) -> None:
    torn = await triage.reported(said(PASSPORT))
    await triage.read(torn, said(PASSPORT, grade=Grade.SUSPECTED, score=30))
    await triage.reported(*denied(PASSPORT), case_id=torn.case_id)
    canary = await triage.reported(said(JOURNEY), canary=True)
    await triage.read(canary, said(JOURNEY, grade=Grade.READ, score=90))
    async with triage.ground.pool.acquire() as conn:
        assert await answered(conn) == []
