"""Facts come in, in any order and any number of times; what goes out is one rating for each thing that changed."""

import asyncio
import itertools
from datetime import date, timedelta

import asyncpg
import pytest

from services.triage import tick
from services.triage.domain import encoded
from services.triage.store import made
from shared.events.codes import Grade, Level, Reading
from shared.events.intake import ReportRead, ReportReceived
from shared.ids import CaseId, new_id
from tests.integration.triage.conftest import NO_DANGER, Triage, denied, said


async def test_a_report_is_rated_with_reasons_unknowns_and_questions(triage: Triage) -> None:
    report = await triage.reported(said("watched.by_relatives"))
    (rating,) = await triage.ratings()
    assert (rating.case_id, rating.rating_no, rating.level, rating.rule_set) == (report.case_id, 1, Level.ELEVATED, 3)
    assert rating.as_of == report.received_at
    assert rating.report_ids == (report.report_id,)
    assert [(each.rule, each.signs, each.report_ids) for each in rating.reasons] == [
        ("elevated_strong", ("watched.by_relatives",), (report.report_id,)),
        ("elevated_unanswered", ("threat.concrete", "violence.now"), ()),
    ]
    assert {"threat.concrete", "violence.now"} < set(rating.unknowns)
    assert [each.sign for each in rating.would_raise][:2] == ["threat.concrete", "violence.now"]


async def test_an_event_that_comes_twice_is_rated_once(triage: Triage) -> None:
    report, event_id = triage.report(said("fear.extreme")), new_id()
    await triage.hear(report, event_id)
    await triage.hear(report, event_id)
    await triage.hear(report)
    assert [rating.rating_no for rating in await triage.ratings()] == [1]


async def test_a_reading_that_comes_before_its_report_counts_when_the_report_comes(triage: Triage) -> None:
    report = triage.report(*NO_DANGER, reading=Reading.PENDING)
    await triage.read(report, said("travel.passport_taken"))
    assert await triage.ratings() == []
    await triage.hear(report)
    (rating,) = await triage.ratings()
    assert rating.level is Level.ACUTE


async def test_a_rating_below_high_waits_until_the_text_has_been_read(triage: Triage) -> None:
    report = await triage.reported(*NO_DANGER, reading=Reading.PENDING)
    assert await triage.ratings() == []
    await triage.read(report)
    assert [rating.level for rating in await triage.ratings()] == [Level.LOW]


async def test_high_and_acute_are_told_before_the_text_is_read(triage: Triage) -> None:
    high = await triage.reported(said("marriage.pressure"), reading=Reading.PENDING)
    acute = await triage.reported(said("travel.passport_taken"), reading=Reading.PENDING)
    assert [(each.case_id, each.level) for each in await triage.ratings()] == [
        (high.case_id, Level.HIGH),
        (acute.case_id, Level.ACUTE),
    ]


async def test_a_reading_that_changes_nothing_is_no_news(triage: Triage) -> None:
    report = await triage.reported(said("travel.passport_taken"), *NO_DANGER, reading=Reading.PENDING)
    first = await triage.ratings()
    await triage.read(report, language_unread=True)
    assert await triage.ratings() == first


async def test_a_reading_that_only_adds_a_reason_is_news(triage: Triage) -> None:
    report = await triage.reported(said("travel.passport_taken"), reading=Reading.PENDING)
    await triage.read(report, said("fear.killed"))
    assert [(each.rating_no, each.level) for each in await triage.ratings()] == [(1, Level.ACUTE), (2, Level.ACUTE)]


async def test_text_that_cannot_be_read_keeps_a_denial_from_lowering(triage: Triage) -> None:
    report = await triage.reported(*NO_DANGER, reading=Reading.PENDING)
    await triage.read(report, language_unread=True)
    (rating,) = await triage.ratings()
    assert rating.level is Level.ELEVATED
    assert [(each.rule, each.report_ids) for each in rating.reasons] == [("elevated_unanswered", (report.report_id,))]


