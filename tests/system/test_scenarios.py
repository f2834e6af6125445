"""The stories that the whole exists for, told on the running stack: each test keeps every word of its scenario.

Two of them need a weekend: they are told on a stack whose clocks stand at the next Saturday on which summer time begins
or ends overnight, and which is ill-treated besides.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, time, timedelta
from time import monotonic
from typing import Any
from uuid import UUID, uuid4

import pytest

from deploy.local.stack import Stack
from shared.auth.people import Role
from shared.calendar import COPENHAGEN, local
from shared.events.escalation import DeadlineMissed
from shared.events.triage import CaseRated
from tests.support.children import new_child
from tests.support.system import SERVICES, System, one_by_one, running_stack, system_of, until
from tests.support.traffic import answered, concern, nothing_lost_nothing_doubled, seen_by

DEADLY = [{"sign": "fear.killed", "answer": "said", "when": "now"}]
MILD = [
    {"sign": "control.activities", "answer": "said"},
    {"sign": "threat.concrete", "answer": "denied"},
    {"sign": "violence.now", "answer": "denied"},
]
DOEGNVAGT = "vagt@doegnvagt.example"
STAFF = ("consultant", "authority", "leader")


def on_saturday(at: time) -> datetime:
    """That time of the next Saturday in whose night the clocks change."""
    today = local(datetime.now(UTC)).date()
    noons = (datetime.combine(today + timedelta(days=n), time(12), COPENHAGEN) for n in range(1, 366))
    day = timedelta(days=1)
    saturday = next(noon for noon in noons if noon.isoweekday() == 6 and noon.utcoffset() != (noon + day).utcoffset())
    return datetime.combine(saturday.date(), at, COPENHAGEN)


def clocks(ahead: timedelta) -> dict[str, dict[str, str]]:
    """Settings that set the clocks of all services ahead."""
    return {"*": {"CLOCK_OFFSET_SECONDS": str(ahead.total_seconds())}}


@pytest.fixture(scope="module")
def weekend_stack(request: pytest.FixtureRequest) -> Iterator[tuple[Stack, timedelta]]:
    """A whole stack on which it has just become Saturday 02:10."""
    ahead = on_saturday(time(2, 10)) - datetime.now(UTC)
    with running_stack(settings=clocks(ahead), keep=lambda: bool(request.session.testsfailed)) as stack:
        yield stack, ahead


@pytest.fixture
async def weekend(weekend_stack: tuple[Stack, timedelta]) -> AsyncIterator[System]:
    """The same, all of it running before and after."""
    stack, ahead = weekend_stack
    async with system_of(stack, ahead=ahead) as system:
        yield system
        for name in ("kafka", *SERVICES):
            await asyncio.to_thread(stack.start, name, within=120)


async def mailed(system: System, case_id: str, *, to: str = "", within: float = 30) -> list[Any]:
    """The mails of a case that lie in the mail server, once there is one (to that address)."""

    async def arrived() -> list[Any]:
        return [mail for mail in await system.mails_about(case_id) if to in mail["To"]]

    return await until(arrived, within=within, every=0.2)


async def known(system: System, report_id: str, *, by: Role = Role.CONSULTANT) -> dict[str, Any]:
    """The case, once escalation knows the report and its rating."""

    async def rated() -> dict[str, Any]:
        case = await system.case_of(report_id, by=by)
        return case if case and case["rating"] else {}

    return await until(rated)


def waiting(case: dict[str, Any]) -> list[str]:
    """Who was paged and is still waited for."""
    return [page["recipient"]["id"] for page in case["pages"] if page["state"] in ("requested", "accepted")]


def held(case: dict[str, Any]) -> bool:
    """Whether nobody of the family may be contacted."""
    return {each["state"] for each in case["hold"]} == {"held"}


async def test_1_kafka_is_dead_when_an_acute_report_comes_on_saturday_at_ten_past_two(weekend: System) -> None:
    """Paged within 15 s by the second road; the acceptance comes back the same way; later nothing doubles."""
    warm = await weekend.send(concern())
    await weekend.paged(warm["report_id"], within=120)
    weekend.stack.stop("kafka", by=signal.SIGKILL)
    caller, began = uuid4().hex, monotonic()
    sent = await weekend.send(concern(answers=DEADLY), caller=caller)
    case = await weekend.paged(sent["report_id"], within=15)
    (mail,) = await mailed(weekend, case["case_id"])
    assert monotonic() - began < 15
    received = local(datetime.fromisoformat(sent["received_at"]))
    assert (received.isoweekday(), received.hour, case["level"]) == (6, 2, "acute")
    assert "aase.eksempel" in mail["To"], "who is on call, at night too"

    (page,) = [page for page in case["pages"] if page["state"] == "accepted"]
    waits = "SELECT count(*) FROM outbox WHERE position(convert_to($1, 'UTF8') IN body) > 0"
    assert await weekend.value("notify", waits, page["message_id"]) == 1, "Kafka has not had the acceptance"
    await answered(weekend, sent, within=20)
    assert len(await weekend.mails_about(case["case_id"])) == 1

    await asyncio.to_thread(weekend.stack.start, "kafka", within=120)
    await nothing_lost_nothing_doubled(weekend, [UUID(sent["report_id"])])
    assert len(await weekend.mails_about(case["case_id"])) == 1
    spans = await weekend.spans(caller=caller)
    assert {"intake", "triage", "escalation", "notify"} <= {span["localEndpoint"]["serviceName"] for span in spans}
    assert any(span["name"].upper() == "POST /EVENTS" for span in spans)


async def test_2_triage_is_dead_or_the_reader(weekend: System) -> None:
    """Both are paged as high after 20 s; the later *low* is shown and lowers nothing."""
    unread, unrated = concern(answers=MILD, text="Hun er god til matematik."), concern(answers=MILD, text=None)
    began = monotonic()
    async with weekend.database("intake") as conn, conn.transaction():
        await conn.execute("LOCK TABLE readings IN ACCESS EXCLUSIVE MODE")  # the reader can keep nothing
        first = await weekend.send(unread)
        heard = "SELECT report_id FROM facts WHERE report_id = $1"
        await until(lambda: weekend.value("triage", heard, UUID(first["report_id"])))
        await asyncio.to_thread(weekend.stack.stop, "triage-work")
        second = await weekend.send(unrated)
        for sent in (first, second):
            case = await weekend.paged(sent["report_id"], within=60)
            assert monotonic() - began > 18
            assert (case["level"], case["rating"]) == ("high", None)
            assert len(await mailed(weekend, case["case_id"])) == 1
    await asyncio.to_thread(weekend.stack.start, "triage-work", within=120)
    for sent in (first, second):
        before = await weekend.case_of(sent["report_id"])
        case = await known(weekend, sent["report_id"])
        assert before
        assert (case["rating"]["level"], case["level"]) == ("low", "high")
        assert (case["pages"], case["escalation"]["state"]) == (before["pages"], "paging")
        assert len(await weekend.mails_about(case["case_id"])) == 1
    await nothing_lost_nothing_doubled(weekend, [UUID(sent["report_id"]) for sent in (first, second)])


async def test_3_the_same_child_twice_at_once_then_a_third_report_on_it_and_a_sibling_of_another_case(
    system: System,
) -> None:
    """One escalation a case, three clocks of 24 hours, both cases rated again, both held."""
    child, sibling = new_child(), new_child()
    twins = await asyncio.gather(*(system.send({"children": [child], "answers": MILD}) for _ in range(2)))
    other = await known(system, (await system.send({"children": [sibling], "answers": MILD}))["report_id"])
    both = {twin["report_id"] for twin in twins}
    case_id = (await known(system, twins[0]["report_id"]))["case_id"]
    await until(lambda: _rated_over(system, both, {case_id}), every=0.3)
    answers = [*MILD, {"sign": "marriage.pressure", "answer": "said", "when": "now"}]
    children = [child, {**sibling, "relation": "sibling"}]
    named = await system.post({"children": children, "answers": answers}, headers=system.bearer(Role.REPORTER))
    assert named.status_code == 201, "only of a known reporter does a sibling join at once"
    third = named.json()
    all_four = {*both, third["report_id"], other["reports"][0]["report_id"]}
    await until(lambda: _rated_over(system, all_four, {case_id, other["case_id"]}), every=0.3)
    await until(system.at_rest, every=0.3)
    cases = [(await system.ask(f"cases/{each}")).json() for each in (case_id, other["case_id"])]
    assert sum(len(case["reports"]) for case in cases) == 4
    assert [case["linked_case_ids"] for case in cases] == [[other["case_id"]], [case_id]]
    assert {case["level"] for case in cases} == {"high"}
    assert all(held(case) for case in cases)
    for case in cases:
        opened = "SELECT count(*) FROM escalations WHERE case_id = $1"
        assert await system.value("escalation", opened, UUID(case["case_id"])) == 1
    limits = {
        each["report_id"]: datetime.fromisoformat(each["limit"])
        for case in cases
        for each in case["deadlines"]
        if each["rule"] == "acute_judgement"
    }
    for sent in (*twins, third):
        received = datetime.fromisoformat(sent["received_at"])
        assert limits[sent["report_id"]] == received + timedelta(hours=24)


async def _rated_over(system: System, report_ids: set[str], cases: set[str]) -> bool:
    """Whether each of the cases has a rating over just these reports."""
    events = [event for _, event in await system.facts(CaseRated)]
    return cases == {str(event.case_id) for event in events if {str(each) for each in event.report_ids} == report_ids}


async def test_4_an_acknowledgement_races_a_new_report(system: System) -> None:
    """What was unseen keeps paging, whoever was first."""
    body = concern()
    first = await system.send(body)
    case = await system.paged(first["report_id"])
    case_id, consultant = case["case_id"], system.person(Role.CONSULTANT)
    answer, second = await asyncio.gather(
        system.act(f"cases/{case_id}/acknowledge", covers_report_no=1), system.send(body | {"text": "Nu igen."})
    )
    assert answer.status_code == 200

    async def asked_anew() -> dict[str, Any]:
        now = await system.case_of(second["report_id"])
        return now if now and len(now["reports"]) == 2 and waiting(now) else {}

    case = await until(asked_anew)
    of = case["escalation"]
    assert (of["state"], of["acknowledged_report_no"], waiting(case)) == ("paging", 1, [str(consultant.id)])
    await until(lambda: _at_least(system, case_id, 2))
    assert await seen_by(system, first)
    assert not await seen_by(system, second)
    third = await system.send(body | {"text": "Og igen."})
    await known_reports(system, third["report_id"], 3)
    late = (await system.act(f"cases/{case_id}/acknowledge", covers_report_no=2)).json()
    of = late["escalation"]
    assert (of["state"], of["acknowledged_report_no"], waiting(late)) == ("paging", 2, [str(consultant.id)])
    assert await until(lambda: seen_by(system, second))
    assert not await seen_by(system, third)
    last = await system.act(f"cases/{case_id}/acknowledge", covers_report_no=3)
    assert last.json()["escalation"]["state"] == "acknowledged"


async def _at_least(system: System, case_id: str, n: int) -> bool:
    return len(await system.mails_about(case_id)) >= n


async def test_6_a_conflict_is_found_while_paged_and_then_everybody_is_excluded(system: System) -> None:
    """Withdrawn, 404 on the next request, the next rung at once; the desk's rung repeats."""
    sent = await system.send(concern())
    case = await system.paged(sent["report_id"])
    case_id, first = case["case_id"], system.person(Role.CONSULTANT)
    assert waiting(case) == [str(first.id)]
    assert (await system.act(f"cases/{case_id}/conflict", by=first)).status_code == 204
    assert (await system.ask(f"cases/{case_id}", by=first)).status_code == 404
    case = (await system.ask(f"cases/{case_id}", by=Role.LEADER)).json()
    withdrawn, asked = case["pages"]
    assert (withdrawn["recipient"]["id"], withdrawn["state"]) == (str(first.id), "withdrawn")
    assert asked["state"] in ("requested", "accepted"), "at once"
    assert asked["recipient"]["id"] != str(first.id)

    people = await system.rows("escalation", "SELECT person_id FROM people WHERE roles && $1", [*STAFF])
    leader = system.person(Role.LEADER)
    for person_id in sorted({row["person_id"] for row in people} - {first.id}, key=lambda each: each == leader.id):
        body = {"case_id": case_id, "person_id": str(person_id), "reason": "De kender familien."}
        assert (await system.act("exclusions", by=leader, **body)).status_code in (200, 204)
    for role in (Role.CONSULTANT, Role.AUTHORITY, Role.LEADER):
        assert (await system.ask(f"cases/{case_id}", by=role)).status_code == 404
        assert case_id not in (await system.ask("work", by=role)).text

    await mailed(system, case_id, to=DOEGNVAGT)
    for n in range(2, 5):
        earlier = "UPDATE escalations SET due_at = now() WHERE case_id = $1"  # nobody waits three minutes here
        await system.rows("escalation", earlier, UUID(case_id))
        await until(lambda n=n: _told(system, case_id, DOEGNVAGT, n), every=0.2)
    live = """SELECT DISTINCT recipient_kind FROM pages JOIN escalations USING (escalation_id)
              WHERE case_id = $1 AND pages.state IN ('requested', 'accepted')"""
    assert await system.rows("escalation", live, UUID(case_id)) == [("desk",)]


