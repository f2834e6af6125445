"""The clocks on a real database: warned before, told at the minute, born missed, met by people."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from shared.calendar import COPENHAGEN
from shared.events.codes import Answer, Level, Purpose, When
from shared.events.escalation import DeadlineMissed, MessageRequested
from shared.events.intake import SignFact
from shared.ids import CaseId
from shared.signs import SignId
from tests.integration.escalation.conftest import AASE, BO, CARLA, DITTE, Service

Json = dict[str, Any]


async def clock(service: Service, case_id: CaseId, rule: str) -> Json:
    """The only deadline of the rule, as the case tells it."""
    (found,) = [each for each in (await service.case(case_id))["deadlines"] if each["rule"] == rule]
    return dict(found)


async def told(service: Service) -> list[Any]:
    """Whom notices were asked for, in order."""
    messages = await service.ground.published(MessageRequested)
    return [each.recipient.id for each in messages if each.purpose is Purpose.NOTICE]  # type: ignore[attr-defined]


async def missed(service: Service) -> list[str]:
    return [event.rule for event in await service.ground.published(DeadlineMissed)]  # type: ignore[attr-defined]


def journey(day: date) -> SignFact:
    return SignFact(sign=SignId("travel.planned"), answer=Answer.SAID, when=When.NOW, date=day)


async def taken(service: Service, **changes: Any) -> tuple[CaseId, Any]:
    """A case that Aase has taken for the longest time, so that no ladder speaks."""
    case_id, report = await service.opened(Level.HIGH, **changes)
    answer = await service.act(AASE, f"cases/{case_id}/acknowledge", covers_report_no=1, promise_minutes=24 * 60)
    assert answer.status_code == 200
    return case_id, report


async def test_a_judgement_that_is_not_made_is_warned_of_and_then_missed_at_the_minute(service: Service) -> None:
    case_id, _ = await taken(service)
    await service.tick(hours=19, minutes=59)
    assert await told(service) == []
    await service.tick(minutes=1)
    assert await told(service) == [AASE]
    assert (await clock(service, case_id, "acute_judgement"))["state"] == "running"
    await service.tick(hours=3, minutes=59, seconds=59)
    assert await missed(service) == []
    await service.tick(seconds=1)
    assert await missed(service) == ["acute_judgement"]
    assert (await clock(service, case_id, "acute_judgement"))["state"] == "missed"
    assert (await told(service))[1:] == [AASE, DITTE]


async def test_each_is_told_once_however_often_the_tick_runs(service: Service) -> None:
    await taken(service)
    for _ in range(3):
        await service.tick(hours=20)
    assert await told(service) == [AASE, AASE, DITTE]


async def test_a_judgement_meets_its_clock_and_the_date_that_was_said(service: Service) -> None:
    case_id, report = await taken(service, signs=(journey(date(2026, 3, 20)),))
    await service.did(CARLA, f"reports/{report.report_id}/judgement", case_id, acute=False, started=True)
    assert (await clock(service, case_id, "acute_judgement"))["state"] == "met"
    assert (await clock(service, case_id, "said_date"))["state"] == "met"
    await service.tick(days=30)
    assert await missed(service) == ["receipt"]


async def test_a_journey_that_nobody_judged_is_told_before_its_day_and_missed_when_it_begins(service: Service) -> None:
    case_id, _ = await taken(service, signs=(journey(date(2026, 3, 14)),), receipt_given_at=service.now)
    due = await clock(service, case_id, "said_date")
    assert due["limit"] == "2026-03-13T23:00:00+00:00"
    await service.tick(hours=11)
    assert (await clock(service, case_id, "said_date"))["warned_at"] is not None
    await service.tick(days=4)
    assert sorted(await missed(service)) == ["acute_judgement", "said_date"]


async def test_a_journey_whose_day_has_passed_when_it_is_told_is_missed_at_once(service: Service) -> None:
    await taken(service, signs=(journey(date(2026, 3, 8)),))
    await service.tick()
    assert await missed(service) == ["said_date"]
    assert await told(service) == [AASE, DITTE]


async def test_a_receipt_shown_at_send_is_met_at_once(service: Service) -> None:
    case_id, _ = await service.opened(receipt_given_at=service.now)
    due = await clock(service, case_id, "receipt")
    assert (due["state"], due["target"], due["limit"]) == (
        "met",
        "2026-03-17T23:00:00+00:00",
        "2026-03-18T23:00:00+00:00",
    )


async def test_a_receipt_given_by_phone_is_recorded_with_its_true_time(service: Service) -> None:
    case_id, report = await taken(service)
    await service.tick(days=9)
    assert (await clock(service, case_id, "receipt"))["state"] == "missed"
    path, given = f"reports/{report.report_id}/receipt", service.now - timedelta(days=8)
    await service.did(AASE, path, case_id, given_at=given.isoformat())
    assert (await clock(service, case_id, "receipt"))["state"] == "met"
    version = (await service.case(case_id))["version"]
    later = (service.now + timedelta(seconds=1)).isoformat()
    assert (await service.act(AASE, path, version=version, given_at=later)).status_code == 422


async def test_phoned_on_friday_and_written_down_on_saturday_over_a_dst_night(service: Service) -> None:
    """The 24 hours run from Friday; the miss is born, and told at once, not a day later."""
    phoned = datetime(2026, 3, 27, 15, 30, tzinfo=COPENHAGEN)
    service.ground.clock.at = datetime(2026, 3, 28, 21, 40, tzinfo=COPENHAGEN).astimezone(UTC)
    case_id, _ = await service.opened(received_at=phoned, entered_by=BO)
    await service.tick()
    assert await missed(service) == ["acute_judgement"]
    due = await clock(service, case_id, "acute_judgement")
    assert due["explanation"] == (
        "Modtaget 27. marts 2026 kl. 15.30. Kommunen skal inden 24 timer vurdere, om barnets sundhed eller udvikling "
        "er i fare, og om der er behov for akutte indsatser (barnets lov § 136). Det er senest 28. marts 2026 kl. "
        "15.30, uanset ugedag og sommertid."
    )


async def test_a_report_phoned_before_a_dst_night_has_24_elapsed_hours(service: Service) -> None:
    service.ground.clock.at = datetime(2026, 3, 28, 15, 30, tzinfo=COPENHAGEN).astimezone(UTC)
    await service.opened()
    await service.tick(hours=23, minutes=59)
    assert await missed(service) == []
    await service.tick(minutes=1)
    assert await missed(service) == ["acute_judgement"]


async def test_every_report_has_its_own_24_hours(service: Service) -> None:
    case_id, first = await taken(service)
    service.ground.clock.pass_by(hours=5)
    await service.hear(service.report(case_id, 2))
    await service.did(CARLA, f"reports/{first.report_id}/judgement", case_id, acute=False, started=True)
    due = [each for each in (await service.case(case_id))["deadlines"] if each["rule"] == "acute_judgement"]
    assert [each["state"] for each in due] == ["met", "running"]
    await service.tick(hours=24)
    assert await missed(service) == ["acute_judgement"]


async def test_the_four_months_are_kept_where_they_are_asked_for_and_met_by_closing(service: Service) -> None:
    await service.ground.pool.execute(
        "INSERT INTO ladders SELECT 2, jsonb_set(body, '{investigation_months}', '4') FROM ladders"
    )
    case_id, report = await taken(service, receipt_given_at=service.now)
    assert (await clock(service, case_id, "investigation"))["limit"] == "2026-07-10T22:00:00+00:00"
    await service.did(CARLA, f"reports/{report.report_id}/judgement", case_id, acute=False, started=True)
    await service.did(AASE, f"cases/{case_id}/close", case_id, outcome="advised", reason="talt igennem")
    (asked,) = (await service.case(case_id))["countersigns"]
    await service.did(DITTE, f"countersign/{asked['id']}", case_id, agree=True, reason="enig")
    await service.tick(days=140)
    assert (await clock(service, case_id, "investigation"))["state"] == "met"
    assert await missed(service) == []


async def test_a_report_made_up_to_try_the_system_has_no_clocks(service: Service) -> None:
    await service.opened(canary=True)
    assert await service.ground.pool.fetchval("SELECT count(*) FROM deadlines") == 0


async def test_what_was_missed_is_in_the_evidence_with_whom_it_was_told(service: Service) -> None:
    case_id, _ = await taken(service, received_at=service.now - timedelta(hours=30))
    await service.tick()
    acts = await service.ground.pool.fetch("SELECT act FROM evidence WHERE case_id = $1 ORDER BY n", case_id)
    assert [row["act"] for row in acts if "deadline" in row["act"]] == ["deadline_missed", *["deadline_told"] * 2]
