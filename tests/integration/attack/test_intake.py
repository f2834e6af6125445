"""The attacker's table of intake: every endpoint, asked by everybody, and with words that open no receipt."""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import uuid4

import httpx2

from shared.auth.grants import Grant, ReadPart, ReadPurpose
from shared.auth.services import LEEWAY, LIFETIME
from shared.ids import PersonId, ReportId
from tests.integration.attack.conftest import VISITORS, Doors, is_screen
from tests.integration.escalation.conftest import AASE

TABLE = """
                                              nobody reporter consultant authority leader auditor operator service
POST /v1/reports                                 201      201        201       201    201     201      201     201
POST /v1/questions                               200      200        200       200    200     200      200     200
POST /v1/receipt                                 200      200        200       200    200     200      200     200
POST /v1/receipt/additions                       201      201        201       201    201     201      201     201
POST /v1/reports/phone                           401      403        201       201    403     403      403     401
POST /internal/reports/phone                     401      401        401       401    401     401      401     401
POST /internal/reports/{id}/read                 401      401        401       401    401     401      401     401
POST /internal/cases/belonging                   401      401        401       401    401     401      401     401
POST /internal/cases/find                        401      401        401       401    401     401      401     401
PUT  /internal/people                            401      401        401       401    401     401      401     401
POST /events                                     401      401        401       401    401     401      401     403
POST /events/known                               401      401        401       401    401     401      401     400
GET  /live                                       200      200        200       200    200     200      200     200
GET  /ready                                      200      200        200       200    200     200      200     200
GET  /static/{name:path}                         200      200        200       200    200     200      200     200
GET  /                                           200      200        200       200    200     200      200     200
POST /                                           200      200        200       200    200     200      200     200
POST /check                                      200      200        200       200    200     200      200     200
POST /ask                                        200      200        200       200    200     200      200     200
POST /send                                       303      303        303       303    303     303      303     303
POST /draft                                      200      200        200       200    200     200      200     200
GET  /paper                                      200      200        200       200    200     200      200     200
GET  /exit                                       303      303        303       303    303     303      303     303
GET  /receipt                                    200      200        200       200    200     200      200     200
GET  /receipt/page/{address}                     303      303        303       303    303     303      303     303
GET  /oplysninger                                200      200        200       200    200     200      200     200
GET  /tilgaengelighed                            200      200        200       200    200     200      200     200
POST /receipt                                    303      303        303       303    303     303      303     303
POST /receipt/additions                          303      303        303       303    303     303      303     303
POST /receipt/copy                               404      404        404       404    404     404      404     404
GET  /phone                                      303      403        200       200    403     403      403     303
POST /phone                                      401      403        303       303    403     403      403     401
GET  /sign-in                                    503      503        503       503    503     503      503     503
GET  /sign-in/answer                             403      403        403       403    403     403      403     403
POST /sign-out/back-channel                      503      503        503       503    503     503      503     503
GET  /signed-out                                 200      200        200       200    200     200      200     200
POST /sign-out                                   303      303        303       303    303     303      303     303
"""
"""503: the identity provider is not there. 400: no list is sent. Signing out comes last."""
STREAMS = frozenset({"POST /receipt/events"})
"""Right words open a stream that does not end, which `test_what_happens_appears_by_itself` reads."""
BY_WORDS = frozenset({"POST /v1/receipt", "POST /v1/receipt/additions", "POST /receipt", "POST /receipt/additions"})


def cells() -> Iterator[tuple[str, str, int]]:
    """Endpoint, visitor, status."""
    head, *rows = TABLE.strip().splitlines()
    assert tuple(head.split()) == VISITORS
    for row in rows:
        method, path, *statuses = row.split()
        for who, status in zip(VISITORS, statuses, strict=True):
            yield f"{method} {path}", who, int(status)


