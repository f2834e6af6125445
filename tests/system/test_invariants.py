"""What must always hold, one test each: where the rule that makes it hold is taken away, its test fails.

The tiers below prove each in depth; here each is said once, at the level where it is plainest: the running stack, or
one service driven by hand (`service`: escalation on a real database, with a clock that the test moves).
"""

# ruff: noqa: F811 - a fixture is imported and then asked for

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer

from shared import evidence
from shared.auth.people import Role
from shared.events.codes import Level, RecipientKind
from shared.events.escalation import NobodyReachable
from shared.ids import CaseId
from shared.sealing import MacKeys
from shared.signs import SIGNS
from tests.integration.escalation.conftest import AASE, CARLA, DITTE, Service, asked, service  # noqa: F401
from tests.support.children import new_child
from tests.support.facts import rated
from tests.support.leaks import leaks
from tests.support.samples import SAMPLES
from tests.support.system import DATABASES, System, until
from tests.system.conftest import OwnStack

ACUTE = [{"sign": "travel.passport_taken", "answer": "said", "when": "now"}]
RUBBISH = {"children": "mange", "answers": [7], "reporter": {"kind": "ukendt"}, "text": ["x"], "noget andet": None}


async def test_1_a_report_is_accepted_whatever_it_says_and_whatever_is_down_but_only_once_it_is_stored(
    own_stack: OwnStack,
) -> None:
    system = await own_stack(only=("intake-web",))
    system.stack.stop("kafka")
    system.stack.stop("otlp")
    bodies: list[object] = [RUBBISH, {}, [], None, "tekst", {"answers": ACUTE, "children": [new_child()]}]
    for body in bodies:
        answer = await system.send(body)
        assert await system.value("intake", "SELECT 1 FROM reports WHERE report_id = $1", answer["report_id"]) == 1

    system.stack.stop("postgres")
    away = await system.post({"text": "Hej"}, key="den samme")
    assert (away.status_code, away.headers["retry-after"]) == (503, "2")
    system.stack.start("postgres")

    async def accepted() -> str:
        answer = await system.post({"text": "Hej"}, key="den samme")
        return answer.text if answer.status_code == 201 else ""

    first = await until(accepted)
    assert (await system.post({"text": "Hej"}, key="den samme")).text == first
    assert await system.value("intake", "SELECT count(*) FROM reports") == 7


async def test_2_silence_climbs_until_a_person_answers(service: Service) -> None:
    case_id, _ = await service.opened(None)
    await service.tick(seconds=19)
    assert asked(await service.case(case_id)) == []
    await service.tick(seconds=1)
    assert len(asked(await service.case(case_id))) == 1

    seen = []
    for _ in range(20):
        case = await service.case(case_id)
        seen.append((case["escalation"]["round"], case["escalation"]["rung"], len(case["pages"])))
        due = datetime.fromisoformat(case["escalation"]["next_at"]) - service.now
        assert timedelta(0) < due <= timedelta(minutes=10)
        await service.tick(seconds=due.total_seconds())
    assert seen == sorted(set(seen)), "every moment that was due asked somebody anew"

    escalation_id = case["escalation"]["escalation_id"]
    with pytest.raises(asyncpg.CheckViolationError):
        await service.ground.pool.execute(
            "UPDATE escalations SET due_at = NULL, rate_by = NULL WHERE escalation_id = $1", escalation_id
        )
    await service.hear(service.report(case_id, 2))
    await service.did(AASE, f"cases/{case_id}/acknowledge", case_id, covers_report_no=1)
    assert (await service.case(case_id))["escalation"]["state"] == "paging", "the second report was not shown"
    await service.did(AASE, f"cases/{case_id}/acknowledge", case_id, covers_report_no=2)
    assert (await service.case(case_id))["escalation"]["state"] == "acknowledged"


async def test_3_a_page_that_fails_has_the_next_person_asked_at_once_and_nobody_left_is_told(service: Service) -> None:
    case_id, _ = await service.opened(Level.ACUTE)
    failed: list[str] = []
    while asked(await service.case(case_id)):
        waiting = [page for page in (await service.case(case_id))["pages"] if page["state"] == "requested"]
        for page in waiting:
            failed.append(page["message_id"])
            await service.lose(page, case_id)
    case = await service.case(case_id)
    assert len(failed) == len(set(failed)) > 2, "one after the other, without a minute's wait"
    told = await service.ground.published(NobodyReachable)
    assert [event.case_id for event in told] == [case_id]
    assert datetime.fromisoformat(case["escalation"]["next_at"]) == service.now + timedelta(minutes=3)
    await service.tick(minutes=3)
    assert asked(await service.case(case_id)), "and it goes on"