async def test_what_is_suspected_is_high_until_a_person_answers_in_whatever_report(triage: Triage) -> None:
    report = await triage.reported(*NO_DANGER, reading=Reading.PENDING)
    await triage.read(report, said("fear.killed", grade=Grade.SUSPECTED, score=44), model="e5-1")
    await triage.reported(*denied("fear.killed"), case_id=report.case_id)
    first, second = await triage.ratings()
    assert (first.level, second.level, second.reasons) == (Level.HIGH, Level.LOW, ())
    assert [(each.rule, each.signs, each.report_ids) for each in first.reasons] == [
        ("suspected_red_line", (), (report.report_id,)),
        ("suspected_any", (), (report.report_id,)),
    ]
    assert first.would_raise[0].suspected
    facts = [fact for each in made((await triage.stored(report.case_id))[0]).facts for fact in each.signs]
    assert [(fact.grade, fact.score) for fact in facts if fact.sign == "fear.killed"] == [(Grade.SUSPECTED, 44)]


async def test_what_was_read_before_there_were_grades_counts_as_read_and_denies_nothing(triage: Triage) -> None:
    report = await triage.reported(reading=Reading.PENDING)
    await triage.read(report, *NO_DANGER, said("fear.extreme"))
    (rating,) = await triage.ratings()
    assert rating.level is Level.ELEVATED
    assert {"threat.concrete", "violence.now"} < set(rating.unknowns)
    (facts,) = made((await triage.stored(report.case_id))[0]).facts
    assert {fact.grade for fact in facts.signs} == {Grade.READ}


async def test_a_new_report_is_rated_together_with_the_earlier_ones(triage: Triage) -> None:
    first = await triage.reported(said("watched.by_relatives"))
    second = await triage.reported(said("relation.known_or_rumoured"), case_id=first.case_id)
    ratings = await triage.ratings(first.case_id)
    assert [rating.level for rating in ratings] == [Level.ELEVATED, Level.HIGH]
    assert set(ratings[1].report_ids) == {first.report_id, second.report_id}


async def test_more_reports_of_the_same_say_no_more(triage: Triage) -> None:
    first = await triage.reported(said("watched.by_relatives"))
    for _ in range(4):
        await triage.reported(said("watched.by_relatives"), case_id=first.case_id)
    assert {rating.level for rating in await triage.ratings()} == {Level.ELEVATED}


async def test_reports_of_linked_cases_count_in_both_directions(triage: Triage) -> None:
    sister = await triage.reported(said("family.sibling_married_or_fled"))
    brother = await triage.reported(*NO_DANGER)
    await triage.reported(said("watched.by_relatives"), case_id=sister.case_id, linked_case_ids=(brother.case_id,))
    assert [rating.level for rating in await triage.ratings(sister.case_id)] == [Level.ELEVATED, Level.HIGH]
    assert [rating.level for rating in await triage.ratings(brother.case_id)] == [Level.LOW, Level.HIGH]
    await triage.reported(said("travel.passport_taken"), case_id=brother.case_id)
    assert (await triage.ratings(sister.case_id))[-1].level is Level.ACUTE


async def test_links_reach_one_step_and_no_further(triage: Triage) -> None:
    cases = [(await triage.reported(*NO_DANGER)).case_id for _ in range(3)]
    for case_id, other in itertools.pairwise(cases):
        await triage.reported(*NO_DANGER, case_id=case_id, linked_case_ids=(other,))
    await triage.reported(said("travel.passport_taken"), case_id=cases[0])
    levels = [(await triage.ratings(case_id))[-1].level for case_id in cases]
    assert levels == [Level.ACUTE, Level.ACUTE, Level.LOW]


async def test_a_linked_case_without_a_report_of_its_own_is_not_rated(triage: Triage) -> None:
    other = CaseId(new_id())
    await triage.reported(said("travel.passport_taken"), linked_case_ids=(other,))
    assert await triage.ratings(other) == []


