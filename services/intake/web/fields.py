"""What the form sends, as the body of `POST /v1/reports`: one way into the store, whoever fills it in."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from services.intake.domain.prose import text_of
from services.intake.web.sections import FIELDS, MOST_SIBLINGS, is_asked, sibling
from shared.signs import QUESTION_OF
from shared.web.application import BODY_LIMIT, fields

FORM_LIMIT = 6 * BODY_LIMIT
"""Percent-encoding makes a letter of two bytes six; what becomes of it is held to `BODY_LIMIT` again."""
_MOST_FIELDS = 500
_DUTY = {"work": "section_133", "family": "section_135", "other": "section_135"}


async def fields_of(request: Request) -> dict[str, str]:
    """The fields of a form as it was sent (`application/x-www-form-urlencoded`); of equal names the last one counts.

    Raises `TooLarge`.
    """
    return await fields(request, FORM_LIMIT, most=_MOST_FIELDS)


def body_of(fields: Mapping[str, str]) -> bytes:
    """The report in these fields, as JSON. Fields left empty are left out: unanswered is *unknown*."""
    given = {name: value for name, value in fields.items() if value.strip() and _asked(name, fields)}
    report = {
        "legal_kind": _DUTY.get(given.get("kind", "")),
        "reporter": _reporter(given),
        "children": _children(given),
        "text": given.get("text"),
        "parents_know": given.get("family_knows"),
        "parents_told": given.get("parents_told"),
        "consent": given.get("consent"),
        "answers": _answers(given),
        "conflict": _conflict(given),
        "already_supported": True if given.get("supported") == "yes" else None,
    }
    return json.dumps(_without_nothing(report), ensure_ascii=False).encode("utf-8", "surrogatepass")


def fields_in(body: object) -> dict[str, str]:
    """What a stored body holds, as the fields of the form: to show it to its reporter in the form's words."""
    top = body if isinstance(body, dict) else {}
    reporter, children = _object(top.get("reporter")), [_object(each) for each in _list(top.get("children"))]
    subject = next((each for each in children if each.get("relation") != "sibling"), {})
    conflict = _object(top.get("conflict"))
    found: dict[str, object] = {
        "kind": reporter.get("kind"),
        "age": subject.get("age_band"),
        "text": top["text"] if isinstance(top.get("text"), str) else text_of(body),
        "family_knows": top.get("parents_know"),
        "parents_told": top.get("parents_told"),
        "child_name": subject.get("name"),
        "child_cpr": subject.get("cpr"),
        "consent": top.get("consent"),
        "supported": "yes" if top.get("already_supported") is True else None,
        "reporter_name": reporter.get("name"),
        "workplace": reporter.get("institution"),
        "phone": reporter.get("phone"),
        "hours": reporter.get("safe_hours"),
        "conflict": {"True": "yes", "False": "no"}.get(str(conflict.get("declared"))),
        "conflict_who": conflict.get("about"),
    }
    for each in map(_object, _list(top.get("answers"))):
        found |= {str(each.get("sign")): each.get("answer"), f"{each.get('sign')}_date": each.get("date")}
    for n, each in enumerate((child for child in children if child.get("relation") == "sibling"), start=1):
        name, cpr = sibling(n)
        found |= {name.name: each.get("name"), cpr.name: each.get("cpr")}
    return {name: value for name, value in found.items() if isinstance(value, str)}


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _asked(name: str, fields: Mapping[str, str]) -> bool:
    """Whether the other answers leave this one on the page; a browser may send what it does not show."""
    return name not in FIELDS or is_asked(FIELDS[name], fields)


def _reporter(given: Mapping[str, str]) -> dict[str, Any]:
    return _without_nothing(
        {
            "name": given.get("reporter_name"),
            "kind": given.get("kind"),
            "institution": given.get("workplace"),
            "phone": given.get("phone"),
            "safe_hours": given.get("hours"),
        }
    )


def _children(given: Mapping[str, str]) -> list[dict[str, Any]]:
    subject = {"name": given.get("child_name"), "cpr": given.get("child_cpr"), "age_band": given.get("age")}
    found = [_without_nothing(subject | {"relation": "subject"})]
    for n in range(1, MOST_SIBLINGS + 1):
        name, cpr = (given.get(field.name) for field in sibling(n))
        if name or cpr:
            found.append(_without_nothing({"name": name, "cpr": cpr, "relation": "sibling"}))
    return found if len(found) > 1 or len(found[0]) > 1 else []


def _answers(given: Mapping[str, str]) -> list[dict[str, Any]]:
    """The questions that were answered."""
    asked = [question for question in QUESTION_OF.values() if question.sign in given]
    return [
        _without_nothing(
            {
                "sign": question.sign,
                "answer": given[question.sign],
                "date": given.get(f"{question.sign}_date") if given[question.sign] == "said" else None,
            }
        )
        for question in asked
    ]


def _conflict(given: Mapping[str, str]) -> dict[str, Any]:
    declared = {"yes": True, "no": False}.get(given.get("conflict", ""))
    about = None if declared is False else given.get("conflict_who")
    return _without_nothing({"declared": declared, "about": about})


def _without_nothing(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None and value != {} and value != []}
