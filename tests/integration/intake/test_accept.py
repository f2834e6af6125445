"""Accepting reports: stored once, numbered within their case, told as codes, sealed."""

import asyncio
import json
import re
from typing import Any
from uuid import UUID

import pytest

from deploy.local.postgres import Postgres
from shared.events.intake import ReportReceived
from shared.evidence import broken_at
from shared.ids import new_id
from tests.integration.intake.conftest import Intake

CHILD = {"name": "Anna Eksempel", "cpr": "010112-9999"}
SIBLING = {"name": "Bent Eksempel", "cpr": "020212-9999", "relation": "sibling"}
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def bearer(intake: Intake) -> dict[str, str]:
    """Of somebody who is signed in."""
    return intake.ground.bearer(new_id(), "reporter")


async def send(
    intake: Intake, body: object, key: str | None = None, who: dict[str, str] | None = None
) -> dict[str, Any]:
    headers = {**(who or {}), **({"Idempotency-Key": key} if key else {})}
    answer = await intake.client.post("/v1/reports", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    result: dict[str, Any] = answer.json()
    return result


async def received(intake: Intake) -> list[ReportReceived]:
    events = await intake.ground.published(ReportReceived)
    return [event for event in events if isinstance(event, ReportReceived)]


async def test_a_report_is_stored_and_told(intake: Intake) -> None:
    answer = await send(intake, {"children": [CHILD], "text": "Hun sagde noget."})
    (event,) = await received(intake)
    assert str(event.report_id) == answer["report_id"]
    assert (event.report_no, event.reading) == (1, "pending")
    assert answer["judge_by"] == "2026-03-11T12:00:00+00:00"
    assert "do_not_contact_parents" in answer["advice"]
    assert await broken_at(intake.ground.pool, event.case_id, intake.ground.macs) is None


async def test_the_body_opens_only_with_the_key_of_its_case_at_its_place(intake: Intake) -> None:
    answer = await send(intake, {"text": "Hun sagde noget."})
    row = await intake.ground.pool.fetchrow("SELECT * FROM reports JOIN cases USING (case_id)")
    assert b"sagde" not in row["body_sealed"]
    key = intake.ground.keys.unwrap(row["wrapped_key"])
    body = json.loads(key.unseal(row["body_sealed"], table="reports", column="body_sealed", row=row["report_id"]))
    assert body == {"text": "Hun sagde noget."}
    assert str(row["report_id"]) == answer["report_id"]


async def test_the_same_key_and_body_are_one_report(intake: Intake) -> None:
    first, second = await asyncio.gather(*(send(intake, {"children": [CHILD]}, key="k") for _ in range(2)))
    third = await send(intake, {"children": [CHILD]}, key="k")
    assert first == second == third
    assert len(await received(intake)) == 1


async def test_a_repeat_and_a_known_child_are_no_error_in_the_databases_log(intake: Intake, postgres: Postgres) -> None:
    before = errors_in(postgres)
    for _ in range(2):
        await send(intake, {"children": [CHILD]}, key="k")
        await send(intake, {"children": [CHILD]})
    assert errors_in(postgres) == before
    assert len(await received(intake)) == 3


def errors_in(postgres: Postgres) -> list[str]:
    log = (postgres.data.parent / "postgres.log").read_text()
    return [line for line in log.splitlines() if "ERROR:" in line]


async def test_the_same_key_with_another_body_is_another_report(intake: Intake) -> None:
    first = await send(intake, {"children": [CHILD]}, key="k")
    second = await send(intake, {"children": [CHILD], "text": "Mere."}, key="k")
    assert first["report_id"] != second["report_id"]


async def test_eight_reports_on_one_child_at_once_share_a_case_and_are_numbered(intake: Intake) -> None:
    await asyncio.gather(*(send(intake, {"children": [CHILD], "text": str(n)}) for n in range(8)))
    events = await received(intake)
    assert len({event.case_id for event in events}) == 1
    assert sorted(event.report_no for event in events) == list(range(1, 9))
    assert len({event.children[0].child_id for event in events}) == 1


async def test_reports_on_siblings_in_both_orders_do_not_deadlock(intake: Intake) -> None:
    orders = ([CHILD, SIBLING], [SIBLING, {**CHILD, "relation": "sibling"}])
    known = bearer(intake)
    await asyncio.gather(*(send(intake, {"children": orders[n % 2], "text": str(n)}, who=known) for n in range(10)))
    assert len({event.case_id for event in await received(intake)}) == 1


async def test_a_known_reporters_children_of_two_cases_join_the_older_and_name_the_other(intake: Intake) -> None:
    await send(intake, {"children": [CHILD]})
    intake.ground.clock.pass_by(hours=1)
    await send(intake, {"children": [SIBLING]})
    await send(intake, {"children": [SIBLING, {**CHILD, "relation": "sibling"}]}, who=bearer(intake))
    older, younger, both = await received(intake)
    assert (both.case_id, both.report_no) == (older.case_id, 2)
    assert both.linked_case_ids == (younger.case_id,)
    assert await intake.ground.pool.fetchval("SELECT count(*) FROM links") == 2


async def test_a_new_sibling_of_a_known_reporter_belongs_to_the_case_of_the_known_child(intake: Intake) -> None:
    await send(intake, {"children": [CHILD]})
    await send(intake, {"children": [CHILD, SIBLING]}, who=bearer(intake))
    await send(intake, {"children": [SIBLING]})
    assert len({event.case_id for event in await received(intake)}) == 1


async def test_without_a_number_two_reports_are_two_cases(intake: Intake) -> None:
    await send(intake, {"children": [{"name": "Anna Eksempel"}]})
    await send(intake, {"children": [{"name": "Anna Eksempel"}]})
    assert len({event.case_id for event in await received(intake)}) == 2


async def left_by(intake: Intake, case_id: UUID) -> str:
    """What is stored of a case, its ids replaced by their order; without what is drawn or sealed anew each time."""
    drawn = {"body_sealed", "identity_sealed", "wrapped_key", "evidence_head", "hash", "lookup", "reference", "seq"}
    rows = []
    for table in ("cases", "reports", "children", "evidence", "outbox"):
        rows += await intake.ground.pool.fetch(f"SELECT * FROM {table} WHERE case_id = $1", case_id)
    rows += await intake.ground.pool.fetch(
        "SELECT n.* FROM report_children n JOIN reports USING (report_id) WHERE case_id = $1", case_id
    )
    rows += await intake.ground.pool.fetch(
        "SELECT report_id, at FROM requests JOIN reports USING (report_id) WHERE case_id = $1", case_id
    )
    told = "\n".join(repr({name: value for name, value in row.items() if name not in drawn}) for row in rows)
    for n, named in enumerate(dict.fromkeys(_ID.findall(told))):
        told = told.replace(named, f"id {n}")
    return told


async def test_the_short_way_leaves_what_the_long_one_leaves(intake: Intake) -> None:
    """A child named twice cannot be stored by the one statement, and nothing else differs."""
    report = {"text": "Hun sagde noget.", "answers": [{"sign": "threat.concrete", "answer": "said"}]}
    await send(intake, {**report, "children": [CHILD]}, key="short")
    await send(intake, {**report, "children": [SIBLING, SIBLING]}, key="long")
    short, long = await received(intake)
    assert await left_by(intake, short.case_id) == await left_by(intake, long.case_id)
    assert [await broken_at(intake.ground.pool, each.case_id, intake.ground.macs) for each in (short, long)] == [
        None,
        None,
    ]


async def test_the_same_child_named_twice_in_a_report_is_one_child(intake: Intake) -> None:
    await send(intake, {"children": [CHILD, CHILD]})
    (event,) = await received(intake)
    assert len(event.children) == 1


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"not json", 400), (b"", 400), (b'"' + b"x" * 300_000 + b'"', 413), (b"[]", 201), (b"null", 201)],
)
async def test_only_what_is_no_json_or_too_large_is_refused(intake: Intake, content: bytes, status: int) -> None:
    answer = await intake.client.post("/v1/reports", content=content)
    assert answer.status_code == status
    if status != 201:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["duty_phone"] == "70 20 00 00"
        assert "70 20 00 00" in answer.json()["detail"]


async def test_a_refusal_speaks_english_when_asked(intake: Intake) -> None:
    danish = await intake.client.post("/v1/reports", content=b"{")
    english = await intake.client.post("/v1/reports", content=b"{", headers={"Accept-Language": "en-GB"})
    assert danish.json()["detail"].startswith("Underretningen")
    assert english.json()["detail"].startswith("The report")


async def test_with_its_database_away_the_door_says_when_to_come_again_and_whom_to_call(
    intake: Intake,
) -> None:
    await intake.ground.transactions.pool.close()
    answer = await intake.client.post("/v1/reports", json={})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert answer.json()["duty_phone"] == "70 20 00 00"


async def test_a_report_whose_transaction_fails_leaves_nothing(intake: Intake) -> None:
    await intake.ground.pool.execute("ALTER TABLE evidence ADD CHECK (n < 1)")
    answer = await intake.client.post("/v1/reports", json={"children": [CHILD]}, headers={"Idempotency-Key": "k"})
    assert answer.status_code == 500
    counts = [await intake.ground.pool.fetchval(f"SELECT count(*) FROM {t}") for t in ("reports", "cases", "requests")]
    assert counts == [0, 0, 0]
