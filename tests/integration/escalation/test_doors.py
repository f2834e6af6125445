"""Who sees a case, who may do what, and what a wrong request is answered."""

import json
from typing import Any

import pytest

from shared.events.codes import Level, Unit
from shared.ids import new_id
from tests.integration.escalation.conftest import AASE, BO, CARLA, DITTE, ERIK, FRIDA, GORM, Service

SECRET = "Amira Hansen 010203-4567"
READS = ("cases/{case}", "reports/{report}")
WRITES: dict[str, dict[str, Any]] = {
    "cases/{case}/acknowledge": {"covers_report_no": 1},
    "cases/{case}/cannot": {},
    "cases/{case}/conflict": {},
    "cases/{case}/close": {"version": 1, "outcome": "advised", "reason": "x"},
    "reports/{report}/judgement": {"version": 1, "acute": True, "started": True},
    "countersign/{case}": {"version": 1, "agree": True, "reason": "x"},
}


async def _both(service: Service, path: str, body: dict[str, Any] | None) -> tuple[bytes, bytes]:
    """The answers about a case that Bo is excluded from, and about one that does not exist."""
    case_id, report = await service.opened(Level.HIGH)
    assert (await service.act(BO, f"cases/{case_id}/conflict")).status_code == 204
    answers = []
    for case, about in ((case_id, report.report_id), (new_id(), new_id())):
        at = path.format(case=case, report=about)
        answers.append(await service.ask(BO, at) if body is None else await service.act(BO, at, **body))
    assert [answer.status_code for answer in answers] == [404, 404]
    assert sorted(answers[0].headers.items()) == sorted(answers[1].headers.items())
    return answers[0].content, answers[1].content


@pytest.mark.parametrize("path", READS)
async def test_a_case_that_is_not_yours_reads_like_one_that_does_not_exist(service: Service, path: str) -> None:
    forbidden, unknown = await _both(service, path, None)
    assert forbidden == unknown


@pytest.mark.parametrize("path", WRITES)
async def test_an_act_on_a_case_that_is_not_yours_reads_like_one_that_does_not_exist(
    service: Service, path: str
) -> None:
    forbidden, unknown = await _both(service, path, WRITES[path])
    assert forbidden == unknown


async def test_a_conflict_of_interest_takes_the_case_away_at_once_everywhere(service: Service) -> None:
    case_id, report = await service.opened(Level.ACUTE)
    other, _ = await service.opened(Level.ACUTE)
    await service.act(AASE, f"cases/{case_id}/conflict")
    for path in (f"cases/{case_id}", f"reports/{report.report_id}"):
        assert (await service.ask(AASE, path)).status_code == 404
    assert [row["case_id"] for row in (await service.ask(AASE, "work")).json()["work"]] == [str(other)]
    await service.tick(hours=1)
    pages = (await service.case(case_id, BO))["pages"]
    assert [page["state"] for page in pages if page["recipient"]["id"] == str(AASE)] == ["withdrawn"]


async def test_a_linked_case_that_is_not_yours_leaves_no_gap(service: Service) -> None:
    hidden, there = await service.opened(Level.HIGH, unit=Unit.AMAGER)
    case_id, report = await service.opened(None, linked_case_ids=(hidden,))
    rating = service.rating(Level.HIGH, report)
    both = rating.reasons[0].model_copy(update={"report_ids": (report.report_id, there.report_id)})
    await service.hear(rating.model_copy(update={"reasons": (both,)}))
    case = await service.case(case_id)
    assert case["linked_case_ids"] == [str(hidden)]
    assert case["rating"]["reasons"][0]["report_ids"] == [str(report.report_id), str(there.report_id)]
    case = (await service.ask(AASE, f"cases/{case_id}", units=("noerrebro",))).json()
    assert case["linked_case_ids"] == []
    assert case["rating"]["reasons"][0]["report_ids"] == [str(report.report_id)]


async def test_people_see_the_cases_of_the_units_they_serve(service: Service) -> None:
    case_id, _ = await service.opened(Level.HIGH, unit=Unit.NOERREBRO)
    nowhere, _ = await service.opened(Level.HIGH, unit=Unit.UNKNOWN)
    assert (await service.ask(AASE, f"cases/{case_id}", units=("noerrebro",))).status_code == 200
    assert (await service.ask(AASE, f"cases/{case_id}", units=("amager",))).status_code == 404
    assert (await service.ask(AASE, f"cases/{nowhere}", units=("amager",))).status_code == 200
    assert len((await service.ask(AASE, "work", units=("amager",))).json()["work"]) == 1


@pytest.mark.parametrize("who", [ERIK, FRIDA, GORM])
async def test_auditors_operators_and_reporters_see_no_case(service: Service, who: Any) -> None:
    case_id, _ = await service.opened(Level.HIGH)
    assert (await service.ask(who, f"cases/{case_id}")).status_code == 404
    assert (await service.ask(who, "work")).json() == {"work": []}


async def test_without_a_token_nothing_is_told(service: Service) -> None:
    case_id, _ = await service.opened(Level.HIGH)
    for path in ("work", f"cases/{case_id}"):
        answer = await service.client.get(f"/v1/{path}")
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


