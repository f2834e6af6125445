"""The attacker's table of escalation: every endpoint, asked by everybody, of a case that is theirs and of all others.

A cell is the status that an endpoint answers about a case the visitor sees. About any other id (another unit's case, a
case the visitor is kept out of, one that does not exist, no id at all) a 401 or 303 stays what it is; everything else
is 404, the same to the byte.
"""

import asyncio
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx2

from shared.events.codes import Level, Unit
from shared.ids import new_id
from tests.integration.attack.conftest import PEOPLE, VISITORS, Doors, is_screen
from tests.integration.escalation.conftest import BO, CARLA, DITTE, DOEGNVAGT, Service

TABLE = """
                                              nobody reporter consultant authority leader auditor operator service
GET  /v1/work                                    401      200        200       200    200     200      200     401
GET  /v1/cases/{id}                              401      404        200       200    200     404      404     401
GET  /v1/cases/{id}/reasons                      401      404        403       403    403     404      404     401
GET  /v1/reports/{id}                            401      404        200       200    200     404      404     401
POST /v1/cases/{id}/acknowledge                  401      404        409       409    409     404      404     401
POST /v1/cases/{id}/cannot                       401      404        200       200    200     404      404     401
POST /v1/work/acknowledge                        401      422        422       422    422     422      422     401
POST /v1/cases/{id}/conflict                     401      404        204       204    204     404      404     401
POST /v1/cases/{id}/phone-answer                 401      404        403       403    409     404      404     401
POST /v1/cases/{id}/phone-report                 401      404        409       409    409     404      404     401
POST /v1/cases/{id}/handover                     401      404        409       409    409     404      404     401
POST /v1/cases/{id}/raise                        401      404        409       409    409     404      404     401
POST /v1/cases/{id}/lower                        401      404        409       409    409     404      404     401
POST /v1/cases/{id}/unit                         401      404        409       409    409     404      404     401
POST /v1/cases/{id}/proposals/{proposal_id:uuid} 401      404        409       409    409     404      404     401
POST /v1/cases/{id}/link                         401      404        409       409    409     404      404     401
POST /v1/cases/{id}/unlink                       401      404        409       409    409     404      404     401
POST /v1/cases/{id}/split                        401      404        409       409    409     404      404     401
POST /v1/cases/{id}/close                        401      404        409       409    409     404      404     401
POST /v1/reports/{id}/judgement                  401      404        403       409    403     404      404     401
POST /v1/reports/{id}/reporter-verified          401      404        200       200    200     404      404     401
POST /v1/cases/{id}/judgements                   401      404        403       409    403     404      404     401
POST /v1/reports/{id}/receipt                    401      404        409       409    409     404      404     401
POST /v1/countersign/{id}                        401      404        403       409    409     404      404     401
POST /v1/cases/{id}/hold                         401      404        409       409    409     404      404     401
POST /v1/cases/{id}/mediation                    401      404        409       409    403     404      404     401
POST /v1/cases/{id}/assessment                   401      404        409       409    403     404      404     401
PUT  /v1/cases/{id}/assessment/draft             401      404        204       204    403     404      404     401
GET  /v1/cases/{id}/assessment/draft             401      404        200       200    403     404      404     401
GET  /v1/cases/{id}/assessments/{assessment_id:uuid} 401  404        403       403    403     404      404     401
GET  /v1/cases/{id}/evidence                     401      404        403       403    200     200      404     401
POST /v1/search                                  401      403        200       200    200     200      403     401
GET  /v1/closed                                  401      403        200       200    200     403      403     401
GET  /v1/reads                                   401      403        403       403    200     200      403     401
POST /v1/reads/export                            401      403        403       403    200     200      403     401
GET  /v1/searches                                401      403        403       403    200     200      403     401
GET  /v1/operations                              401      403        403       403    403     403      200     401
POST /v1/exclusions                              401      404        403       403    200     404      404     401
GET  /v1/exclusions                              401      404        403       403    200     404      404     401
GET  /v1/assessment-form                         401      200        200       200    200     200      200     401
GET  /v1/rota                                    401      403        200       200    200     403      200     401
PUT  /v1/rota                                    401      403        403       403    409     403      403     401
GET  /v1/ladders                                 401      403        403       403    200     403      403     401
PUT  /v1/ladders                                 401      403        403       403    409     403      403     401
GET  /v1/people                                  401      403        403       403    200     403      403     401
PUT  /v1/people                                  401      403        403       403    200     403      403     401
GET  /v1/break-glass                             401      403        403       403    200     403      403     401
POST /v1/break-glass                             401      403        403       403    422     403      403     401
GET  /v1/me/contact                              401      503        503       503    503     503      503     401
PUT  /v1/me/contact                              401      503        503       503    503     503      503     401
POST /v1/me/contact/confirm                      401      403        403       403    503     403      403     401
POST /v1/me/contact/proof                        401      403        403       403    503     403      403     401
GET  /v1/reach                                   401      403        200       200    200     403      200     401
GET  /v1/who-would-be-paged                      401      403        200       200    200     403      200     401
POST /events                                     401      401        401       401    401     401      401     403
POST /events/known                               401      401        401       401    401     401      401     400
GET  /live                                       200      200        200       200    200     200      200     200
GET  /ready                                      200      200        200       200    200     200      200     200
GET  /static/{name:path}                         200      200        200       200    200     200      200     200
GET  /                                           303      303        303       303    303     303      303     303
POST /work/acknowledge                           401      422        422       422    422     422      422     401
GET  /work                                       303      200        200       200    200     303      303     303
GET  /reach                                      303      403        200       200    200     403      200     303
GET  /rota                                       303      403        403       403    200     403      403     303
POST /rota                                       401      403        403       403    409     403      403     401
GET  /ladders                                    303      403        403       403    200     403      403     303
POST /ladders                                    401      403        403       403    422     403      403     401
GET  /people                                     303      403        403       403    200     403      403     303
POST /people                                     401      403        403       403    303     403      403     401
GET  /people/new                                 303      403        403       403    200     403      403     303
POST /people/new                                 401      403        403       403    422     403      403     401
GET  /break-glass                                303      403        403       403    200     403      403     303
POST /break-glass                                401      403        403       403    422     403      403     401
GET  /me                                         303      200        200       200    200     200      200     303
POST /me                                         401      503        503       503    503     503      503     401
POST /me/confirm                                 401      403        403       403    503     403      403     401
POST /me/proof                                   401      403        403       403    503     403      403     401
POST /brief                                      303      303        303       303    303     303      303     303
GET  /search                                     303      200        200       200    200     200      200     303
POST /search                                     401      403        200       200    200     200      403     401
GET  /closed                                     303      403        200       200    200     403      403     303
GET  /supervision                                303      403        403       403    200     200      403     303
POST /supervision/export                         303      403        403       403    200     200      403     303
GET  /supervision/searches                       303      403        403       403    200     200      403     303
GET  /supervision/{id}                           303      404        403       403    200     200      404     303
POST /supervision/{id}/export                    303      404        403       403    200     200      404     303
GET  /operations                                 303      403        403       403    403     403      200     303
GET  /cases/{id}                                 303      404        200       200    200     404      404     303
GET  /cases/{id}/news                            401      404        200       200    200     404      404     401
GET  /cases/{id}/assessment                      303      404        200       200    403     404      404     303
GET  /cases/{id}/cannot                          303      404        200       200    200     404      404     303
GET  /cases/{id}/conflict                        303      404        200       200    200     404      404     303
GET  /cases/{id}/hold                            303      404        200       200    200     404      404     303
GET  /cases/{id}/close                           303      404        200       200    200     404      404     303
GET  /cases/{id}/handover                        303      404        200       200    200     404      404     303
GET  /cases/{id}/raise                           303      404        200       200    200     404      404     303
GET  /cases/{id}/lower                           303      404        200       200    200     404      404     303
GET  /cases/{id}/unit                            303      404        200       200    200     404      404     303
GET  /cases/{id}/link                            303      404        200       200    200     404      404     303
GET  /cases/{id}/unlink                          303      404        200       200    200     404      404     303
GET  /cases/{id}/split                           303      404        200       200    200     404      404     303
GET  /cases/{id}/phone                           303      404        200       200    200     404      404     303
GET  /cases/{id}/judgement                       303      404        404       200    404     404      404     303
GET  /cases/{id}/exclusion                       303      404        404       404    200     404      404     303
GET  /cases/{id}/phone-answer                    303      404        404       404    200     404      404     303
GET  /cases/{id}/reports/{report_id:uuid}        303      404        303       303    303     404      404     303
GET  /cases/{id}/anything                        303      404        404       404    404     404      404     303
POST /cases/{id}/purpose                         303      404        303       303    303     404      404     303
POST /cases/{id}/known                           303      404        303       303    303     404      404     303
POST /cases/{id}/print                           303      404        200       200    200     404      404     303
GET  /cases/{id}/assessments/{assessment_id:uuid} 303   404        200       200    200     404      404     303
POST /cases/{id}/assessment/draft                401      404        303       303    403     404      404     401
POST /cases/{id}/drafts/{what}                   401      404        200       200    200     404      404     401
POST /cases/{id}/acknowledge                     401      404        409       409    409     404      404     401
POST /cases/{id}/cannot                          401      404        303       303    303     404      404     401
POST /cases/{id}/conflict                        401      404        303       303    303     404      404     401
POST /cases/{id}/close                           401      404        409       409    409     404      404     401
POST /cases/{id}/handover                        401      404        409       409    409     404      404     401
POST /cases/{id}/phone-report                    401      404        409       409    409     404      404     401
POST /cases/{id}/phone-answer                    401      404        403       403    409     404      404     401
POST /cases/{id}/raise                           401      404        409       409    409     404      404     401
POST /cases/{id}/lower                           401      404        409       409    409     404      404     401
POST /cases/{id}/unit                            401      404        409       409    409     404      404     401
POST /cases/{id}/proposals/{proposal_id:uuid}    401      404        409       409    409     404      404     401
POST /cases/{id}/link                            401      404        422       422    422     404      404     401
POST /cases/{id}/unlink                          401      404        409       409    409     404      404     401
POST /cases/{id}/split                           401      404        409       409    409     404      404     401
POST /cases/{id}/hold                            401      404        409       409    409     404      404     401
POST /cases/{id}/assessment                      401      404        409       409    403     404      404     401
POST /exclusions                                 401      404        403       403    303     404      404     401
POST /reports/{id}/judgement                     401      404        403       409    403     404      404     401
POST /reports/{id}/reporter-verified             401      404        303       303    303     404      404     401
POST /cases/{id}/judgements                      401      404        403       409    403     404      404     401
POST /countersign/{id}                           401      404        403       409    409     404      404     401
GET  /sign-in                                    503      503        503       503    503     503      503     503
GET  /sign-in/answer                             403      403        403       403    403     403      403     403
POST /sign-in/break-glass                        403      403        403       403    403     403      403     403
POST /sign-out/back-channel                      503      503        503       503    503     503      503     503
GET  /signed-out                                 200      200        200       200    200     200      200     200
POST /sign-out                                   303      303        303       303    303     303      303     303
"""
"""409 is *may*: acts are sent with a version that is out of date, or answer for a report that is not there, so that the
case stays as it is. 503: here neither the identity provider nor notify is there. 400: no list is sent.
Signing out comes last."""

