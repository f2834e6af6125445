"""From the POST to the page: examples, a crowd that repeats itself, and eight reports on one child at once."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.events.codes import Level
from shared.events.escalation import EscalationOpened, MessageRequested
from shared.events.intake import ReportReceived
from shared.events.triage import CaseRated
from tests.support.children import new_child
from tests.support.system import System, until

EXAMPLES = [json.loads(line) for line in Path("tests/data/example-reports.jsonl").read_text("utf-8").splitlines()]
HIGH = [{"sign": "marriage.pressure", "answer": "said", "when": "now"}]
CLIENTS, EACH = 16, 50


def example_body(example: dict[str, Any]) -> dict[str, Any]:
    """A report as its reporter sends it: when it was received is for intake to say."""
    return {name: value for name, value in example["body"].items() if name != "received_at"}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["id"])
async def test_each_example_report_is_accepted_and_reaches_a_person(system: System, example: dict[str, Any]) -> None:
    answer = await system.send(example_body(example))

    async def in_reach() -> bool:
        case = await system.case_of(answer["report_id"])
        if case is None or case["rating"] is None:
            return False
        return await listed(system, case["case_id"]) or await paged(system, case["case_id"])

    assert await until(in_reach)


DENIED = [{"sign": sign, "answer": "denied"} for sign in ("threat.concrete", "violence.now")]
SAID = "Hendes bror følger efter hende overalt."
UNKNOWN = {
    "a field of another's": ({"besked": SAID}, ["besked"]),
    "one with parts": ({"sag": {"noter": [SAID]}}, ["sag"]),
    "a language that is not read": (
        {"besked": "Ailesi onu memlekete götürmek istiyor ve evlendirecekler."},
        ["besked"],
    ),
    "our own quote": ({"answers": [*DENIED, {"sign": "control.activities", "answer": "unknown", "quote": SAID}]}, []),
    "what the conflict is about": ({"conflict": {"declared": True, "about": SAID}}, []),
    "where the reporter works": ({"reporter": {"institution": SAID}}, []),
}


@pytest.mark.parametrize("more", UNKNOWN)
async def test_two_denials_beside_text_that_no_answer_holds_are_rated_elevated_at_least(
    system: System, more: str
) -> None:
    fields, unread = UNKNOWN[more]
    answer = await system.send({"answers": DENIED, **fields})
    assert answer["unread"] == unread

    async def rated() -> str | None:
        case = await system.case_of(answer["report_id"])
        read = await system.value(
            "intake", "SELECT reading FROM reports WHERE report_id = $1", UUID(answer["report_id"])
        )
        return case["rating"]["level"] if case and case["rating"] and read != "pending" else None

    await until(rated)
    await until(system.at_rest)
    assert await rated() in (Level.ELEVATED, Level.HIGH, Level.ACUTE)


async def listed(system: System, case_id: str) -> bool:
    """Whether the consultants' work list names the case."""
    answer = await system.ask("work")
    assert answer.status_code == 200
    return case_id in answer.text


async def paged(system: System, case_id: str) -> bool:
    """Whether a mail server has accepted a page about the case."""
    count = "SELECT count(*) FROM messages WHERE case_id = $1 AND purpose = 'page' AND state = 'accepted'"
    return bool(await system.value("notify", count, UUID(case_id)))


async def test_a_crowd_that_repeats_itself_is_stored_once_and_asks_once(system: System) -> None:
    shared = [new_child("Barn Som Flere Kender") for _ in range(40)]
    answers = [
        each for client in await asyncio.gather(*(crowd(system, shared, n) for n in range(CLIENTS))) for each in client
    ]
    sent = {answer["report_id"] for answer in answers}
    assert len(sent) == CLIENTS * EACH

    await until(lambda: handed_over(system, sent), within=150, every=0.5)
    received = [event for _, event in await system.facts(ReportReceived) if str(event.report_id) in sent]
    assert Counter(str(event.report_id) for event in received) == dict.fromkeys(sent, 1)
    stored = await system.rows("intake", "SELECT report_id FROM reports WHERE report_id = ANY($1)", list(sent))
    assert len(stored) == len(sent)

    cases = {event.case_id for event in received}
    assert len(cases) == CLIENTS * EACH // 2 + len(shared)
    for case_id, events in by_case(received).items():
        assert sorted(event.report_no for event in events) == list(range(1, len(events) + 1)), case_id
    await asks_once(system, cases)