async def _told(system: System, case_id: str, to: str, n: int) -> bool:
    return len([mail for mail in await system.mails_about(case_id) if mail["To"] == to]) >= n


async def test_7_a_lift_races_a_new_report(system: System) -> None:
    """The report first: 409. The lift first: void at once, and the responsible person is told."""
    body = concern()
    case_id = (await system.paged((await system.send(body))["report_id"]))["case_id"]
    responsible = system.person(Role.CONSULTANT)
    await system.act(f"cases/{case_id}/acknowledge", by=responsible, covers_report_no=1)
    old = await _assessment(system, case_id, covers=1)
    read = (await system.ask(f"cases/{case_id}", by=Role.AUTHORITY)).json()
    await known_reports(system, (await system.send(body | {"text": "To."}))["report_id"], 2)
    late = await _lift(system, case_id, old, version=read["version"])
    assert (late.status_code, late.json()["type"]) == (409, "urn:beredskab:problem:stale")
    again = await _lift(system, case_id, old)
    assert (again.status_code, again.json()["type"]) == (409, "urn:beredskab:problem:assessment_outdated")

    await system.act(f"cases/{case_id}/acknowledge", by=responsible, covers_report_no=2)
    lifted = await _lift(system, case_id, await _assessment(system, case_id, covers=2))
    assert lifted.status_code == 200
    assert not held(lifted.json())
    mails = len(await mailed(system, case_id, to="aase.eksempel"))
    case = await known_reports(system, (await system.send(body | {"text": "Tre."}))["report_id"], 3)
    assert held(case)
    assert waiting(case) == [str(responsible.id)]
    await until(lambda: _told(system, case_id, "aase.eksempel@ekt.example", mails + 1), every=0.2)

    await system.act(f"cases/{case_id}/acknowledge", by=responsible, covers_report_no=3)
    newest = await _assessment(system, case_id, covers=3)
    version = (await system.ask(f"cases/{case_id}", by=Role.AUTHORITY)).json()["version"]
    answer, fourth = await asyncio.gather(
        _lift(system, case_id, newest, version=version), system.send(body | {"text": "Fire."})
    )
    assert answer.status_code in (200, 409)
    assert held(await known_reports(system, fourth["report_id"], 4))


