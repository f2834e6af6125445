"""What people link, part and split is rated by what lies in each case then, in whatever order it is heard."""

from itertools import permutations

from shared.events.codes import Level
from shared.events.intake import LinkDecided, MovedReport, ReportsSplit
from shared.ids import CaseId, PersonId, new_id
from tests.integration.triage.conftest import NO_DANGER, Triage, said


async def newest(triage: Triage, case_id: CaseId) -> tuple[Level, int]:
    """The newest rating of the case: its level, and over how many reports."""
    rating = [each for each in await triage.ratings() if each.case_id == case_id][-1]
    return rating.level, len(rating.report_ids)


async def test_parted_cases_are_rated_each_by_its_own_reports(triage: Triage) -> None:
    by = PersonId(new_id())
    for order in permutations(range(3)):
        grave = await triage.reported(said("travel.passport_taken"))
        mild = triage.report(*NO_DANGER, linked_case_ids=(grave.case_id,))
        facts = (
            mild,
            LinkDecided(case_id=grave.case_id, other_case_id=mild.case_id, linked=True, n=1, by=by),
            LinkDecided(case_id=mild.case_id, other_case_id=grave.case_id, linked=False, n=2, by=by),
        )
        for place in (*order, *order):
            await triage.hear(facts[place])
        assert await newest(triage, mild.case_id) == (Level.LOW, 1)
        assert (await newest(triage, grave.case_id))[1] == 1


async def test_split_reports_are_rated_where_they_lie_now(triage: Triage) -> None:
    by = PersonId(new_id())
    for order in permutations(range(2)):
        mild = await triage.reported(*NO_DANGER)
        grave = triage.report(said("travel.passport_taken"), case_id=mild.case_id, report_no=2)
        new = CaseId(new_id())
        moved = MovedReport(report_id=grave.report_id, report_no=1, n=1)
        facts = (grave, ReportsSplit(case_id=mild.case_id, new_case_id=new, reports=(moved,), by=by))
        for place in (*order, *order):
            await triage.hear(facts[place])
        assert await newest(triage, new) == (Level.ACUTE, 1)
        assert await newest(triage, mild.case_id) == (Level.LOW, 1)
