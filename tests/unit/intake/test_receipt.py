"""The receipt: its words, and who is told what."""

from datetime import UTC, datetime, timedelta

import pytest

from services.intake.domain.receipt import (
    Progress,
    address_for,
    advice,
    as_written,
    informed,
    report_at,
    told,
    words_for,
)
from shared.events.codes import Answer, ReporterKind, Verification
from shared.events.intake import SignFact
from shared.ids import ReportId, new_id
from shared.signs import SignId

NOW = datetime(2026, 4, 14, 12, 2, tzinfo=UTC)
DONE = Progress(received_at=NOW, seen_at=NOW, judged_at=NOW, started=True, concluded_at=NOW)


def test_the_words_are_the_same_each_time_and_need_the_key() -> None:
    report_id = ReportId(new_id())
    assert words_for(report_id, b"a") == words_for(report_id, b"a")
    assert words_for(report_id, b"a") != words_for(report_id, b"b")
    assert words_for(report_id, b"a").reference != words_for(report_id, b"a").code


def test_words_typed_by_hand_are_read() -> None:
    assert as_written(" k7mx 4pqr") == "K7MX4PQR"
    assert as_written("oil0-1111\x00\ud800") == "01101111"


PRIVATE = (ReporterKind.FAMILY, ReporterKind.SELF, ReporterKind.OTHER, ReporterKind.UNKNOWN)


@pytest.mark.parametrize("kind", PRIVATE)
def test_private_people_learn_only_that_it_was_received(kind: ReporterKind) -> None:
    assert not informed(kind, None)
    assert not informed(kind, Verification.SIGNED_IN)
    view = told(DONE, informed=False, now=NOW)
    assert set(view) == {"received_at", "judge_by", "state"}
    assert view["state"] == "received"


@pytest.mark.parametrize("kind", ReporterKind)
def test_to_say_that_one_reports_for_ones_work_opens_nothing(kind: ReporterKind) -> None:
    assert not informed(kind, None)
    assert informed(kind, Verification.SIGNED_IN) is (kind not in PRIVATE)
    assert informed(kind, Verification.CALLED_BACK)


def test_professionals_learn_how_it_went_on() -> None:
    view = told(DONE, informed=True, now=NOW)
    assert (view["state"], view["started"], view["late"]) == ("concluded", True, False)


def test_a_report_unjudged_after_24_hours_is_told_as_late() -> None:
    view = told(Progress(received_at=NOW), informed=True, now=NOW + timedelta(hours=24, seconds=1))
    assert (view["state"], view["late"]) == ("received", True)


def test_nobody_is_advised_to_talk_to_a_manager_who_may_be_involved() -> None:
    assert "talk_to_manager_only" in advice((), ReporterKind.WORK, conflict_declared=False)
    assert "talk_to_manager_only" not in advice((), ReporterKind.WORK, conflict_declared=True)


def test_a_family_that_knows_is_a_reason_to_call_at_once() -> None:
    known = SignFact(sign=SignId("disclosure.family_knows"), answer=Answer.SAID)
    assert advice((known,), ReporterKind.WORK, conflict_declared=False)[0] == "call_duty_now"


def test_only_who_reports_for_their_work_is_sent_to_a_manager() -> None:
    told = {kind: advice((), kind, conflict_declared=False) for kind in ReporterKind}
    at_work = {kind for kind in ReporterKind if kind.professional} | {ReporterKind.UNKNOWN}
    assert {kind for kind, codes in told.items() if "talk_to_manager_only" in codes} == at_work
    assert told[ReporterKind.SELF] == ["call_duty_if_worse"]


def test_an_address_shows_the_receipt_for_a_quarter_of_an_hour_and_cannot_be_made() -> None:
    report_id, key = ReportId(new_id()), b"a"
    address = address_for(report_id, key, NOW)
    assert report_at(address, key, NOW + timedelta(minutes=14)) == report_id
    assert report_at(address, key, NOW + timedelta(minutes=15)) is None
    assert report_at(address, b"b", NOW) is None
    assert [each for each in ("", "x", "æ", "AAAA", address[:-4], f"A{address[1:]}") if report_at(each, key, NOW)] == []
    assert words_for(report_id, key).code not in address