async def known_reports(system: System, report_id: str, n: int) -> dict[str, Any]:
    """The case, once escalation has so many reports of it."""

    async def there() -> dict[str, Any]:
        case = await system.case_of(report_id)
        return case if case and len(case["reports"]) == n else {}

    return await until(there)


async def _assessment(system: System, case_id: str, *, covers: int) -> str:
    words = {"covers_report_no": covers, "level": "low", "acute": False, "answers": {}}
    answer = await system.act(f"cases/{case_id}/assessment", by=Role.AUTHORITY, **words)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["assessment_id"])


async def _lift(system: System, case_id: str, assessment_id: str, *, version: int | None = None) -> Any:
    if version is None:
        await until(system.at_rest, every=0.2)
        version = (await system.ask(f"cases/{case_id}", by=Role.AUTHORITY)).json()["version"]
    until_then = (datetime.now(UTC) + timedelta(days=7)).isoformat()
    wish = {"recipient": "mother", "action": "lift", "until": until_then, "reason": "Hun er på barnets side."}
    path = f"cases/{case_id}/hold"
    return await system.act(path, by=Role.AUTHORITY, version=version, assessment_id=assessment_id, **wish)


async def test_9_phoned_on_friday_and_written_down_on_saturday_over_a_night_in_which_the_clocks_change(
    weekend: System,
) -> None:
    """The clock starts on Friday; a deadline that is born missed is told at once."""
    evening = on_saturday(time(21, 40))
    ahead = evening - datetime.now(UTC)
    weekend.stack.override(one_by_one(clocks(ahead)))
    await asyncio.gather(*(asyncio.to_thread(weekend.stack.restart, name, within=120) for name in SERVICES))
    async with system_of(weekend.stack, ahead=ahead) as system:
        friday = datetime.combine(evening.date() - timedelta(days=1), time(15, 30), COPENHAGEN)
        began = monotonic()
        late = await _written_down(system, friday)
        (clock,) = await _judgements(system, late["report_id"], state="missed")
        for to in ("aase.eksempel", "ditte.eksempel"):
            await mailed(system, clock["case_id"], to=to)
        assert monotonic() - began < 20
        assert datetime.fromisoformat(clock["limit"]) == friday.astimezone(UTC) + timedelta(hours=24)
        assert "kl. 15.30" in clock["explanation"]
        missed = [event for _, event in await system.facts(DeadlineMissed)]
        assert [each.rule for each in missed if str(each.report_id) == late["report_id"]] == ["acute_judgement"]

        in_time = await _written_down(system, evening)
        (clock,) = await _judgements(system, in_time["report_id"], state="running")
        limit = datetime.fromisoformat(clock["limit"])
        assert limit == evening.astimezone(UTC) + timedelta(hours=24)
        assert local(limit).time() in (time(20, 40), time(22, 40)), "24 elapsed hours, not the same time of day"


async def _written_down(system: System, said: datetime) -> dict[str, Any]:
    """What a consultant was told on the phone then."""
    body = concern(received_at=said.isoformat())
    answer = await system.client.post(
        f"{system.urls['intake']}/v1/reports/phone", json=body, headers=system.bearer(Role.CONSULTANT)
    )
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    assert datetime.fromisoformat(told["received_at"]) == said
    return told


async def _judgements(system: System, report_id: str, *, state: str) -> list[dict[str, Any]]:
    """The report's clock of 24 hours, once it stands so, with its case."""

    async def found() -> list[dict[str, Any]]:
        case = await system.case_of(report_id) or {"deadlines": []}
        clocks_of = [each for each in case["deadlines"] if each["rule"] == "acute_judgement"]
        return [each | {"case_id": case["case_id"]} for each in clocks_of if each["state"] == state]

    return await until(found)