async def test_a_date_that_comes_near_is_rated_as_of_the_moment_it_was_due(triage: Triage) -> None:
    wedding = date(2026, 5, 1)
    report = await triage.reported(said("marriage.planned", date=wedding), *NO_DANGER)
    due = await triage.rerate_at(report.case_id)
    assert (await triage.tick(), due.isoformat()) == (0, "2026-03-31T22:00:00+00:00")
    triage.ground.clock.at = due + timedelta(hours=3)
    assert await triage.tick() == 1
    first, second = await triage.ratings()
    assert (first.level, second.level, second.as_of) == (Level.HIGH, Level.ACUTE, due)
    assert await triage.rerate_at(report.case_id) is None


async def test_the_moment_of_a_rating_never_goes_back(triage: Triage) -> None:
    report = await triage.reported(said("marriage.planned", date=date(2026, 5, 1)), reading=Reading.PENDING)
    due = await triage.rerate_at(report.case_id)
    triage.ground.clock.at = due
    await triage.tick()
    await triage.read(report, said("fear.extreme"))
    last = (await triage.ratings())[-1]
    assert (last.level, last.as_of) == (Level.ACUTE, due)


async def test_ratings_are_kept_and_never_edited(triage: Triage) -> None:
    report = await triage.reported(said("watched.by_relatives"))
    await triage.reported(said("travel.passport_taken"), case_id=report.case_id)
    assert [row["level"] for row in await triage.stored(report.case_id)] == ["elevated", "acute"]
    with pytest.raises(asyncpg.RaiseError, match="append-only"):
        await triage.ground.pool.execute("UPDATE ratings SET level = 'low'")


async def test_a_stored_rating_made_again_from_its_facts_gives_the_same_bytes(triage: Triage) -> None:
    report = await triage.reported(said("marriage.planned", date=date(2026, 5, 1)), reading=Reading.PENDING)
    await triage.read(report, *denied("violence.now"), said("control.phone_or_money"), contradictions=("violence.now",))
    rows = await triage.stored(report.case_id)
    assert [row["rating_no"] for row in rows] == [1, 2]
    for row in rows:
        assert encoded(made(row).again()) == row["rating"]


async def test_a_reading_of_a_report_that_never_comes_rates_nothing(triage: Triage) -> None:
    report = triage.report()
    await triage.hear(
        ReportRead(case_id=report.case_id, report_id=report.report_id, signs=(said("travel.passport_taken"),))
    )
    assert await triage.ratings() == []


async def test_reports_of_linked_cases_that_come_at_once_end_in_the_same_ratings(triage: Triage) -> None:
    cases = [CaseId(new_id()) for _ in range(4)]
    facts = ["watched.by_relatives", "relation.known_or_rumoured", "travel.planned", "fear.extreme"]
    events = [
        triage.report(said(fact), case_id=case_id, linked_case_ids=tuple(set(cases) - {case_id}))
        for case_id, fact in zip(cases, facts, strict=True)
        for _ in range(3)
    ]
    await asyncio.gather(*(heard_at_last(triage, event) for event in events))
    for case_id in cases:
        last = (await triage.ratings(case_id))[-1]
        assert set(last.report_ids) == {event.report_id for event in events}
        assert {sign for reason in last.reasons for sign in reason.signs} >= set(facts)


async def heard_at_last(triage: Triage, event: ReportReceived) -> None:
    """As the consumer does it: after a deadlock the same event again."""
    while True:
        try:
            return await triage.hear(event)
        except asyncpg.DeadlockDetectedError:
            continue


async def test_whatever_order_the_facts_of_a_case_come_in_the_last_rating_is_the_same(triage: Triage) -> None:
    told = set()
    for order in itertools.permutations(range(4)):
        case_id = CaseId(new_id())
        first, second = (
            triage.report(said("watched.by_relatives"), case_id=case_id, reading=Reading.PENDING),
            triage.report(*NO_DANGER, case_id=case_id, reading=Reading.PENDING),
        )
        events = [
            first,
            second,
            ReportRead(case_id=case_id, report_id=first.report_id, signs=(said("relation.known_or_rumoured"),)),
            ReportRead(
                case_id=case_id, report_id=second.report_id, signs=(said("marriage.planned", date=date(2026, 5, 1)),)
            ),
        ]
        for n in order:
            await triage.hear(events[n])
        last = (await triage.ratings(case_id))[-1]
        rules = [(reason.rule, reason.signs) for reason in last.reasons]
        told.add(
            (last.level, tuple(rules), last.unknowns, last.would_raise, last.as_of, await triage.rerate_at(case_id))
        )
    assert len(told) == 1


