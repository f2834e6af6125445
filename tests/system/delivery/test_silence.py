"""A service that says nothing silences no report: without triage it is paged as high, without notify pages climb."""

import asyncio
import time
from typing import Any
from uuid import UUID

import pytest

from tests.support.system import System, until
from tests.support.traffic import concern, nothing_lost_nothing_doubled
from tests.system.delivery.conftest import restarted, started

pytestmark = pytest.mark.timeout(900)


async def test_unrated_it_is_paged_as_high_and_a_late_rating_is_shown_and_lowers_nothing(faulty: System) -> None:
    await asyncio.to_thread(faulty.stack.stop, "triage-work")
    began = time.monotonic()
    mild = concern(text=None, answers=[{"sign": "control.activities", "answer": "said"}])
    sent = await faulty.send(mild)
    case = await faulty.paged(sent["report_id"], within=60)
    assert time.monotonic() - began > 18
    assert (case["level"], case["rating"]) == ("high", None)
    await started(faulty, "triage-work")

    async def rated() -> dict[str, Any]:
        found = await faulty.case_of(sent["report_id"])
        return found if found and found["rating"] else {}

    case = await until(rated)
    assert case["rating"]["level"] in ("low", "elevated")
    assert case["level"] == "high"
    assert [page["state"] for page in case["pages"]] == ["accepted"]
    await nothing_lost_nothing_doubled(faulty, [UUID(sent["report_id"])])


async def test_while_notify_is_silent_the_ladder_climbs_and_no_page_is_lost(faulty: System) -> None:
    await asyncio.to_thread(faulty.stack.stop, "notify-work")
    sent = await faulty.send(concern())

    async def asked() -> list[dict[str, Any]]:
        return list((await faulty.case_of(sent["report_id"]) or {"pages": ()})["pages"])

    await until(asked)
    faulty.stack.override({"escalation-work": {"CLOCK_OFFSET_SECONDS": "600"}})
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
        faulty.stack.override({})
        await restarted(faulty, "escalation-work")