ELSEWHERE = ("foreign", "excluded", "unknown", "none")
"""The kinds of ids that are not the visitor's."""
NAMED_INSIDE = frozenset({"GET /v1/exclusions", "POST /v1/exclusions", "POST /exclusions"})
"""Endpoints that name their case in the query or the body, where what is no id is a fault of the body."""

_REASON = {"version": 0, "reason": "x"}
ACTS: Mapping[str, dict[str, Any]] = {
    "acknowledge": {"covers_report_no": 99},
    "phone-report": {"covers_report_no": 99, "received_at": "2026-03-10T11:00:00Z", "text": "x"},
    "phone-answer": {"version": 0, "person_id": str(CARLA), "said_at": "2026-03-10T11:00:00Z", "covers_report_no": 1},
    "handover": {"version": 0, "to": str(CARLA), "note": "x"},
    "raise": {**_REASON, "level": "acute"},
    "lower": {**_REASON, "level": "low"},
    "close": {**_REASON, "outcome": "advised"},
    "judgement": {"version": 0, "acute": True, "started": True},
    "judgements": {"version": 0, "report_ids": [str(DITTE)], "acute": True, "started": True},
    "reporter-verified": {"how": "called_back_main_number"},
    "receipt": {"version": 0, "given_at": "2026-03-10T11:00:00Z"},
    "unit": {**_REASON, "unit": "amager"},
    "proposals": {**_REASON, "joins": True},
    "link": {**_REASON, "case_id": str(CARLA)},
    "unlink": {**_REASON, "case_id": str(CARLA)},
    "split": {**_REASON, "report_ids": [str(CARLA)]},
    "countersign": {**_REASON, "agree": True},
    "hold": {"version": 0, "recipient": "mother", "action": "lift", "reason": "x"},
    "mediation": {"version": 0, "recipients": ["mother"]},
    "assessment": {"covers_report_no": 99, "level": "low", "acute": False},
    "draft": {"answers": {}},
    "rota": {"version": 0},
    "search": {"sought": "0000"},
    "ladders": {
        "version": 0,
        "ladders": [{"level": level, "rung_wait_minutes": 5, "rungs": ["doegnvagt"]} for level in Level],
        "duty_hours": [],
    },
    "people": {"people": [{"person_id": str(DITTE), "name": "D", "roles": ["leader"], "units": ["*"]}]},
    "contact": {"address": "ditte@ekt.example"},
    "confirm": {"desk_id": str(DOEGNVAGT)},
    "proof": {"desk_id": str(DOEGNVAGT)},
}
"""What is sent, by the last word of the address that is no id."""
FIELDS: Mapping[str, dict[str, Any]] = {
    "purpose": {"purpose": "supervision"},
    "known": {"up_to": 1},
    "phone-report": {"covers_report_no": 99, "received_at": "2026-03-10T11:00", "text": "x"},
    "judgement": {"version": "0", "acute": "true", "started": "true", "reason": "Fordi."},
    "judgements": {f"report.{DITTE}": "1", "acute": "true", "started": "true", "reason": "Fordi."},
    "people": {"person_id": str(DITTE), "name": "D", "role.leader": "yes", "unit.*": "yes", "active": "yes"},
    "split": {**_REASON, f"report.{CARLA}": "yes"},
    "me": {"address": "ditte@ekt.example"},
}
"""The same where a form's fields are other than the act's."""


