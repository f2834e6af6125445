"""Which children, cases and reports belong together: a stranger's word proposes, a person decides, and can undo it."""

import asyncio
import json
from typing import Any
from uuid import UUID

import pytest

from services.intake.handlers import belonging
from services.intake.handlers.disclosure import disclose
from shared.auth.grants import Grant, ReadPart, ReadPurpose
from shared.events.codes import Verification
from shared.events.escalation import ReporterVerified
from shared.events.intake import LinkDecided, ReportReceived, ReportsSplit
from shared.evidence import broken_at
from shared.ids import CaseId, ChildId, PersonId, ReportId, new_id
from tests.integration.intake.conftest import Intake
from tests.integration.intake.test_accept import CHILD, SIBLING, bearer, received, send
from tests.integration.intake.test_receipt import tell

BY = PersonId(UUID(int=7))
THIRTY = [{"cpr": f"{n:02}0112-9999"} for n in range(1, 31)]


def act(case_id: CaseId) -> belonging.Act:
    return belonging.Act(case_id, BY)


async def decide(intake: Intake, event: ReportReceived, *, joins: bool, which: int = 0) -> None:
    proposal = ChildId(event.proposed[which].child_id)
    await belonging.decide_proposal(intake.ground.transactions, act(event.case_id), proposal, joins=joins)


async def decided(intake: Intake) -> list[LinkDecided]:
    return [each for each in await intake.ground.published(LinkDecided) if isinstance(each, LinkDecided)]


async def body(intake: Intake, report_id: UUID) -> Any:
    """What was sent, opened with the key of the case that the report lies in."""
    row = await intake.ground.pool.fetchrow(
        "SELECT * FROM reports JOIN cases USING (case_id) WHERE report_id = $1", report_id
    )
    key = intake.ground.keys.unwrap(row["wrapped_key"])
    return json.loads(key.unseal(row["body_sealed"], table="reports", column="body_sealed", row=report_id))


async def test_thirty_numbers_of_a_stranger_are_one_child_and_29_proposals(intake: Intake) -> None:
    await send(intake, {"children": THIRTY})
    (event,) = await received(intake)
    assert (len(event.children), len(event.proposed), event.linked_case_ids) == (1, 29, ())
    await send(intake, {"children": [THIRTY[9]]})
    assert (await received(intake))[1].case_id != event.case_id


async def test_numbers_of_a_stranger_link_no_known_cases(intake: Intake) -> None:
    for each in THIRTY[:3]:
        await send(intake, {"children": [each]})
    await send(intake, {"children": THIRTY})
    *known, event = await received(intake)
    assert (event.case_id, event.report_no, event.linked_case_ids) == (known[0].case_id, 2, ())
    assert await intake.ground.pool.fetchval("SELECT count(*) FROM links") == 0


@pytest.mark.parametrize("relation", ["subject", "sibling", "nabo", 7, None])
async def test_the_child_that_is_called_the_subject_decides_else_the_first(intake: Intake, relation: Any) -> None:
    await send(intake, {"children": [CHILD]})
    await send(intake, {"children": [SIBLING]})
    await send(intake, {"children": [CHILD, {**SIBLING, "relation": relation}]})
    first, second, third = await received(intake)
    assert third.case_id == (second if relation == "subject" else first).case_id


async def test_a_stranger_who_names_one_child_still_joins_its_case(intake: Intake) -> None:
    await send(intake, {"children": [CHILD]})
    await send(intake, {"children": [{**CHILD, "relation": "subject"}], "text": "Mere."})
    assert len({event.case_id for event in await received(intake)}) == 1


async def test_a_known_reporter_vouches_for_siblings_alone(intake: Intake) -> None:
    await send(intake, {"children": [CHILD, SIBLING, {"cpr": "030312-9999", "relation": "ven"}]}, who=bearer(intake))
    (event,) = await received(intake)
    assert (len(event.children), len(event.proposed)) == (2, 1)


