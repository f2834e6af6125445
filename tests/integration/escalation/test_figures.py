"""What operators see of all cases at once: who waits, how soon people are paged and answer, who could be reached."""

from datetime import timedelta

import pytest
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from services.escalation.figures import Figures, found
from shared.events.codes import Level
from tests.integration.escalation.conftest import AASE, Service


async def seen(service: Service) -> dict[str, float]:
    """The figures, by the last word of their names."""
    figures = await found(service.ground.pool, service.now, usual=20)
    return {name.removeprefix("beredskab."): value for name, value in figures.items()}


async def test_without_a_case_nobody_waits_and_no_limit_is_near(service: Service) -> None:
    assert await seen(service) == {
        "escalation.unanswered": 0,
        "flood": 0,
        "escalation.unanswered.age": 0,
        "escalation.overdue": 0,
        "nobody.reachable": 0,
        "deadline.missed": 0,
        "break_glass.used": 0,
        "break_glass.refused": 0,
        "viewing.unusual": 0,
    }


async def test_an_urgent_report_waits_until_somebody_answers(service: Service) -> None:
    case_id, _ = await service.opened(Level.ACUTE)
    service.ground.clock.pass_by(seconds=100)
    before = await seen(service)
    assert (before["escalation.unanswered"], before["escalation.unanswered.age"]) == (1, 100)
    assert before["deadline.margin"] == 24 * 3600 - 100
    await service.did(AASE, f"cases/{case_id}/acknowledge", case_id, covers_report_no=1)
    after = await seen(service)
    assert (after["escalation.unanswered"], after["escalation.unanswered.age"]) == (0, 0)
    assert "deadline.margin" in after


async def test_an_unrated_report_is_urgent_and_a_low_one_is_not(service: Service) -> None:
    await service.opened(Level.LOW)
    await service.opened(None)
    service.ground.clock.pass_by(seconds=10)
    assert await seen(service) | {"deadline.margin": 0} == {
        "escalation.unanswered": 2,
        "flood": 0,
        "escalation.unanswered.age": 10,
        "escalation.overdue": 0,
        "nobody.reachable": 0,
        "deadline.missed": 0,
        "break_glass.used": 0,
        "break_glass.refused": 0,
        "viewing.unusual": 0,
        "deadline.margin": 0,
    }


async def test_clocks_that_stand_are_seen(service: Service) -> None:
    await service.opened(None)
    service.ground.clock.pass_by(seconds=50)
    assert (await seen(service))["escalation.overdue"] == 30
    await service.tick()
    assert (await seen(service))["escalation.overdue"] == 0


async def test_missed_deadlines_are_read_from_the_table_for_a_day(service: Service) -> None:
    await service.opened(Level.ACUTE)
    service.ground.clock.pass_by(hours=24, minutes=1)
    await service.tick()
    assert (await seen(service))["deadline.missed"] == 1
    service.ground.clock.pass_by(hours=24)
    assert (await seen(service))["deadline.missed"] == 0


async def test_a_case_about_which_nobody_was_reached_is_seen_until_somebody_is(service: Service) -> None:
    case_id, report = await service.opened(Level.ACUTE)
    await service.ground.pool.execute("UPDATE escalations SET nobody_at = $1", service.now)
    assert (await seen(service))["nobody.reachable"] == 1
    service.ground.clock.pass_by(seconds=5)
    (named,) = await service.ground.pool.fetchrow("SELECT message_id FROM pages")
    await service.deliver({"message_id": str(named)}, case_id, report)
    assert (await seen(service))["nobody.reachable"] == 0


async def test_a_canary_is_nobodys_to_answer_and_seen_when_it_has_come_round(service: Service) -> None:
    case_id, report = await service.opened(Level.ACUTE, canary=True)
    figures = await seen(service)
    assert (figures["escalation.unanswered"], "canary.age" in figures) == (0, False)
    service.ground.clock.pass_by(seconds=2)
    (named,) = await service.ground.pool.fetchrow("SELECT message_id FROM pages")
    await service.deliver({"message_id": str(named)}, case_id, report)
    await service.opened(Level.ACUTE, canary=True)
    service.ground.clock.pass_by(seconds=100)
    figures = await seen(service)
    assert (figures["canary.age"], figures["canary.took"]) == (102, 2)