async def test_4_a_case_is_held_from_birth_and_nothing_but_authority_lifts_it(service: Service) -> None:
    case_id, report = await service.opened(Level.LOW)
    assert {each["state"] for each in (await service.case(case_id))["hold"]} == {"held"}
    for sample in SAMPLES:
        if any(isinstance(sample, type(each)) for each in (report, service.rating(Level.LOW, report))):
            continue
        event = sample.model_copy(update={"case_id": case_id})
        for _ in range(2):
            await try_to_hear(service, event)
    await service.did(AASE, f"cases/{case_id}/acknowledge", case_id, covers_report_no=1)
    await service.did(CARLA, f"reports/{report.report_id}/judgement", case_id, acute=False, started=False)
    await service.did(AASE, f"cases/{case_id}/close", case_id, outcome="unfounded", reason="Intet.")
    await service.tick(days=400)
    assert {each["state"] for each in (await service.case(case_id))["hold"]} == {"held"}

    case_id, _ = await service.opened(Level.HIGH)
    assessed = {"covers_report_no": 1, "level": "low", "acute": False, "answers": {}}
    assessment = (await service.act(CARLA, f"cases/{case_id}/assessment", **assessed)).json()["assessment_id"]
    week = (service.now + timedelta(days=7)).isoformat()
    wish = {"recipient": "mother", "action": "lift", "until": week, "reason": "Hun er på barnets side."}
    for who, status in ((AASE, 403), (DITTE, 403), (CARLA, 200)):
        assert {each["state"] for each in (await service.case(case_id))["hold"]} == {"held"}
        version = (await service.case(case_id))["version"]
        answer = await service.act(who, f"cases/{case_id}/hold", version=version, assessment_id=assessment, **wish)
        assert answer.status_code == status, answer.text
    assert [each["recipient"] for each in answer.json()["hold"] if each["state"] == "lifted"] == ["mother"]
    await service.hear(service.report(case_id, 2))
    assert {each["state"] for each in (await service.case(case_id))["hold"]} == {"held"}
    assert {kind.value for kind in RecipientKind} == {"person", "desk", "reporter"}, "no family among them"


async def try_to_hear(service: Service, event: Any) -> None:
    """Take the event in where escalation hears such events at all."""
    with suppress(KeyError):
        await service.hear(event)


async def test_5_rules_raise_and_people_lower_by_two(service: Service) -> None:
    for sign in SIGNS:
        levels = [rated(said).level.rank for said in (f"!{sign}", f"?{sign}", sign)]
        assert levels == sorted(levels), sign
        assert rated(f"?{sign}").level.rank <= Level.ELEVATED.rank, "what nobody knows is never worse than elevated"
    assert rated("weapon.present ?violence.now") == rated("?violence.now weapon.present")

    case_id, report = await service.opened(Level.ACUTE)
    await service.hear(service.rating(Level.LOW, report, no=2))
    case = await service.case(case_id)
    assert (case["level"], [each["level"] for each in case["ratings"]]) == ("acute", ["acute", "low"])
    await service.did(CARLA, f"cases/{case_id}/acknowledge", case_id, covers_report_no=1)
    case = await service.did(CARLA, f"cases/{case_id}/lower", case_id, level="low", reason="Det er afklaret.")
    assert case["level"] == "acute", "until a second person agrees"
    (ask,) = [each for each in case["countersigns"] if each["state"] == "asked"]
    own = await service.act(CARLA, f"countersign/{ask['id']}", version=case["version"], agree=True, reason="Ja.")
    assert own.status_code == 403
    case = await service.did(DITTE, f"countersign/{ask['id']}", case_id, agree=True, reason="Enig.")
    assert case["level"] == "low"


@pytest.mark.parametrize(
    "received",
    [
        datetime(2026, 3, 28, 15, 30, tzinfo=UTC),
        datetime(2026, 10, 24, 23, 59, tzinfo=UTC),
        datetime(2026, 12, 24, 18, 0, tzinfo=UTC),
    ],
    ids=["the night the clock goes forward", "the night it goes back", "Christmas"],
)
async def test_6_each_report_has_its_24_elapsed_hours(service: Service, received: datetime) -> None:
    service.ground.clock.at = received
    case_id, first = await service.opened(Level.HIGH)
    service.ground.clock.pass_by(hours=5)
    second = service.report(case_id, 2)
    await service.hear(second)
    rows = await service.ground.pool.fetch(
        "SELECT report_id, limit_at, explanation FROM deadlines WHERE case_id = $1 AND rule = 'acute_judgement'",
        case_id,
    )
    limits = {row["report_id"]: row["limit_at"] for row in rows}
    day = timedelta(hours=24)
    assert limits == {first.report_id: received + day, second.report_id: received + timedelta(hours=5) + day}
    assert all(row["explanation"] for row in rows)


async def test_7_what_people_write_leaves_by_no_door(system: System) -> None:
    child, word = new_child(f"Navn{uuid4().hex}"), f"Ord{uuid4().hex}"
    answer = await system.send({"children": [child], "answers": ACUTE, "text": word, "reporter": {"name": word}})
    await system.paged(answer["report_id"])
    await until(system.at_rest, every=0.5)
    assert await leaks(system, {word, child["name"], child["cpr"]}) == []