async def test_a_number_named_often_is_proposed_once_and_sealed(intake: Intake) -> None:
    await send(intake, {"children": [CHILD, SIBLING, SIBLING, CHILD]})
    (event,) = await received(intake)
    assert len(event.proposed) == 1
    row = await intake.ground.pool.fetchrow("SELECT * FROM proposals")
    assert b"Bent" not in row["identity_sealed"]
    assert b"020212" not in row["lookup"]


async def test_a_proposal_that_a_person_joins_is_a_child_of_the_case(intake: Intake) -> None:
    await send(intake, {"children": [CHILD, SIBLING]})
    (event,) = await received(intake)
    await decide(intake, event, joins=True)
    await decide(intake, event, joins=True)
    await send(intake, {"children": [SIBLING]})
    assert (await received(intake))[1].case_id == event.case_id
    assert await decided(intake) == []
    acts = await intake.ground.pool.fetch("SELECT act, actor FROM evidence WHERE act = 'proposal_decided'")
    assert [tuple(each) for each in acts] == [("proposal_decided", BY)]


async def test_a_proposal_that_is_known_elsewhere_links_the_cases_when_a_person_joins_it(intake: Intake) -> None:
    await send(intake, {"children": [SIBLING]})
    await send(intake, {"children": [CHILD, SIBLING]})
    other, event = await received(intake)
    await decide(intake, event, joins=True)
    (told,) = await decided(intake)
    assert (told.case_id, told.other_case_id, told.linked, told.n) == (event.case_id, other.case_id, True, 1)
    for case_id in (event.case_id, other.case_id):
        assert await broken_at(intake.ground.pool, case_id, intake.ground.macs) is None
        query = "SELECT actor FROM evidence WHERE case_id = $1 AND act = 'link_decided'"
        assert await intake.ground.pool.fetchval(query, case_id) == BY


async def test_a_rejected_proposal_stays_rejected(intake: Intake) -> None:
    await send(intake, {"children": [CHILD, SIBLING]})
    (event,) = await received(intake)
    await decide(intake, event, joins=False)
    await decide(intake, event, joins=True)
    assert await intake.ground.pool.fetchval("SELECT count(*) FROM children") == 1
    with pytest.raises(belonging.NoSuch):
        stray = act(CaseId(new_id()))
        proposal = ChildId(event.proposed[0].child_id)
        await belonging.decide_proposal(intake.ground.transactions, stray, proposal, joins=True)


async def test_a_wrong_unlinking_is_undone_by_hand_once_and_with_evidence_in_both(intake: Intake) -> None:
    for child in (CHILD, SIBLING):
        await send(intake, {"children": [child]})
    one, other = (each.case_id for each in await received(intake))
    ground = intake.ground
    for _ in range(2):
        await belonging.link(ground.transactions, act(one), other)
    await belonging.unlink(ground.transactions, act(other), one)
    await belonging.link(ground.transactions, act(one), other)
    assert [(each.linked, each.n) for each in await decided(intake)] == [(True, 1), (False, 2), (True, 3)]
    for each in (one, other):
        assert await broken_at(ground.pool, each, ground.macs) is None
    with pytest.raises(belonging.NoSuch):
        await belonging.link(ground.transactions, act(one), CaseId(new_id()))


async def test_what_people_parted_no_report_links_again_but_a_person_does(intake: Intake) -> None:
    await send(intake, {"children": [CHILD]})
    intake.ground.clock.pass_by(hours=1)
    await send(intake, {"children": [SIBLING]})
    await send(intake, {"children": [CHILD, SIBLING]}, who=bearer(intake))
    first, second, linking = await received(intake)
    assert linking.linked_case_ids == (second.case_id,)
    for _ in range(2):
        await belonging.unlink(intake.ground.transactions, act(first.case_id), second.case_id)
    await send(intake, {"children": [CHILD, SIBLING], "text": "igen"}, who=bearer(intake))
    await send(intake, {"children": [CHILD, SIBLING], "text": "ukendt"})
    *_, again, proposing = await received(intake)
    assert (again.linked_case_ids, proposing.linked_case_ids) == ((), ())
    await decide(intake, proposing, joins=True)
    assert [(each.linked, each.n) for each in await decided(intake)] == [(False, 1), (True, 2)]
    with pytest.raises(belonging.NoSuch):
        await belonging.unlink(intake.ground.transactions, act(first.case_id), CaseId(new_id()))


