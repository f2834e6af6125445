"""Finding a case and the operators' home, over all services as they run."""

from shared.auth.people import Role
from tests.support.children import new_child
from tests.support.system import System, until

SERVICES = ["escalation", "intake", "notify", "triage"]


async def test_a_report_is_found_by_its_reference_and_its_child_by_number(system: System) -> None:
    child = new_child()
    sent = await system.send({"text": "Hun skal giftes på lørdag.", "children": [child]})

    async def found() -> bool:
        answers = [await system.act("search", sought=each) for each in (sent["reference"], child["cpr"])]
        cases = [[each["case_id"] for each in answer.json()["cases"]] for answer in answers]
        return cases[0] == cases[1] != []

    assert await until(found)


async def test_operators_are_told_that_every_service_can_do_its_job(system: System) -> None:
    async def all_ready() -> bool:
        answer = await system.ask("operations", by=Role.OPERATOR)
        assert answer.status_code == 200, answer.text
        told = {each["name"]: each["ready"] for each in answer.json()["services"]}
        return told == dict.fromkeys(SERVICES, True)

    assert await until(all_ready)
