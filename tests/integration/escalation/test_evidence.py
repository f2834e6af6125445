"""The export of a case's evidence, and the command that looks for breaks in it."""

from deploy.cli.evidence import verify
from shared.events.codes import Level
from tests.integration.escalation.conftest import AASE, BO, DITTE, ERIK, GORM, Service

TRIGGER = "ALTER TABLE evidence {} TRIGGER evidence_append_only"


async def test_auditors_and_leaders_read_the_whole_chain_and_that_is_an_entry_too(service: Service) -> None:
    case_id, report = await service.opened(Level.HIGH)
    path = f"cases/{case_id}/evidence"
    first = (await service.ask(ERIK, path)).json()
    assert (first["holds"], first["broken_at"]) == (True, None)
    assert [entry["n"] for entry in first["entries"]] == list(range(1, len(first["entries"]) + 1))
    assert first["entries"][0]["act"] == "report_received"
    assert first["entries"][0]["facts"] == {"report_id": str(report.report_id), "report_no": 1}
    second = (await service.ask(DITTE, path)).json()
    assert second["entries"][:-1] == first["entries"]
    assert (second["entries"][-1]["act"], second["entries"][-1]["actor"]) == ("evidence_read", str(ERIK))


async def test_others_do_not_read_evidence(service: Service) -> None:
    case_id, _ = await service.opened(Level.HIGH)
    assert (await service.ask(AASE, f"cases/{case_id}/evidence")).status_code == 403
    await service.act(BO, f"cases/{case_id}/conflict")
    for who in (BO, GORM):
        assert (await service.ask(who, f"cases/{case_id}/evidence")).status_code == 404


async def test_an_auditor_sees_nothing_else_of_the_case(service: Service) -> None:
    case_id, _ = await service.opened(Level.HIGH)
    assert (await service.ask(ERIK, f"cases/{case_id}")).status_code == 404
    assert (await service.act(ERIK, f"cases/{case_id}/acknowledge", covers_report_no=1)).status_code == 404


async def test_what_was_changed_left_out_or_added_afterwards_is_found(service: Service) -> None:
    cases = [(await service.opened(Level.HIGH))[0] for _ in range(4)]
    databases = {"escalation": service.ground.url}
    [sound] = await verify(databases, {"escalation": service.ground.macs})
    assert (sound["cases"], sound["broken"]) == (4, [])
    async with service.ground.pool.acquire() as conn:
        await conn.execute(TRIGGER.format("DISABLE"))
        await conn.execute("UPDATE evidence SET act = 'rated' WHERE case_id = $1 AND n = 2", cases[0])
        await conn.execute("DELETE FROM evidence WHERE case_id = $1 AND n = 3", cases[1])
        columns = "at, act, actor, facts, hash FROM evidence WHERE case_id = $1 LIMIT 1"
        await conn.execute(f"INSERT INTO evidence SELECT case_id, 99, {columns}", cases[2])
        await conn.execute(TRIGGER.format("ENABLE"))
    [found] = await verify(databases, {"escalation": service.ground.macs})
    last = await service.ground.pool.fetchval("SELECT evidence_n FROM cases WHERE case_id = $1", cases[2])
    at = {str(cases[0]): 2, str(cases[1]): 3, str(cases[2]): last + 1}
    assert {each["case_id"]: each["entry"] for each in found["broken"]} == at
    broken = (await service.ask(ERIK, f"cases/{cases[0]}/evidence")).json()
    assert (broken["holds"], broken["broken_at"]) == (False, 2)