async def test_8_a_message_says_nothing_and_who_has_a_conflict_cannot_learn_that_the_case_exists(
    system: System,
) -> None:
    answer = await system.send({"children": [new_child()], "answers": ACUTE, "text": "Hej"})
    case = await system.paged(answer["report_id"])
    (mail,) = await system.mails_about(case["case_id"])
    words = f"{mail['Subject']} {mail.get_content()}".lower()
    assert "der venter noget" in words
    assert not [word for word in ("akut", "barn", "skole", "underretning", "sag", *ids_of(case)) if word in words]

    excluded = system.person(Role.CONSULTANT)
    before = (await system.ask("work", by=excluded)).text
    assert case["case_id"] in before
    assert (await system.act(f"cases/{case['case_id']}/conflict", by=excluded)).status_code == 204
    there = await system.ask(f"cases/{case['case_id']}", by=excluded)
    nowhere = await system.ask(f"cases/{uuid4()}", by=excluded)
    assert (there.status_code, there.content, dict(there.headers)) == (404, nowhere.content, dict(nowhere.headers))
    assert not [each for each in ids_of(case) if each in (await system.ask("work", by=excluded)).text]

    async def asked_elsewhere() -> bool:
        seen = await system.case_of(answer["report_id"], by=Role.LEADER)
        assert seen
        waiting = [page for page in seen["pages"] if page["state"] in ("requested", "accepted")]
        return bool(waiting) and str(excluded.id) not in json.dumps(waiting)

    assert await until(asked_elsewhere)


def ids_of(case: dict[str, Any]) -> list[str]:
    """The ids by which the case could be told."""
    return [case["case_id"], *(report["report_id"] for report in case["reports"])]


async def test_9_what_comes_again_has_no_second_effect(system: System) -> None:
    body = {"children": [new_child()], "answers": ACUTE, "text": "Hej"}
    key = str(uuid4())
    twins = await asyncio.gather(*(system.post(body, key=key) for _ in range(5)))
    assert len({twin.text for twin in twins}) == 1
    case = await system.paged(twins[0].json()["report_id"])
    await until(system.at_rest, every=0.5)
    before = await rows_of(system, case["case_id"])

    records = [record for record in await system.records() if record.key == UUID(case["case_id"]).bytes]
    producer = AIOKafkaProducer(**system.stack.place.kafka_client())
    await producer.start()
    for record in reversed(records):
        await producer.send_and_wait(record.topic, record.value, key=record.key, headers=list(record.headers))
    await producer.stop()
    await until(system.at_rest, every=0.5)
    assert await rows_of(system, case["case_id"]) == before


async def rows_of(system: System, case_id: str) -> dict[str, list[Any]]:
    """Everything that every service holds about a case."""
    found: dict[str, list[Any]] = {}
    for name in DATABASES:
        tables = await system.rows(
            name,
            """SELECT table_name AS t FROM information_schema.columns
               WHERE column_name = 'case_id' AND table_schema = 'public' AND table_name <> 'outbox'""",
        )
        for (table,) in tables:
            rows = await system.rows(name, f"SELECT * FROM {table} WHERE case_id = $1", case_id)
            found[f"{name}.{table}"] = sorted(map(repr, rows))
    return found


async def test_10_who_was_told_what_stands_in_a_chain_that_nobody_can_change(system: System) -> None:
    answer = await system.send({"children": [new_child()], "answers": ACUTE, "text": "Hej"})
    case = await system.paged(answer["report_id"])
    taken = await system.act(f"cases/{case['case_id']}/acknowledge", covers_report_no=1)
    assert taken.status_code == 200
    await until(system.at_rest, every=0.5)
    case_id = CaseId(UUID(case["case_id"]))

    (told,) = await system.rows(
        "notify", "SELECT facts FROM evidence WHERE case_id = $1 AND act = 'message.accepted'", case_id
    )
    facts = json.loads(told["facts"])
    assert (facts["template"], facts["template_version"], facts["channel"]) == ("page", 2, "email")
    assert len(facts["text_sha256"]) == 64
    acts = await system.rows("escalation", "SELECT act, actor FROM evidence WHERE case_id = $1 ORDER BY n", case_id)
    assert ("acknowledged", system.person(Role.CONSULTANT).id) in [tuple(row) for row in acts]

    for name in ("intake", "escalation", "notify"):
        macs = MacKeys.read(system.stack.place.home / "keys" / name / "evidence.json")
        async with system.database(name) as conn:
            assert await evidence.broken_at(conn, case_id, macs) is None
            for act in ("UPDATE evidence SET act = 'x'", "DELETE FROM evidence", "TRUNCATE evidence"):
                with pytest.raises(asyncpg.RaiseError):
                    await conn.execute(act)
            async with changed(conn):
                await conn.execute("UPDATE evidence SET at = at + interval '1 s' WHERE case_id = $1 AND n = 1", case_id)
                assert await evidence.broken_at(conn, case_id, macs) == 1


@asynccontextmanager
async def changed(conn: asyncpg.Connection) -> AsyncIterator[None]:
    """Where a forger has taken the guard away; undone afterwards."""
    transaction = conn.transaction()
    await transaction.start()
    await conn.execute("ALTER TABLE evidence DISABLE TRIGGER USER")
    yield
    await transaction.rollback()
