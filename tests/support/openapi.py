"""The services' HTTP interfaces as OpenAPI 3.1, made of the models that the routes themselves read.

`python -m tests.support.openapi` writes `docs/openapi/` anew.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import BaseModel

from services.escalation.domain.hold import Action, Ended
from services.escalation.domain.search import Sought
from services.escalation.web import act, belonging, break_glass, contact, deadline, exclusion, hold, phone, rota, search
from services.escalation.web.api import Body
from services.notify import web
from shared.events.codes import Level, Unit
from shared.signs import SIGNS

FOLDER = Path(__file__).parents[2] / "docs" / "openapi"
Json: TypeAlias = dict[str, Any]

_ID: Json = {"type": "string", "format": "uuid"}
_AT: Json = {"type": "string", "format": "date-time"}
_DAY: Json = {"type": "string", "format": "date"}
_TEXT: Json = {"type": "string"}
_REF = "#/components/schemas/"


def obj(required: Mapping[str, Json], **more: Json) -> Json:
    """An object with these fields; those in `more` may be missing."""
    return {"type": "object", "required": list(required), "properties": {**required, **more}}


def maybe(schema: Json) -> Json:
    """The schema, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def many(schema: Json) -> Json:
    """A list of it."""
    return {"type": "array", "items": schema}


@dataclass(frozen=True)
class Operation:
    """One act: what it is for, what it takes, what it answers when all is well, who may."""

    method: str
    path: str
    summary: str
    answer: Json | None = None
    status: int = 200
    body: type[BaseModel] | Json | None = None
    form: bool = False
    query: Mapping[str, Json] = field(default_factory=dict)
    headers: Mapping[str, Json] = field(default_factory=dict)
    signed_in: bool = True
    refusals: tuple[int, ...] = ()


def document(title: str, description: str, operations: Iterable[Operation], schemas: Mapping[str, Json]) -> Json:
    """The whole document."""
    paths: dict[str, Json] = {}
    components = {"Problem": PROBLEM, **schemas}
    for each in [*operations, EVENTS, KNOWN, *HEALTH]:
        paths.setdefault(each.path, {})[each.method] = _operation(each, components)
    security = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1", "description": description, "license": _LICENCE},
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": security},
    }


_LICENCE = {"name": "EUPL-1.2", "identifier": "EUPL-1.2"}
PROBLEM = obj({"type": _TEXT, "title": _TEXT, "status": {"type": "integer"}, "detail": _TEXT}) | {
    "description": "RFC 9457. It says what to do and repeats nothing of what was sent."
}
HEALTH = (
    Operation(
        "get",
        "/live",
        "The process answers; 503 says that only a new start will help.",
        obj({"live": {"type": "boolean"}}),
        signed_in=False,
        refusals=(503,),
    ),
    Operation(
        "get",
        "/ready",
        "It can do its job; 503 names what is missing. What is away it can do without for a while.",
        obj({"ready": {"type": "boolean"}, "missing": many(_TEXT), "away": many(_TEXT)}),
        signed_in=False,
        refusals=(503,),
    ),
)


EVENTS = Operation(
    "post",
    "/events",
    "For services alone: an urgent fact, as a CloudEvent in binary mode, while Kafka is away (see asyncapi.yaml).",
    None,
    204,
    {"type": "object"},
    refusals=(403, 413, 503),
)


KNOWN = Operation(
    "post",
    "/events/known",
    "For services alone: which of these facts are here, by their event ids, because Kafka may have lost some.",
    many(_ID),
    200,
    many(_ID),
    refusals=(400, 413, 503),
)


def _operation(each: Operation, components: dict[str, Json]) -> Json:
    parameters = [_parameter(name) for name in _names(each.path)]
    parameters += [{"name": name, "in": "query", "schema": schema} for name, schema in each.query.items()]
    parameters += [{"name": name, "in": "header", "schema": schema} for name, schema in each.headers.items()]
    content = {"application/json": {"schema": each.answer}} if each.answer else None
    answers = {str(each.status): {"description": "Done."} | ({"content": content} if content else {})}
    refusals = {*each.refusals, *((401,) if each.signed_in else ())}
    for status in sorted(refusals):
        answers[str(status)] = _HEALTH_REFUSAL if each in HEALTH else _REFUSAL
    operation: Json = {"summary": each.summary, "operationId": _operation_id(each), "responses": answers}
    if parameters:
        operation["parameters"] = parameters
    if each.body is not None:
        kind = "application/x-www-form-urlencoded" if each.form else "application/json"
        operation["requestBody"] = {"content": {kind: {"schema": _schema(each.body, components)}}}
    return operation | ({"security": [{"bearer": []}]} if each.signed_in else {"security": []})