def cells() -> Iterator[tuple[str, str, int]]:
    """Endpoint, visitor, status."""
    head, *rows = TABLE.strip().splitlines()
    assert tuple(head.split()) == VISITORS
    for row in rows:
        method, path, *statuses = row.split()
        for who, status in zip(VISITORS, statuses, strict=True):
            yield f"{method} {path}", who, int(status)


@dataclass(frozen=True)
class Case:
    """The ids by which one case is asked for."""

    case: UUID | str
    report: UUID | str
    countersign: UUID | str
    assessment: UUID | str
    left: UUID | str
    """Another case, for whoever leaves it by having a conflict of interest."""

    def named(self) -> set[str]:
        return {str(self.case), str(self.report), str(self.countersign), str(self.assessment)}


NEIGHBOUR = str(new_id())
UNKNOWN = Case(*(new_id() for _ in range(5)))
NO_ID = Case("hest", "hest", "hest", new_id(), "hest")


async def opened(doors: Doors, **changes: Any) -> Case:
    """A case that somebody else has taken and assessed, and a countersign that is waited for."""
    house = Service(doors.ground, doors.client)
    case_id, report = await house.opened(Level.HIGH, **changes)
    left, _ = await house.opened(Level.HIGH, **changes)
    await house.did(BO, f"cases/{case_id}/acknowledge", case_id, covers_report_no=1)
    assessed = await house.act(BO, f"cases/{case_id}/assessment", covers_report_no=1, level="high", acute=True)
    lowered = await house.did(BO, f"cases/{case_id}/lower", case_id, level="low", reason="Hun er i sikkerhed.")
    asked = UUID(lowered["countersigns"][0]["id"])
    return Case(case_id, report.report_id, asked, UUID(assessed.json()["assessment_id"]), left)


