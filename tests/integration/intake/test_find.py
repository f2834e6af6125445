"""Finding the case of a reference or a CPR number, for escalation alone: nothing is written, whatever is asked."""

import httpx2
import pytest

from services.intake.web.internal import internal_routes
from shared.web.application import application
from tests.integration.intake.conftest import Intake
from tests.support.children import new_child


async def asked(intake: Intake, *, by: str = "escalation", **sought: str) -> httpx2.Response:
    token = intake.ground.tokens_of(by).token("intake")
    routes = internal_routes(intake.ground.transactions, intake.secrets, intake.ground.tokens)
    transport = httpx2.ASGITransport(application(routes, ready=_ready))
    async with httpx2.AsyncClient(transport=transport, base_url="http://intake") as services:
        headers = {"Authorization": f"Bearer {token}"}
        return await services.post("/internal/cases/find", json=sought, headers=headers)


async def _ready() -> list[str]:
    return []


async def test_a_reference_and_a_childs_number_lead_to_the_same_case(intake: Intake) -> None:
    child = new_child()
    sent = (await intake.client.post("/v1/reports", json={"text": "Noget.", "children": [child]})).json()
    case_id = await intake.ground.pool.fetchval("SELECT case_id FROM reports WHERE report_id = $1", sent["report_id"])
    before = await intake.ground.pool.fetchval("SELECT count(*) FROM evidence")
    for sought in (
        {"reference": sent["reference"].lower()},
        {"cpr": child["cpr"]},
        {"cpr": child["cpr"].replace("-", " ")},
    ):
        answer = await asked(intake, **sought)
        assert (answer.status_code, answer.json()) == (200, {"case_ids": [str(case_id)]})
    assert await intake.ground.pool.fetchval("SELECT count(*) FROM evidence") == before


@pytest.mark.parametrize("sought", [{"reference": "00000000"}, {"reference": "æøå"}, {"cpr": new_child()["cpr"]}])
async def test_what_nobody_has_reported_leads_to_no_case_and_makes_none(intake: Intake, sought: dict[str, str]) -> None:
    answer = await asked(intake, **sought)
    assert (answer.status_code, answer.json()) == (200, {"case_ids": []})
    assert await intake.ground.pool.fetchval("SELECT count(*) FROM children") == 0


@pytest.mark.parametrize("sought", [{}, {"cpr": "12"}, {"cpr": "9999999999"}, {"cpr": "1" * 200}])
async def test_what_is_no_number_is_refused_and_not_repeated(intake: Intake, sought: dict[str, str]) -> None:
    answer = await asked(intake, **sought)
    assert answer.status_code == 422
    assert all(each not in answer.text for each in sought.values())


@pytest.mark.parametrize("by", ["notify", "triage", "intake"])
async def test_no_other_service_finds_a_case(intake: Intake, by: str) -> None:
    assert (await asked(intake, by=by, reference="00000000")).status_code == 401