async def crowd(system: System, shared: list[dict[str, str]], client: int) -> list[dict[str, Any]]:
    """One client's reports, half of them on children of others too, half of them sent twice at the same time."""
    answers: list[dict[str, Any]] = []
    for n in range(EACH):
        child = new_child() if n % 2 else shared[(n // 2 + 7 * client) % len(shared)]
        body = {"children": [child], "answers": HIGH, "text": f"Rapport {n} {uuid4()}"}
        key, times = str(uuid4()), 1 + n // 2 % 2
        twins = await asyncio.gather(*(system.post(body, key=key) for _ in range(times)))
        assert {twin.status_code for twin in twins} == {201}
        assert len({twin.text for twin in twins}) == 1, "the same request has the same answer"
        answers.append(twins[0].json())
    return answers


async def handed_over(system: System, report_ids: Iterable[str]) -> bool:
    """Whether escalation knows all these reports and nothing is on its way any more."""
    known = "SELECT count(*) FROM reports WHERE report_id = ANY($1)"
    all_of_them = list(report_ids)
    return await system.value("escalation", known, all_of_them) == len(all_of_them) and await system.at_rest()


def by_case(events: Iterable[ReportReceived]) -> dict[UUID, list[ReportReceived]]:
    """The events of each case."""
    found: dict[UUID, list[ReportReceived]] = {}
    for event in events:
        found.setdefault(event.case_id, []).append(event)
    return found


async def asks_once(system: System, cases: set[Any]) -> None:
    """One escalation a case, and of each one demand for one person, told once and mailed once."""
    opened = [event for _, event in await system.facts(EscalationOpened) if event.case_id in cases]
    assert Counter(event.case_id for event in opened) == dict.fromkeys(cases, 1)
    asked = [event for _, event in await system.facts(MessageRequested) if event.case_id in cases]
    assert Counter(event.case_id for event in asked) == dict.fromkeys(cases, 1)
    mails = "SELECT case_id FROM messages WHERE case_id = ANY($1) AND state = 'accepted' AND attempts = 1"
    assert {row["case_id"] for row in await system.rows("notify", mails, list(cases))} == cases


async def test_eight_reports_on_one_child_at_the_same_instant_are_one_case_and_one_demand(system: System) -> None:
    child = new_child()
    bodies = [{"children": [child], "answers": HIGH, "text": f"Nummer {n}"} for n in range(8)]
    answers = await asyncio.gather(*(system.send(body) for body in bodies))

    await until(lambda: handed_over(system, [answer["report_id"] for answer in answers]), every=0.5)
    cases = [await system.case_of(answer["report_id"]) for answer in answers]
    (case,) = {each["case_id"]: each for each in cases if each}.values()
    assert [report["report_no"] for report in case["reports"]] == list(range(1, 9))
    await asks_once(system, {UUID(case["case_id"])})

    judge_by = {answer["report_id"]: datetime.fromisoformat(answer["judge_by"]) for answer in answers}
    running = [deadline for deadline in case["deadlines"] if deadline["rule"] == "acute_judgement"]
    assert {each["report_id"]: datetime.fromisoformat(each["limit"]) for each in running} == judge_by
    received = {report["report_id"]: datetime.fromisoformat(report["received_at"]) for report in case["reports"]}
    assert judge_by == {report: at + timedelta(hours=24) for report, at in received.items()}


async def test_reports_on_one_case_are_rated_together(system: System) -> None:
    child = new_child()
    first = await system.send({"children": [child], "answers": [{"sign": "control.activities", "answer": "said"}]})
    second = await system.send({"children": [child], "answers": HIGH})
    await until(lambda: handed_over(system, [first["report_id"], second["report_id"]]), every=0.5)
    both = {first["report_id"], second["report_id"]}
    ratings = [event for _, event in await system.facts(CaseRated) if both == {str(each) for each in event.report_ids}]
    assert ratings[-1].level is Level.HIGH