async def test_reports_that_are_split_off_have_a_case_and_a_key_of_their_own(intake: Intake) -> None:
    await send(intake, {"children": [CHILD], "text": "Om Anna."})
    await send(intake, {"children": [CHILD, SIBLING], "text": "Om dem."}, who=bearer(intake))
    await send(intake, {"children": [SIBLING, {"cpr": "030312-9999"}], "text": "Om Bent."})
    events = await received(intake)
    old, to = events[0].case_id, CaseId(new_id())
    moving = [ReportId(events[2].report_id)]
    for _ in range(2):
        await belonging.split(intake.ground.transactions, intake.secrets, act(old), to, moving)
    (told,) = await intake.ground.published(ReportsSplit)
    assert isinstance(told, ReportsSplit)
    assert [(each.report_id, each.report_no, each.n) for each in told.reports] == [(moving[0], 1, 1)]
    assert (await body(intake, moving[0]))["text"] == "Om Bent."
    assert (await body(intake, events[0].report_id))["text"] == "Om Anna."
    await send(intake, {"children": [CHILD], "text": "Mere."})
    assert ((await received(intake))[3].case_id, (await received(intake))[3].report_no) == (old, 4)
    for case_id in (old, to):
        assert await broken_at(intake.ground.pool, case_id, intake.ground.macs) is None


async def test_a_child_that_only_moved_reports_name_moves_with_them(intake: Intake) -> None:
    staff = bearer(intake)
    await send(intake, {"children": [CHILD], "text": "Om Anna."})
    await send(intake, {"children": [CHILD, SIBLING], "text": "Om dem."}, who=staff)
    first, both = await received(intake)
    to = CaseId(new_id())
    await belonging.split(intake.ground.transactions, intake.secrets, act(first.case_id), to, [both.report_id])
    await send(intake, {"children": [SIBLING], "text": "Bent."})
    await send(intake, {"children": [CHILD], "text": "Anna."})
    *_, bent, anna = await received(intake)
    assert (bent.case_id, bent.report_no) == (to, 2)
    assert (anna.case_id, anna.report_no) == (first.case_id, 3)


async def of_both(intake: Intake) -> tuple[list[ReportReceived], UUID]:
    """Reports on one child, on both, and on the other, all in one case; and who the other child is."""
    for children, text in (([CHILD], "Om Anna."), ([CHILD, SIBLING], "Om dem."), ([SIBLING], "Om Bent.")):
        await send(intake, {"children": children, "text": text}, who=bearer(intake))
    events = await received(intake)
    assert {each.case_id for each in events} == {events[0].case_id}
    return events, events[2].children[0].child_id


async def test_a_child_that_is_split_off_takes_along_what_is_about_it_alone(intake: Intake) -> None:
    events, child = await of_both(intake)
    old, to = events[0].case_id, CaseId(new_id())
    for _ in range(2):
        await belonging.split(intake.ground.transactions, intake.secrets, act(old), to, [child])
    (told,) = await intake.ground.published(ReportsSplit)
    assert isinstance(told, ReportsSplit)
    assert [(each.report_id, each.report_no) for each in told.reports] == [(events[2].report_id, 1)]
    (link,) = await decided(intake)
    assert (link.case_id, link.other_case_id, link.linked) == (old, to, True)
    assert [(await body(intake, each.report_id))["text"] for each in events] == ["Om Anna.", "Om dem.", "Om Bent."]
    for who, case_id, no in ((CHILD, old, 4), (SIBLING, to, 2)):
        await send(intake, {"children": [who], "text": "Mere."})
        assert ((await received(intake))[-1].case_id, (await received(intake))[-1].report_no) == (case_id, no)
    for case_id in (old, to):
        assert await broken_at(intake.ground.pool, case_id, intake.ground.macs) is None


