"""notify says nothing: the ladder climbs all the same, and what it asked for is sent when notify is back."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from tests.support.system import System, one_by_one, until
from tests.support.traffic import concern
from tests.system.delivery.conftest import restarted, started

pytestmark = pytest.mark.timeout(900)


async def test_while_notify_is_silent_the_ladder_climbs_and_no_page_is_lost(faulty: System) -> None:
    await asyncio.to_thread(faulty.stack.stop, "notify-work")
    sent = await faulty.send(concern())

    async def asked() -> list[dict[str, Any]]:
        return list((await faulty.case_of(sent["report_id"]) or {"pages": ()})["pages"])

    await until(asked)
    faulty.stack.override(one_by_one({"escalation-work": {"CLOCK_OFFSET_SECONDS": "600"}}))
    try:
        await restarted(faulty, "escalation-work")

        async def climbed() -> bool:
            return len(await asked()) >= 2

        await until(climbed)
        await started(faulty, "notify-work")
        case = await faulty.paged(sent["report_id"])
        demands = {UUID(page["message_id"]) for page in case["pages"]}
        known = "SELECT message_id FROM messages WHERE case_id = $1"
        await until(faulty.at_rest, within=60)
        rows = await faulty.rows("notify", known, UUID(case["case_id"]))
        assert demands <= {row["message_id"] for row in rows}
    finally:
        faulty.stack.override(one_by_one({}))
        await restarted(faulty, "escalation-work")