async def keep_out(doors: Doors, hidden: Case) -> None:
    """Keep everybody out of a case, whoever they are."""
    house = Service(doors.ground, doors.client)
    for person in {*PEOPLE.values()} - {DITTE}:
        for case in (hidden.case, hidden.left):
            await house.act(DITTE, "exclusions", case_id=str(case), person_id=str(person), reason="x")
    for case in (hidden.case, hidden.left):
        assert (await house.act(DITTE, f"cases/{case}/conflict")).status_code == 204


async def ask(doors: Doors, endpoint: str, shown: Mapping[str, str], about: Case) -> httpx2.Response:
    """One request about one case."""
    method, template = endpoint.split()
    words = re.sub(r"\{[^}]*\}", "", template).strip("/").split("/")
    act = next((word for word in reversed(words) if word), "")
    named = {"reports": about.report, "countersign": about.countersign, "cases": about.case, "static": "mark.svg"}
    kind = next((word for word in words if word in named), "cases")
    named_by = about.left if act == "conflict" else named[kind]
    path = template.replace("{assessment_id:uuid}", str(about.assessment)).replace("{what}", "close")
    report = about.report if isinstance(about.report, UUID) else about.assessment
    path = path.replace("{report_id:uuid}", str(report)).replace("{proposal_id:uuid}", str(about.assessment))
    path = re.sub(r"\{(id|name:path)\}", str(named_by), path)
    whole = {"case_id": str(about.case), "person_id": NEIGHBOUR, "reason": "x"}
    query = {"case_id": str(about.case), "level": "acute"} if method == "GET" and not is_screen(path) else {}
    headers = {**shown, "Accept": "text/html" if is_screen(path) else "application/json"}
    if method == "GET":
        return await doors.client.get(path, params=query, headers=headers)
    if not is_screen(path):
        body = whole if act == "exclusions" else ACTS.get(act, {})
        return await doors.client.request(method, path, json=body, headers=headers)
    sent = whole if act == "exclusions" else FIELDS.get(act, ACTS.get(act, {}))
    fields = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in sent.items()}
    return await doors.client.post(path, data=fields, headers=headers)