async def test_a_child_of_whom_nothing_is_told_alone_has_a_case_for_what_comes(intake: Intake) -> None:
    await send(intake, {"children": [CHILD], "text": "Om Anna."})
    await send(intake, {"children": [CHILD, SIBLING], "text": "Om dem."}, who=bearer(intake))
    first, both = await received(intake)
    (child,) = {each.child_id for each in both.children} - {each.child_id for each in first.children}
    to = CaseId(new_id())
    await belonging.split(intake.ground.transactions, intake.secrets, act(first.case_id), to, [child])
    assert (await intake.ground.published(ReportsSplit), len(await decided(intake))) == ([], 1)
    await send(intake, {"children": [{**SIBLING, "relation": "subject"}], "text": "Bent."})
    assert ((await received(intake))[-1].case_id, (await received(intake))[-1].report_no) == (to, 1)


async def test_a_case_keeps_at_least_one_child(intake: Intake) -> None:
    events, child = await of_both(intake)
    everybody = {each.child_id for event in events for each in event.children}
    ground, to = intake.ground.transactions, CaseId(new_id())
    with pytest.raises(belonging.NothingLeft):
        await belonging.split(ground, intake.secrets, act(events[0].case_id), to, list(everybody))
    for stray in ([new_id()], [], [child, new_id()]):
        with pytest.raises(belonging.NoSuch):
            await belonging.split(ground, intake.secrets, act(events[0].case_id), to, stray)


async def test_a_case_keeps_at_least_one_report_and_gives_only_its_own(intake: Intake) -> None:
    await send(intake, {"children": [CHILD]})
    (event,) = await received(intake)
    to, ground = CaseId(new_id()), intake.ground.transactions
    with pytest.raises(belonging.NothingLeft):
        await belonging.split(ground, intake.secrets, act(event.case_id), to, [event.report_id])
    with pytest.raises(belonging.NoSuch):
        await belonging.split(ground, intake.secrets, act(event.case_id), to, [ReportId(new_id())])


@pytest.mark.race
async def test_splits_joins_and_reports_at_once_deadlock_nobody(intake: Intake) -> None:
    await send(intake, {"children": [CHILD], "text": "1"})
    await send(intake, {"children": [CHILD, SIBLING], "text": "2"})
    first, second = await received(intake)
    to = CaseId(new_id())
    await asyncio.gather(
        belonging.split(intake.ground.transactions, intake.secrets, act(first.case_id), to, [second.report_id]),
        decide(intake, second, joins=True),
        *(send(intake, {"children": [CHILD, SIBLING], "text": f"s{n}"}, who=bearer(intake)) for n in range(4)),
        *(send(intake, {"children": [SIBLING], "text": f"b{n}"}) for n in range(4)),
        return_exceptions=True,
    )
    rows = await intake.ground.pool.fetch("SELECT report_id FROM reports")
    assert len(rows) == 10
    for row in rows:
        assert "text" in await body(intake, row["report_id"])
    for row in await intake.ground.pool.fetch("SELECT case_id FROM cases"):
        assert await broken_at(intake.ground.pool, row["case_id"], intake.ground.macs) is None