async def test_however_often_it_is_woken_it_looks_every_five_seconds(service: Service) -> None:
    figures = Figures(service.ground.pool, service.ground.clock, 20)
    await figures.run_once()
    await service.opened(Level.ACUTE)
    await figures.run_once()
    assert figures.look.values["beredskab.escalation.unanswered"] == 0
    service.ground.clock.pass_by(seconds=5)
    await figures.run_once()
    assert figures.look.values["beredskab.escalation.unanswered"] == 1


@pytest.fixture(scope="session")
def reader() -> InMemoryMetricReader:
    """Hears everything that is measured in this process."""
    found = InMemoryMetricReader()
    metrics.set_meter_provider(MeterProvider([found]))
    return found


def spent(reader: InMemoryMetricReader, name: str, level: str) -> tuple[int, float]:
    """How many times of that level were measured so far, and their sum."""
    found = reader.get_metrics_data()
    points = [
        point
        for resource in (found.resource_metrics if found else ())
        for scope in resource.scope_metrics
        for metric in scope.metrics
        if metric.name == name
        for point in metric.data.data_points
        if dict(point.attributes or {}) == {"level": level}
    ]
    return (points[0].count, points[0].sum) if points else (0, 0.0)  # type: ignore[union-attr]


async def test_the_time_until_a_page_and_until_an_answer_is_measured_by_level(
    service: Service, reader: InMemoryMetricReader
) -> None:
    paged, answered = (spent(reader, f"beredskab.{name}.after", "acute") for name in ("paged", "answered"))
    case_id, report = await service.opened(Level.ACUTE)
    service.ground.clock.pass_by(seconds=4)
    for page in (await service.case(case_id))["pages"]:
        await service.deliver(page, case_id, report)
    service.ground.clock.pass_by(seconds=60)
    for _ in range(2):
        await service.did(AASE, f"cases/{case_id}/acknowledge", case_id, covers_report_no=1)
    await service.hear(service.report(case_id, 2))
    service.ground.clock.pass_by(seconds=10)
    for page in (await service.case(case_id))["pages"]:
        await service.deliver(page, case_id, report)
    await service.did(AASE, f"cases/{case_id}/acknowledge", case_id, covers_report_no=2)
    assert spent(reader, "beredskab.paged.after", "acute") == (paged[0] + 1, paged[1] + 4)
    assert spent(reader, "beredskab.answered.after", "acute") == (answered[0] + 2, answered[1] + 64 + 10)


async def test_what_was_written_down_from_a_call_and_canaries_are_not_measured(
    service: Service, reader: InMemoryMetricReader
) -> None:
    before = [spent(reader, f"beredskab.{name}.after", "acute") for name in ("paged", "answered")]
    said = service.now - timedelta(hours=9)
    case_id, call = await service.opened(Level.ACUTE, entered_by=AASE, received_at=said)
    for page in (await service.case(case_id))["pages"]:
        await service.deliver(page, case_id, call)
    await service.did(AASE, f"cases/{case_id}/acknowledge", case_id, covers_report_no=1)
    canary_case, canary = await service.opened(Level.ACUTE, canary=True)
    query = "SELECT message_id FROM pages JOIN escalations USING (escalation_id) WHERE case_id = $1"
    named = await service.ground.pool.fetchval(query, canary_case)
    await service.deliver({"message_id": str(named)}, canary_case, canary)
    assert [spent(reader, f"beredskab.{name}.after", "acute") for name in ("paged", "answered")] == before


async def test_more_new_cases_than_a_minute_usually_brings_are_a_flood_for_as_long_as_they_are_new(
    service: Service,
) -> None:
    for _ in range(3):
        await service.opened(Level.LOW)
    assert (await found(service.ground.pool, service.now, usual=3))["beredskab.flood"] == 0
    assert (await found(service.ground.pool, service.now, usual=2))["beredskab.flood"] == 3
    service.ground.clock.pass_by(seconds=60)
    assert (await found(service.ground.pool, service.now, usual=2))["beredskab.flood"] == 0


async def test_canaries_are_no_flood(service: Service) -> None:
    for _ in range(3):
        await service.opened(Level.ACUTE, canary=True)
    assert (await found(service.ground.pool, service.now, usual=1))["beredskab.flood"] == 0
