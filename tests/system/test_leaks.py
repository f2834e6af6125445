"""What people write appears nowhere but in sealed columns, and the search that says so would find it elsewhere."""

import json
import smtplib
from urllib.parse import urlsplit
from uuid import uuid4

import httpx2
import pytest
from aiokafka import AIOKafkaProducer

from shared.auth.people import Role
from tests.support.children import new_child
from tests.support.leaks import found_in, leaks
from tests.support.system import System, until

NAME, SCHOOL, MOTHER = "Zoltana Plantesen", "Skolen på Ærtemarken", "Quendolyn Hemmelig"
SENTENCE = "Hun hviskede at kufferten står pakket bag døren"
QUOTE, CODE_WORD, PHONE = "du skal bare vente til ferien", "blåhvalkaffe", "71 93 55 08"
REASON = "Moderens søster Wilhelmyna ringede og fortrød"


def planted_body(cpr: str) -> dict[str, object]:
    """A report with something planted wherever people can write."""
    return {
        "legal_kind": "section_133",
        "reporter": {"name": MOTHER, "kind": "teacher", "institution": SCHOOL, "phone": PHONE, "safe_hours": CODE_WORD},
        "children": [{"name": NAME, "cpr": cpr, "relation": SENTENCE}],
        "text": f"{SENTENCE}. {NAME} er bange for {MOTHER}.",
        "parents_know": CODE_WORD,
        "answers": [
            {"sign": "travel.passport_taken", "answer": "said", "when": "now", "quote": QUOTE},
            {"sign": NAME, "answer": QUOTE, "when": SENTENCE, "date": CODE_WORD},
        ],
        "conflict": {"declared": False, "about": MOTHER},
        NAME: {SENTENCE: [CODE_WORD]},
    }


async def test_what_people_write_is_nowhere_but_sealed(system: System) -> None:
    cpr = new_child()["cpr"]
    planted = {NAME, SCHOOL, MOTHER, SENTENCE, QUOTE, CODE_WORD, PHONE, REASON, cpr, cpr.replace("-", "")}
    body = json.dumps(planted_body(cpr)).encode()
    answer = await system.post(body, key=f"{NAME}-{uuid4()}".encode().hex(), headers={"User-Agent": f"Plant {PHONE}"})
    assert answer.status_code == 201
    await answered_in_full(system, answer.json()["report_id"])

    said = [answer, *await refusals(system, body, answer.json())]
    assert [found for each in said for found in found_in(f"answer {each.status_code}", spoken(each), planted)] == []
    await until(system.at_rest, every=0.5)
    assert await leaks(system, planted) == []
    assert await system.body_of(answer.json()["report_id"]) == body, "it was there to be found"


async def answered_in_full(system: System, report_id: str) -> None:
    """Page, acknowledgement, judgement, closing and countersign, each with a reason that says too much."""
    case_id = (await system.paged(report_id))["case_id"]
    await system.acted(case_id, f"cases/{case_id}/acknowledge", covers_report_no=1)
    judged = f"reports/{report_id}/judgement"
    await system.acted(case_id, judged, by=Role.AUTHORITY, acute=True, started=True)
    closed = await system.acted(case_id, f"cases/{case_id}/close", outcome="support_started", reason=REASON)
    (asked,) = closed["countersigns"]
    agreed = await system.acted(case_id, f"countersign/{asked['id']}", by=Role.LEADER, agree=True, reason=REASON)
    assert agreed["escalation"]["state"] == "closed"
    assert not list(found_in("case", json.dumps(agreed, ensure_ascii=False).encode(), {NAME, SENTENCE, QUOTE}))


async def refusals(system: System, body: bytes, accepted: dict[str, str]) -> list[httpx2.Response]:
    """Everything that can go wrong while one speaks of the child."""
    intake, escalation = system.urls["intake"], system.urls["escalation"]
    bearer = {"Authorization": f"Bearer {SENTENCE.encode().hex()}"}
    client = system.client
    return [
        await system.post(body[:-1]),
        await system.post(body + b"x" * 300_000),
        await system.post({NAME: SENTENCE, "children": [{"cpr": f"{NAME} 310299-9999"}]}),
        await client.post(f"{intake}/v1/receipt", json={"reference": NAME, "code": SENTENCE}),
        await client.post(f"{intake}/v1/receipt", json={"reference": accepted["reference"], "code": CODE_WORD}),
        await client.post(f"{intake}/v1/receipt", content=body[:-2]),
        await client.post(f"{intake}/v1/{NAME}?text={SENTENCE}", content=body),
        await client.get(f"{intake}/v1/reports", params={"name": NAME}),
        await client.get(f"{escalation}/v1/work", headers=bearer, params={"name": NAME}),
        await system.ask(f"reports/{uuid4()}", name=NAME),
        await system.ask(f"cases/{NAME}"),
        await system.act(f"cases/{uuid4()}/close", version=1, outcome=NAME, reason=SENTENCE),
        await system.act(f"reports/{accepted['report_id']}/judgement", by=Role.AUTHORITY, acute=SENTENCE, note=NAME),
    ]


def spoken(answer: httpx2.Response) -> bytes:
    """All that an answer says."""
    return repr(answer.headers).encode() + answer.content


async def into_a_log(system: System, word: str) -> None:
    with (system.stack.place.home / "triage-work.log").open("a") as log:
        log.write(json.dumps({"event": "report.rated", "name": word}) + "\n")


async def into_a_header(system: System, word: str) -> None:
    producer = AIOKafkaProducer(**system.stack.place.kafka_client())
    await producer.start()
    headers = [("ce_type", b"beredskab.intake.nothing-known.v1"), ("ce_subject", word.encode())]
    await producer.send_and_wait("intake.reports", b"{}", key=b"0" * 16, headers=headers)
    await producer.stop()


async def into_a_table(system: System, word: str) -> None:
    async with system.database("triage") as conn:
        await conn.execute("CREATE TABLE IF NOT EXISTS notes (note bytea)")
        await conn.execute("INSERT INTO notes VALUES ($1)", json.dumps({"note": word}).encode())


async def into_a_mail(system: System, word: str) -> None:
    at = urlsplit(system.urls["mail_smtp"])
    with smtplib.SMTP(at.hostname or "", at.port or 25) as server:
        server.sendmail("a@b.example", "c@d.example", f"Subject: {word}\r\n\r\nHej".encode())


@pytest.mark.parametrize(
    ("leak", "where"),
    [(into_a_log, "file "), (into_a_header, "topic "), (into_a_table, "table "), (into_a_mail, "mail ")],
)
async def test_the_search_finds_a_word_that_does_leak(system: System, leak: object, where: str) -> None:
    assert callable(leak)
    word = f"Læk{uuid4().hex}"
    await leak(system, word)
    assert any(place.startswith(where) for place, _ in await leaks(system, {word}))