def bytes_of(answer: httpx2.Response, about: Case) -> tuple[int, list[tuple[str, str]], str]:
    """All that an answer says, but for the id that was asked for and repeated in the page's own address."""
    text, headers = answer.text, [(name, value) for name, value in answer.headers.items() if name != "content-length"]
    for each in {*about.named(), str(about.left)}:
        text = text.replace(each, "…")
        headers = [(name, value.replace(each, "…")) for name, value in headers]
    return answer.status_code, sorted(headers), text


def test_every_endpoint_stands_in_the_table(escalation: Doors) -> None:
    assert {endpoint for endpoint, _, _ in cells()} == escalation.there


async def test_the_attackers_table_cell_by_cell(escalation: Doors) -> None:
    foreign, hidden = await opened(escalation, unit=Unit.AMAGER), await opened(escalation)
    await keep_out(escalation, hidden)
    elsewhere = dict(zip(ELSEWHERE, (foreign, hidden, UNKNOWN, NO_ID), strict=True))
    own = await opened(escalation)
    before = await untouched(escalation, foreign, hidden)
    wrong: list[str] = []
    for endpoint, who, status in cells():
        path = endpoint.split()[1]
        shown = await (escalation.cookie(who) if is_screen(path) else escalation.bearer(who))
        about = own if not path.endswith("/conflict") else await left_by(escalation, own)
        answer = await ask(escalation, endpoint, shown, about)
        if answer.status_code != status:
            wrong.append(f"{endpoint} as {who}: {answer.status_code}, not {status}")
        if any(word in answer.text for word in {*foreign.named(), *hidden.named()}):
            wrong.append(f"{endpoint} as {who}: names a case that is not theirs")
        if "{id}" in path or endpoint in NAMED_INSIDE:
            kinds = ELSEWHERE if "{id}" in path else ELSEWHERE[:3]
            said = {
                kind: bytes_of(await ask(escalation, endpoint, shown, elsewhere[kind]), elsewhere[kind])
                for kind in kinds
            }
            wanted = status if status in (401, 303) and who in ("nobody", "service") else 404
            wrong += [f"{endpoint} as {who}, {kind}: {each[0]}" for kind, each in said.items() if each[0] != wanted]
            wrong += [f"{endpoint} as {who}, {kind}: other bytes" for kind in said if said[kind] != said["unknown"]]
    assert not wrong, "\n".join(wrong)
    assert await untouched(escalation, foreign, hidden) == before


async def test_what_is_not_yours_costs_the_database_what_is_not_there_costs(escalation: Doors) -> None:
    foreign, hidden = await opened(escalation, unit=Unit.AMAGER), await opened(escalation)
    await keep_out(escalation, hidden)
    statements: list[str] = []
    async with escalation.ground.pool.acquire() as conn:
        conn.add_query_logger(lambda said: statements.append(said.query))
    unlike: list[str] = []
    for endpoint in sorted({each for each, _, _ in cells() if "{id}" in each} | NAMED_INSIDE):
        shown = await (escalation.cookie if is_screen(endpoint.split()[1]) else escalation.bearer)("leader")
        asked = []
        for case in (foreign, hidden, UNKNOWN):
            statements.clear()
            await ask(escalation, endpoint, shown, case)
            await asyncio.sleep(0)
            asked.append([*statements])
        unlike += [endpoint] if len(asked[0]) < 1 or asked[0] != asked[2] or asked[1] != asked[2] else []
    assert unlike == []


async def left_by(doors: Doors, own: Case) -> Case:
    """The same case, with another one that may be left."""
    left, _ = await Service(doors.ground, doors.client).opened(Level.HIGH)
    return Case(own.case, own.report, own.countersign, own.assessment, left)


async def untouched(doors: Doors, *cases: Case) -> list[Any]:
    """What would show that somebody has done something with the cases, or has read in them."""
    ids = [each for case in cases for each in (case.case, case.left)]
    rows = await doors.ground.pool.fetch(
        "SELECT case_id, version, evidence_head FROM cases WHERE case_id = ANY ($1) ORDER BY case_id", ids
    )
    assert len(rows) == len(ids)
    return [tuple(row) for row in rows]