async def test_judging_and_countersigning_take_their_roles(service: Service) -> None:
    case_id, report = await service.opened(Level.LOW)
    judgement = {"version": 1, "acute": False, "started": False}
    for who in (AASE, DITTE):
        assert (await service.act(who, f"reports/{report.report_id}/judgement", **judgement)).status_code == 403
    await service.did(AASE, f"cases/{case_id}/acknowledge", case_id, covers_report_no=1)


async def test_nobody_countersigns_what_they_asked_for(service: Service) -> None:
    case_id, report = await service.opened(Level.HIGH)
    await service.did(CARLA, f"cases/{case_id}/acknowledge", case_id, covers_report_no=1)
    await service.did(CARLA, f"reports/{report.report_id}/judgement", case_id, acute=False, started=True)
    case = await service.did(CARLA, f"cases/{case_id}/close", case_id, outcome="advised", reason="Rådgivet.")
    answer = {"version": case["version"], "agree": True, "reason": "Enig."}
    path = f"countersign/{case['countersigns'][0]['id']}"
    assert (await service.act(CARLA, path, **answer)).status_code == 403
    assert (await service.act(BO, path, **answer)).status_code == 403
    closed = await service.act(DITTE, path, **answer)
    again = await service.act(DITTE, path, **(answer | {"version": closed.json()["version"]}))
    assert (again.status_code, again.json()["state"]) == (409, "closed")


async def test_a_stale_version_is_answered_with_the_case_as_it_is(service: Service) -> None:
    case_id, report = await service.opened(Level.HIGH)
    case = await service.case(case_id)
    await service.hear(service.report(case_id, 2))
    body = {"version": case["version"], "acute": True, "started": True}
    answer = await service.act(CARLA, f"reports/{report.report_id}/judgement", **body)
    assert answer.status_code == 409
    assert answer.json()["case"] == await service.case(case_id)
    assert answer.json()["case"]["reports"][0]["judged"] is None


@pytest.mark.parametrize("act", ["acknowledge", "cannot", "conflict"])
async def test_a_late_tap_at_night_does_not_fail(service: Service, act: str) -> None:
    case_id, _ = await service.opened(Level.HIGH)
    await service.hear(service.report(case_id, 2))
    answer = await service.act(AASE, f"cases/{case_id}/{act}", version=0, covers_report_no=1)
    assert answer.is_success


async def test_nobody_answers_for_reports_that_are_not_there(service: Service) -> None:
    case_id, _ = await service.opened(Level.HIGH)
    answer = await service.act(AASE, f"cases/{case_id}/acknowledge", covers_report_no=2)
    assert (answer.status_code, answer.json()["state"]) == (409, "paging")
    assert answer.json()["case"]["escalation"]["responsible"] is None


async def test_closing_lists_the_reports_that_nobody_judged(service: Service) -> None:
    case_id, report = await service.opened(Level.HIGH)
    closing = {"outcome": "advised", "reason": "Rådgivet."}
    early = await service.act(
        AASE, f"cases/{case_id}/close", **closing, version=(await service.case(case_id))["version"]
    )
    assert (early.status_code, early.json()["state"]) == (409, "paging")
    case = await service.did(AASE, f"cases/{case_id}/acknowledge", case_id, covers_report_no=1)
    unjudged = await service.act(AASE, f"cases/{case_id}/close", **closing, version=case["version"])
    assert (unjudged.status_code, unjudged.json()["report_ids"]) == (409, [str(report.report_id)])
    assert unjudged.json()["case"] == case


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (b"{", 400, None),
        (b"[1]", 400, None),
        (b"\xff", 400, None),
        (json.dumps({"outcome": "advised", "reason": "x"}).encode(), 422, "version"),
        (json.dumps({"version": 1, "outcome": SECRET, "reason": "x"}).encode(), 422, "outcome"),
        (json.dumps({"version": SECRET, "outcome": "advised", "reason": "x"}).encode(), 422, "version"),
        (json.dumps({"version": 1, "outcome": "advised", "reason": ""}).encode(), 422, "reason"),
        (json.dumps({"version": 1, "outcome": "advised", "reason": {SECRET: 1}}).encode(), 422, "reason"),
        (b" " * 300_000, 413, None),
    ],
)
async def test_a_bad_body_is_answered_by_its_fields_and_never_echoed(
    service: Service, body: bytes, status: int, field: str | None
) -> None:
    case_id, _ = await service.opened(Level.HIGH)
    headers = service.ground.bearer(AASE, "consultant")
    answer = await service.client.post(f"/v1/cases/{case_id}/close", content=body, headers=headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert [each["field"] for each in answer.json().get("fields", [])] == ([field] if field else [])
    assert "Amira" not in answer.text


async def test_an_id_that_is_none_reads_like_one_that_does_not_exist(service: Service) -> None:
    for path in ("cases/hest", "reports/hest", "cases/%00"):
        assert (await service.ask(AASE, path)).status_code == 404
