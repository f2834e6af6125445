"""The schema changes below a running service: the plan of a connection is too old, and no person is told 503 for it."""

import pytest

from shared.events.codes import Level
from tests.integration.escalation.conftest import AASE, Service


@pytest.mark.parametrize("table", ["cases", "escalations", "reports"])
async def test_an_act_in_the_moment_of_a_migration_is_done_once(service: Service, table: str) -> None:
    first, _ = await service.opened(Level.HIGH)
    second, _ = await service.opened(Level.HIGH)
    body = {"covers_report_no": 1, "promise_minutes": 60}
    assert (await service.act(AASE, f"cases/{first}/acknowledge", **body)).status_code == 200
    await service.ground.pool.execute(f"ALTER TABLE {table} ADD COLUMN later integer")
    assert (await service.act(AASE, f"cases/{second}/acknowledge", **body)).status_code == 200
    acts = "SELECT count(*) FROM evidence WHERE case_id = $1 AND act = 'acknowledged'"
    assert await service.ground.pool.fetchval(acts, second) == 1


async def test_an_act_that_sends_nothing_is_done_again_too(service: Service) -> None:
    first, _ = await service.opened(Level.HIGH)
    second, _ = await service.opened(Level.HIGH)
    bearer = service.ground.bearer(AASE, "consultant", units=("*",))
    assert (await service.client.post(f"/v1/cases/{first}/cannot", headers=bearer)).status_code == 200
    await service.ground.pool.execute("ALTER TABLE cases ADD COLUMN later integer")
    assert (await service.client.post(f"/v1/cases/{second}/cannot", headers=bearer)).status_code == 200