_REFUSAL = {
    "description": "Refused.",
    "content": {"application/problem+json": {"schema": {"$ref": f"{_REF}Problem"}}},
}
_HEALTH_REFUSAL = {
    "description": "Something is missing.",
    "content": {"application/json": {"schema": {"type": "object"}}},
}


def _operation_id(each: Operation) -> str:
    words = [word for word in each.path.replace("{", "").replace("}", "").split("/") if word not in ("", "v1")]
    return "-".join([each.method, *words])


def _names(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


def _parameter(name: str) -> Json:
    schema: Json = {"type": "integer"} if name == "version" else _ID
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _schema(body: type[BaseModel] | Json, components: dict[str, Json]) -> Json:
    if isinstance(body, dict):
        return body
    schema = body.model_json_schema(ref_template=f"{_REF}{{model}}")
    components |= schema.pop("$defs", {})
    components[body.__name__] = schema
    return {"$ref": f"{_REF}{body.__name__}"}


# intake

_SIGN = obj({}, sign=_TEXT, answer={"enum": ["said", "denied", "unknown"]}, when={"enum": ["now", "earlier"]},
            date={"type": "string", "format": "date"}, quote=_TEXT)  # fmt: skip
_CHILD = obj({}, name=_TEXT, cpr=_TEXT, age_band=_TEXT, relation=_TEXT)
_REPORTER = obj({}, name=_TEXT, kind=_TEXT, institution=_TEXT, unit=_TEXT, email=_TEXT, phone=_TEXT,
                safe_hours=_TEXT, receipt_route={"enum": ["screen", "work_email"]})  # fmt: skip
REPORT = obj(
    {},
    legal_kind=_TEXT,
    reporter=_REPORTER,
    children=many(_CHILD),
    text=_TEXT,
    parents_know={"enum": ["yes", "no", "unknown"]},
    parents_told={"enum": ["yes", "no", "unknown"]},
    consent={"enum": ["yes", "no", "unknown"]},
    answers=many(_SIGN),
    conflict=obj({}, declared={"type": "boolean"}, about=_TEXT),
    already_supported={"type": "boolean"},
) | {
    "description": "Everything is optional, and everything else is kept too: a report is never refused for its content."
}
RECEIPT = obj(
    {
        "report_id": _ID,
        "reference": _TEXT,
        "code": _TEXT,
        "received_at": _AT,
        "judge_by": _AT,
        "advice": many(_TEXT),
        "unread": many(_TEXT),
    }
)
_WORDS = obj({"reference": _TEXT, "code": _TEXT})
PROGRESS = obj(
    {"received_at": _AT, "judge_by": _AT, "state": {"enum": ["received", "seen", "judged", "concluded"]}},
    seen_at=maybe(_AT),
    judged_at=maybe(_AT),
    started=maybe({"type": "boolean"}),
    concluded_at=maybe(_AT),
    late={"type": "boolean"},
    additions=many({"$ref": f"{_REF}Progress"}),
)
QUESTIONS = obj(
    {
        "questions": many(
            obj(
                {
                    "sign": {"type": "string", "enum": list(SIGNS)},
                    "question": {"type": "string"},
                    "reason": {"type": "string", "enum": ["suspected", "gate", "would_raise"]},
                    "quote": maybe({"type": "string"}),
                }
            )
        )
    }
)
_KEY = {"Idempotency-Key": {"type": "string"}}
INTAKE = (
    Operation("post", "/v1/reports", "Send a concern. The same key with the same body is the same report.",
              {"$ref": f"{_REF}Receipt"}, 201, REPORT, headers=_KEY, signed_in=False, refusals=(400, 413, 503)),
    Operation("post", "/v1/questions", "What to ask about a report before it is sent: at most six. Nothing is stored.",
              {"$ref": f"{_REF}Questions"}, body=REPORT, signed_in=False, refusals=(400, 413, 503)),
    Operation("post", "/v1/reports/phone", "Write down a call, with its true `received_at`.",
              {"$ref": f"{_REF}Receipt"}, 201, {"allOf": [obj({"received_at": _AT}), REPORT]}, headers=_KEY,
              refusals=(400, 403, 404, 413)),
    Operation("post", "/v1/receipt", "What has become of a report, by its two words.",
              {"$ref": f"{_REF}Progress"}, body=_WORDS, signed_in=False, refusals=(400, 404, 413, 503)),
    Operation("post", "/v1/receipt/additions", "More about it: a report in the same case, with clocks of its own.",
              {"$ref": f"{_REF}Receipt"}, 201, {"allOf": [_WORDS, REPORT]}, headers=_KEY, signed_in=False,
              refusals=(400, 404, 413, 503)),
)  # fmt: skip

# triage

TRIAGE = (
    Operation("get", "/rules", "The rule sets there are.",
              obj({"newest": {"type": "integer"}, "versions": many({"type": "object"})}), signed_in=False),
    Operation("get", "/rules/{version}", "One rule set: enough to rate by hand.", {"type": "object"},
              signed_in=False, refusals=(404,)),
)  # fmt: skip

# escalation

_NUMBER: Json = {"type": "integer"}
_FLAG: Json = {"type": "boolean"}
_RECIPIENT = {"enum": ["mother", "father", "custody_holder", "sibling", "relative", "network"]}
_ENDED = obj(
    {"why": many({"enum": [why.value for why in Ended]}), "action": {"enum": [action.value for action in Action]},
     "by": maybe(_ID), "at": _AT, "until": maybe(_AT), "lift_no": maybe(_NUMBER), "report_at": maybe(_AT)}
)  # fmt: skip
CASE = obj(
    {
        "case_id": _ID,
        "version": _NUMBER,
        "unit": {"enum": [unit.value for unit in Unit]},
        "linked_case_ids": many(_ID),
        "level": maybe({"enum": [level.value for level in Level]}),
        "reports": many(obj({"report_id": _ID, "report_no": _NUMBER, "received_at": _AT, "adult": _FLAG,
            "judged": maybe(obj({"acute": _FLAG, "started": _FLAG, "by": _ID, "at": _AT}, reason=_TEXT)),
            "entered_by": maybe(_ID), "reporter_verified": maybe(_TEXT)})),
        "newest_report_no": _NUMBER,
        "more": obj(dict.fromkeys(("reports", "ratings", "deadlines", "pages"), _NUMBER)),
        "unjudged": _NUMBER,
        "first_level": maybe({"enum": [level.value for level in Level]}),
        "rating": maybe(obj({"rating_no": _NUMBER, "level": {"enum": [level.value for level in Level]},
                             "rule_set": _NUMBER, "as_of": _AT, "reasons": many({"type": "object"}),
                             "unknowns": many(_TEXT), "would_raise": many({"type": "object"})})),
        "hold": many(obj({"recipient": _RECIPIENT, "state": {"enum": ["held", "lifted", "not_applicable"]},
                          "until": maybe(_AT), "by": maybe(_ID), "mediation": _FLAG, "at": maybe(_AT),
                          "assessment_id": maybe(_ID), "lift_no": maybe(_NUMBER), "ended": maybe(_ENDED)})),
        "assessments": many(obj({"assessment_id": _ID, "assessment_no": _NUMBER, "covers_report_no": _NUMBER,
                                 "level": _TEXT, "acute": _FLAG, "form": _NUMBER, "by": _ID, "at": _AT,
                                 "current": _FLAG})),
        "escalation": maybe(obj({"escalation_id": _ID, "state": {"enum": [
            "unrated", "paging", "acknowledged", "closing", "closed"]}, "ladder": _TEXT, "rung": _NUMBER,
            "round": _NUMBER, "next_at": maybe(_AT), "responsible": maybe(_ID), "acknowledged_report_no": _NUMBER})),
        "countersigns": many(obj({"id": _ID, "act": {"enum": ["close", "lower"]}, "by": _ID, "state": _TEXT})),
        "deadlines": many(obj({"rule": _TEXT, "report_id": _ID, "target": _AT, "limit": _AT, "state": _TEXT,
                               "explanation": _TEXT})),
        "pages": many(obj({"message_id": _ID, "recipient": obj({"kind": _TEXT, "id": _ID}), "requested_at": _AT,
                           "state": _TEXT, "channel": maybe(_TEXT)})),
        "evidence": obj({"n": _NUMBER, "hash": _TEXT}),
    }
)  # fmt: skip
_CASE = {"$ref": f"{_REF}Case"}
_UNSEEN, _ACT = (404,), (400, 403, 404, 409, 413, 422)
_LEADER = (400, 403, 409, 413, 422)


_LISTED = obj(
    {"case_id": _ID, "level": maybe({"enum": [level.value for level in Level]}), "state": _TEXT,
     "unit": {"enum": [unit.value for unit in Unit]}, "newest_report_no": _NUMBER, "received_at": _AT,
     "closed_at": maybe(_AT), "responsible": maybe(_ID)}
)  # fmt: skip
_PAGE = {"page": {"type": "integer", "minimum": 1}}


def _acts(*named: tuple[str, str, type[BaseModel]]) -> tuple[Operation, ...]:
    return tuple(Operation("post", path, summary, _CASE, body=body, refusals=_ACT) for path, summary, body in named)


ESCALATION = (
    Operation("get", "/v1/work", "The cases that wait for something, by their next moment.",
              obj({"work": many({"type": "object"})})),
    Operation("get", "/v1/cases/{id}", "One case: codes alone. The newest 50 of each list.", _CASE,
              query={"older": {"type": "integer", "minimum": 0}}, refusals=_UNSEEN),
    Operation("get", "/v1/cases/{id}/reasons", "The case with people's reasons: where a purpose was said.", _CASE,
              refusals=(403, 404)),
    Operation("get", "/v1/reports/{id}", "The case a report lies in.", _CASE, refusals=_UNSEEN),
    *_acts(
        ("/v1/cases/{id}/acknowledge", "I take it, having been shown reports 1 to n.", act.Acknowledge),
        ("/v1/cases/{id}/cannot", "I cannot: the next one is asked.", Body),
        ("/v1/cases/{id}/phone-answer", "An answer given by phone, written down by a leader.", act.PhoneAnswer),
        ("/v1/cases/{id}/phone-report", "What is said in a call: answers what was shown, and is a new report.",
         phone.PhoneReport),
        ("/v1/cases/{id}/handover", "Offer the case to another.", act.HandOver),
        ("/v1/cases/{id}/unit", "Give the case to another unit; 204 where the person does not see it then.",
         act.MoveUnit),
        ("/v1/cases/{id}/proposals/{proposal_id}", "Whether a child named beside the subject belongs to the case.",
         belonging.DecideProposal),
        ("/v1/cases/{id}/link", "Link a case that is seen: holds and exclusions cross from now on.", belonging.Other),
        ("/v1/cases/{id}/unlink", "End the link with a case: holds and exclusions cross no more.", belonging.Other),
        ("/v1/cases/{id}/split", "Give some reports, or a child, a case of their own.", belonging.Split),
        ("/v1/cases/{id}/raise", "Raise the level in force.", act.Raise),
        ("/v1/cases/{id}/lower", "Ask that it be lowered: takes a second person.", act.Raise),
        ("/v1/cases/{id}/close", "Close, or ask for a countersign.", act.Close),
        ("/v1/reports/{id}/judgement", "Judge acute danger (Barnets lov § 136).", act.Judge),
        (
            "/v1/reports/{id}/reporter-verified",
            "Record that the reporter was called back on the workplace's main number.",
            act.ReporterVerified,
        ),
        ("/v1/cases/{id}/judgements", "Judge several reports alike that the person has read.", act.JudgeAlike),
        ("/v1/reports/{id}/receipt", "The reporter has the receipt (Barnets lov § 138).", deadline.ReceiptGiven),
        ("/v1/countersign/{id}", "Agree to, or refuse, what another asked for.", act.Countersign),
        ("/v1/cases/{id}/hold", "Lift the contact hold, or hold again (Barnets lov § 18 stk. 3).", hold.HoldAsked),
        ("/v1/cases/{id}/mediation", "Record mediation: takes a lift that names it.", hold.Mediation),
    ),
    Operation("post", "/v1/work/acknowledge", "I take these, having been shown their reports; each for itself.",
              obj({"taken": many(_ID), "refused": many(obj({"case_id": _ID, "reason": _TEXT}))}),
              body=act.AcknowledgeMany, refusals=(400, 403, 413, 422)),
    Operation("post", "/v1/cases/{id}/conflict", "I have a conflict of interest: it is gone for me.", None, 204,
              Body, refusals=_ACT),
    Operation("post", "/v1/cases/{id}/assessment", "Record the risk assessment.",
              obj({"assessment_id": _ID, "form": _NUMBER}), 201, hold.Assessment, refusals=_ACT),
    Operation("get", "/v1/cases/{id}/assessment/draft", "What I have written so far.",
              obj({"form": _NUMBER, "answers": {"type": "object"}, "saved_at": maybe(_AT)}), refusals=(403, 404)),
    Operation("put", "/v1/cases/{id}/assessment/draft", "Keep what I have written.", None, 204, hold.Draft,
              refusals=_ACT),
    Operation("get", "/v1/cases/{id}/assessments/{assessment_id}", "One assessment with its answers.",
              {"type": "object"}, refusals=(403, 404)),
    Operation("get", "/v1/assessment-form", "The questions of the risk assessment.",
              obj({"version": _NUMBER, "questions": many({"type": "object"})})),
    Operation("get", "/v1/cases/{id}/evidence", "Who did what, when; and whether the chain holds.",
              obj({"case_id": _ID, "holds": _FLAG, "broken_at": maybe(_NUMBER), "entries": many({"type": "object"})}),
              refusals=(403, 404)),
    Operation("post", "/v1/search", "Cases by a reference, a code or a CPR number, as far as they are seen. It is not "
              "kept, that somebody looked is.",
              obj({"by": {"enum": [kind.value for kind in Sought]}, "cases": many(_LISTED)}), body=search.Search,
              refusals=(400, 403, 413, 422, 503)),
    Operation("get", "/v1/closed", "The closed cases, the last one closed first, 25 a page.",
              obj({"page": _NUMBER, "more": _FLAG, "cases": many(_LISTED)}), query=_PAGE, refusals=(403,)),
    Operation("get", "/v1/reads", "The cases that somebody looked into in the last 31 days, 25 a page.",
              obj({"page": _NUMBER, "more": _FLAG, "cases": many(obj(
                  {"case_id": _ID, "unit": _TEXT, "people": _NUMBER, "entries": _NUMBER, "unusual": _FLAG,
                   "last_at": _AT}))}), query=_PAGE, refusals=(403,)),
    Operation("post", "/v1/reads/export", "Every reading of the last 31 days. It is an entry in each of the cases.",
              obj({"complete": _FLAG, "entries": many({"type": "object"})}), refusals=(403,)),
    Operation("get", "/v1/searches", "Who looked for a case, by what, and what they were shown. 25 a page.",
              obj({"page": _NUMBER, "more": _FLAG, "searches": many(obj(
                  {"at": _AT, "by": _ID, "kind": {"enum": [kind.value for kind in Sought]}, "shown": many(_ID),
                   "hidden": many(_ID)}))}), query=_PAGE, refusals=(403,)),
    Operation("get", "/v1/operations", "Whether each service can do its job, and the figures behind the alarms.",
              obj({"services": many(obj({"name": _TEXT, "ready": _FLAG, "missing": many(_TEXT),
                                         "away": many(_TEXT)})),
                   "figures": {"type": "object", "additionalProperties": {"type": "number"}}}), refusals=(403,)),
    Operation("post", "/v1/exclusions", "Keep a person out of a case.", _CASE, body=exclusion.Exclude, refusals=_ACT),
    Operation("get", "/v1/exclusions", "Who is kept out of a case.", obj({"exclusions": many({"type": "object"})}),
              query={"case_id": _ID}, refusals=(403, 404)),
    Operation("get", "/v1/rota", "Who is on call, gaps first.", {"type": "object"}, refusals=(403,)),
    Operation("put", "/v1/rota", "The rota as it shall be.", {"type": "object"}, body=rota.Rota, refusals=_LEADER),
    Operation("get", "/v1/ladders", "Every version of the ladders, newest first.",
              obj({"versions": many({"type": "object"})}), refusals=(403,)),
    Operation("put", "/v1/ladders", "The ladders as they shall be.", {"type": "object"}, body=rota.Ladders,
              refusals=_LEADER),
    Operation("get", "/v1/people", "The people.", obj({"people": many({"type": "object"})}), refusals=(403,)),
    Operation("put", "/v1/people", "Add or change people.", obj({"people": many({"type": "object"})}),
              body=rota.People, refusals=_LEADER),
    Operation("get", "/v1/break-glass", "Which units have a sealed code, and when one was used.",
              obj({"units": many(obj({"unit": _TEXT, "made_at": maybe(_AT), "used_at": maybe(_AT)}))}),
              refusals=(403,)),
    Operation("post", "/v1/break-glass", "A new sealed code of a unit, told once.",
              obj({"unit": _TEXT, "code": _TEXT}), 201, break_glass.CodeFor, refusals=(400, 403, 413, 422)),
    Operation("get", "/v1/me/contact", "Where I am reached, masked, and a leader's desks; what the test mails tell.",
              obj({"contacts": many({"type": "object"})}), refusals=(503,)),
    Operation("put", "/v1/me/contact", "Where I am reached.", None, 204, contact.Contact,
              refusals=(400, 403, 413, 422, 503)),
    Operation("post", "/v1/me/contact/confirm", "The test mail has arrived; a leader says so for a desk.", None, 204,
              contact.Whose, refusals=(400, 403, 404, 413, 422, 503)),
    Operation("post", "/v1/me/contact/proof", "Send a test mail now; at most one in ten minutes.", None, 202,
              contact.Whose, refusals=(400, 403, 404, 413, 422, 429, 503)),
    Operation("get", "/v1/reach", "Can we reach somebody, for the next hours?", {"type": "object"},
              query={"hours": {"type": "integer", "minimum": 1, "maximum": 336},
                     "unit": {"enum": [unit.value for unit in Unit]}}, refusals=(403, 422)),
    Operation("get", "/v1/who-would-be-paged", "Whom a report of a moment and level would page.", {"type": "object"},
              query={"at": _AT, "level": {"enum": [level.value for level in Level]},
                     "unit": {"enum": [unit.value for unit in Unit]}}, refusals=(403, 422)),
)  # fmt: skip

# notify

NOTIFY = (
    Operation("put", "/contacts/{person_id}", "Where a person is reached. For escalation alone.", None, 204,
              web.ContactBody, refusals=(403, 422)),
    Operation("get", "/contacts/{person_id}", "The address masked, and what the test mails tell. For escalation alone.",
              obj({"address": maybe(_TEXT), "verified_on": _DAY, "waits": _FLAG, "proved": _FLAG,
                   "asked_at": maybe(_AT), "proved_at": maybe(_AT)}), refusals=(403, 404)),
    Operation("post", "/contacts/{person_id}/proof", "Send a test mail now. For escalation alone.", None, 202,
              refusals=(403, 404, 429)),
    Operation("put", "/contacts/{person_id}/proof", "A person has got the test mail. For escalation alone.", None, 204,
              refusals=(403, 404)),
    Operation("get", "/reachable/{person_id}", "Whether a person has a verified contact point, and answers tests. "
              "For escalation alone.", obj({"reachable": _FLAG, "proved": _FLAG}), refusals=(403,)),
)  # fmt: skip

DOCUMENTS: Mapping[str, Json] = {
    "intake": document(
        "intake",
        "Takes reports. Nothing asks who sends; every refusal tells the duty phone number.",
        INTAKE,
        {"Receipt": RECEIPT, "Progress": PROGRESS, "Questions": QUESTIONS},
    ),
    "triage": document("triage", "Publishes the rules of the rating.", TRIAGE, {}),
    "escalation": document(
        "escalation",
        "For consultants, authority and leaders. 404 alike for what does not exist and what is not yours.",
        ESCALATION,
        {"Case": CASE},
    ),
    "notify": document("notify", "For services alone: their tokens are good for 30 seconds.", NOTIFY, {}),
}


def text(service: str) -> str:
    """A document as it is committed."""
    return json.dumps(DOCUMENTS[service], indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for service in DOCUMENTS:
        (FOLDER / f"{service}.json").write_text(text(service), encoding="utf-8")