async def test_a_proposal_that_does_not_open_hides_neither_the_report_nor_the_others(intake: Intake) -> None:
    await send(intake, {"children": [CHILD, SIBLING, {"cpr": "030312-9999"}], "text": "Om dem."})
    (event,) = await received(intake)
    await intake.ground.pool.execute(
        "UPDATE proposals SET identity_sealed = '\\x00' WHERE proposal_id = $1", event.proposed[0].child_id
    )
    grant = Grant(new_id(), event.report_id, PersonId(new_id()), ReadPurpose.PAGE, ReadPart.ALL)
    shown = await disclose(intake.ground.transactions, intake.secrets, grant)
    assert shown is not None
    assert shown["text"] == "Om dem."
    assert sorted(each["cpr"] for each in shown["proposals"]) == ["", "0303129999"]


async def called_back(intake: Intake, event: ReportReceived) -> None:
    """A consultant has called the reporter back, which is told twice."""
    verified = ReporterVerified(
        case_id=event.case_id, report_id=event.report_id, how=Verification.CALLED_BACK, by=PersonId(BY)
    )
    for _ in range(2):
        await tell(intake, verified)


async def test_siblings_of_a_reporter_who_is_called_back_later_join_as_those_of_a_known_one(intake: Intake) -> None:
    third, stranger = {"cpr": "030312-9999", "relation": "sibling"}, {"cpr": "040412-9999"}
    await send(intake, {"children": [third], "text": "Kendt."})
    await send(intake, {"children": [CHILD, SIBLING, third, stranger], "text": "Om dem."})
    known, event = await received(intake)
    assert (event.linked_case_ids, len(event.proposed)) == ((), 3)
    await called_back(intake, event)
    (link,) = await decided(intake)
    assert (link.case_id, link.other_case_id, link.linked, link.by) == (event.case_id, known.case_id, True, BY)
    joined = await intake.ground.pool.fetch("SELECT sibling, joined, decided_by FROM proposals")
    assert sorted(tuple(row) for row in joined if row["sibling"]) == [(True, True, BY)] * 2
    assert [row["joined"] for row in joined if not row["sibling"]] == [None]
    await send(intake, {"children": [{**SIBLING, "relation": "subject"}], "text": "Bent."})
    assert (await received(intake))[-1].case_id == event.case_id
    acts = await intake.ground.pool.fetch("SELECT actor FROM evidence WHERE act = 'proposal_decided'")
    assert [row["actor"] for row in acts] == [BY, BY]
    for case_id in (known.case_id, event.case_id):
        assert await broken_at(intake.ground.pool, case_id, intake.ground.macs) is None


async def test_what_people_parted_or_rejected_no_call_back_joins(intake: Intake) -> None:
    third = {"cpr": "030312-9999", "relation": "sibling"}
    await send(intake, {"children": [CHILD], "text": "1"})
    await send(intake, {"children": [SIBLING], "text": "2"})
    await send(intake, {"children": [CHILD, SIBLING, third], "text": "3"})
    first, other, event = await received(intake)
    await belonging.link(intake.ground.transactions, act(first.case_id), other.case_id)
    await belonging.unlink(intake.ground.transactions, act(first.case_id), other.case_id)
    for which in (0, 1):
        proposal = await intake.ground.pool.fetchval(
            "SELECT lookup IN (SELECT lookup FROM children) FROM proposals WHERE proposal_id = $1",
            event.proposed[which].child_id,
        )
        if not proposal:
            await decide(intake, event, joins=False, which=which)
    await called_back(intake, event)
    assert [each.linked for each in await decided(intake)] == [True, False]
    rows = await intake.ground.pool.fetch("SELECT joined FROM proposals")
    assert sorted((row["joined"] for row in rows), key=str) == [False, None]


async def test_a_call_back_of_which_it_is_not_known_who_did_it_joins_nobody(intake: Intake) -> None:
    await send(intake, {"children": [CHILD, SIBLING], "text": "Om dem."})
    (event,) = await received(intake)
    how = Verification.CALLED_BACK
    await tell(intake, ReporterVerified(case_id=event.case_id, report_id=event.report_id, how=how))
    assert await intake.ground.pool.fetchval("SELECT joined FROM proposals") is None