async def test_two_ticks_at_once_rate_a_case_once(triage: Triage) -> None:
    report = await triage.reported(said("marriage.planned", date=date(2026, 5, 1)))
    triage.ground.clock.at = await triage.rerate_at(report.case_id)
    done = await asyncio.gather(*(tick.run_once(triage.ground.transactions) for _ in range(5)))
    assert sum(done) == 1
    assert len(await triage.ratings()) == 2


async def test_a_case_that_cannot_be_rated_does_not_stop_the_tick(triage: Triage) -> None:
    broken, sound = [await triage.reported(said("marriage.planned", date=date(2026, 5, day))) for day in (1, 2)]
    await triage.ground.pool.execute(
        "UPDATE cases SET last_rating_no = $1 WHERE case_id = $2", 2**31 - 1, broken.case_id
    )
    triage.ground.clock.at = await triage.rerate_at(sound.case_id)
    assert await triage.tick() == 2
    assert [rating.level for rating in await triage.ratings(sound.case_id)] == [Level.HIGH, Level.ACUTE]
    assert await triage.ground.pool.fetchval("SELECT row_id FROM set_aside") == broken.case_id
    triage.ground.clock.pass_by(minutes=9)
    assert await triage.tick() == 0
    await triage.ground.pool.execute("UPDATE cases SET last_rating_no = 1 WHERE case_id = $1", broken.case_id)
    triage.ground.clock.pass_by(minutes=2)
    assert await triage.tick() == 1


async def test_canaries_are_erased_after_a_day_and_nothing_else(triage: Triage) -> None:
    canary = await triage.reported(said("travel.passport_taken"), canary=True)
    kept = await triage.reported(said("travel.passport_taken"))
    triage.ground.clock.pass_by(hours=24)
    assert await tick.erase_once(triage.ground.transactions) == 0
    triage.ground.clock.pass_by(seconds=1)
    assert await tick.erase_once(triage.ground.transactions) == 1
    assert await triage.stored(canary.case_id) == []
    assert len(await triage.stored(kept.case_id)) == 1
    assert await triage.ground.pool.fetchval("SELECT count(*) FROM facts") == 1


@pytest.mark.parametrize(
    "broken", ["answers = '[7]'", "answers = '{}'", "readings = '[{\"sign\": 7}]'", "age_bands = '{junk}'"]
)
async def test_facts_that_cannot_be_read_count_as_unread_and_the_next_report_is_rated(
    triage: Triage, broken: str
) -> None:
    first = await triage.reported(*NO_DANGER)
    await triage.ground.pool.execute(f"UPDATE facts SET {broken}")
    await triage.reported(*NO_DANGER, case_id=first.case_id)
    ratings = await triage.ratings(first.case_id)
    assert [rating.level for rating in ratings] == [Level.LOW, Level.ELEVATED]
    await triage.reported(said("violence.now"), case_id=first.case_id)
    assert (await triage.ratings(first.case_id))[-1].level is Level.ACUTE


async def test_a_last_rating_that_cannot_be_read_stops_no_next_one(triage: Triage) -> None:
    first = await triage.reported(*NO_DANGER)
    await triage.ground.pool.execute("ALTER TABLE ratings DISABLE TRIGGER USER")
    await triage.ground.pool.execute("UPDATE ratings SET rating = '{}', facts = '7'")
    await triage.reported(said("violence.now"), case_id=first.case_id)
    assert [rating.level for rating in await triage.ratings(first.case_id)][-1] is Level.ACUTE
