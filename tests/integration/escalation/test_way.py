"""A concern's way through escalation, from its report to its end."""

from shared.events.codes import Level
from shared.evidence import broken_at
from tests.integration.escalation.conftest import AASE, CARLA, DITTE, Service, asked


async def test_a_concern_goes_from_report_to_countersigned_close(service: Service) -> None:
    case_id, report = await service.opened(Level.ACUTE)
    case = await service.case(case_id)
    assert (case["level"], case["escalation"]["state"], asked(case)) == ("acute", "paging", [AASE])
    assert case["rating"]["reasons"][0]["text"].startswith("Barnet eller den unge skal rejse")

    case = await service.did(AASE, f"cases/{case_id}/acknowledge", case_id, covers_report_no=1)
    assert (case["escalation"]["state"], case["escalation"]["responsible"]) == ("acknowledged", str(AASE))
    case = await service.did(CARLA, f"reports/{report.report_id}/judgement", case_id, acute=True, started=True)
    assert case["deadlines"][0]["state"] == "met"
    case = await service.did(
        AASE, f"cases/{case_id}/close", case_id, outcome="support_started", reason="Støtte er i gang."
    )
    [waiting] = case["countersigns"]
    assert (case["escalation"]["state"], waiting["state"]) == ("closing", "asked")
    case = await service.did(DITTE, f"countersign/{waiting['id']}", case_id, agree=True, reason="Enig.")
    assert (case["escalation"]["state"], case["escalation"]["next_at"]) == ("closed", None)
    async with service.ground.pool.acquire() as conn:
        assert await broken_at(conn, case_id, service.ground.macs) is None