async def ask(doors: Doors, endpoint: str, who: str, words: Mapping[str, str]) -> httpx2.Response:
    """One request, with the words of a receipt where that is what it takes."""
    method, path = endpoint.split()
    path = path.replace("{id}", str(uuid4())).replace("{name:path}", "mark.svg").replace("{address}", "x" * 40)
    shown = await (doors.cookie(who) if is_screen(path) else doors.bearer(who))
    content: dict[str, Any] = {"text": "Noget.", "received_at": "2026-03-10T11:00:00Z", **words}
    if not is_screen(path):
        return await doors.client.request(method, path, json=content, headers=shown)
    fields = {} if path == "/draft" else content | {"received_at": "2026-03-10T11:00", "key": uuid4().hex}
    headers = {**shown, "Accept": "text/html"}
    return await doors.client.request(method, path, data=fields if method == "POST" else None, headers=headers)


def told(answer: httpx2.Response, words: Mapping[str, str]) -> tuple[int, list[tuple[str, str]], str]:
    """An answer but for the words that were typed, which a form keeps, and its length, which follows them."""
    text = answer.text
    for word in words.values():
        text = text.replace(word, "")
    headers = sorted((name, value) for name, value in answer.headers.items() if name != "content-length")
    return answer.status_code, headers, text


async def reported(doors: Doors, text: str = "Noget.") -> dict[str, str]:
    """The words of a new receipt."""
    told = (await doors.client.post("/v1/reports", json={"text": text})).json()
    return {"reference": told["reference"], "code": told["code"]}


def test_every_endpoint_stands_in_the_table(intake: Doors) -> None:
    assert {endpoint for endpoint, _, _ in cells()} | STREAMS == intake.there


async def test_the_attackers_table_cell_by_cell(intake: Doors) -> None:
    own, theirs = await reported(intake), await reported(intake)
    closed = {
        "foreign": {"reference": theirs["reference"], "code": own["code"]},
        "wrong code": own | {"code": "00000000"},
        "unknown": {"reference": "00000000", "code": "00000000"},
        "none": {},
    }
    wrong: list[str] = []
    for endpoint, who, status in [*cells(), *((each, who, 404) for each in STREAMS for who in VISITORS)]:
        if endpoint not in STREAMS:
            answer = await ask(intake, endpoint, who, own)
            wrong += [f"{endpoint} as {who}: {answer.status_code}"] if answer.status_code != status else []
        if endpoint in BY_WORDS | STREAMS:
            said = {kind: told(await ask(intake, endpoint, who, words), words) for kind, words in closed.items()}
            wrong += [
                f"{endpoint} as {who}, {kind}: {each[0]}"
                for kind, each in said.items()
                if each != said["unknown"] or each[0] != 404
            ]
    assert not wrong, "\n".join(wrong)


async def test_a_grant_opens_one_report_once_to_escalation_alone_in_its_time(intake: Doors) -> None:
    report = (await intake.client.post("/v1/reports", json={"text": "Noget."})).json()["report_id"]
    other = (await intake.client.post("/v1/reports", json={"text": "Andet."})).json()["report_id"]

    def grant(of: str = report) -> dict[str, str]:
        return dict(Grant(uuid4(), ReportId(of), PersonId(AASE), ReadPurpose.PAGE, ReadPart.ALL).claims())

    async def read(token: str, of: str = report) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return (await intake.client.post(f"/internal/reports/{of}/read", headers=headers)).status_code

    escalation = intake.ground.tokens_of("escalation")
    good = escalation.token("intake", grant())
    head, claims, seal = good.split(".")
    changed = json.dumps({**grant(other)}).encode().hex()
    assert [
        await read(intake.ground.tokens_of("notify").token("intake", grant())),
        await read(intake.ground.tokens.token("intake", grant())),
        await read(escalation.token("notify", grant())),
        await read(escalation.token("intake", {**grant(), "part": "everything"})),
        await read(f"{head}.{changed}.{seal}"),
        await read(f"{head}.{claims}.{'A' * len(seal)}"),
        await read(good, of=other),
    ] == [401] * 7
    assert [await read(good), await read(good)] == [200, 404]
    late = escalation.token("intake", grant())
    intake.ground.clock.pass_by(seconds=LIFETIME + LEEWAY + 1)
    assert await read(late) == 401
