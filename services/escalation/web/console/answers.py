"""A recorded risk assessment in words: each question with its answer, in the order and with the numbers of the form."""

from collections.abc import Sequence
from typing import Any, TypeAlias
from uuid import UUID

from services.escalation.domain.assessment import FORM, FORMS, Form, Question
from services.escalation.handlers import assessment as assessments
from services.escalation.web.console.text import literally
from shared.auth.people import Person
from shared.delivery.outbox import Transaction
from shared.ids import CaseId
from shared.sealing import KeyRing

Json: TypeAlias = dict[str, Any]
Part: TypeAlias = tuple[tuple[str, str], list[tuple[int, Question]]]

_PARTS = (
    (("Det, vi ved", "What we know"), ("exact_words", "at_stake", "who_knows", "authority_known")),
    (("Fare", "Danger"), ("who_decides", "threats", "violence", "means")),
    (("Planer", "Plans"), ("family_history", "travel", "wedding", "isolation")),
    (("Barnet", "The child"), ("self_harm", "own_view", "others_at_risk", "safe_contact")),
    (("Næste skridt", "Next steps"), ("protection", "if_told", "missing", "next_steps")),
)
"""The parts of the form, by their questions."""


def numbered(form: Form) -> list[Part]:
    """The questions by part, numbered in the order in which they stand."""
    known = {question.id: question for question in form.questions}
    order = [named for _, ids in _PARTS for named in ids if named in known]
    return [
        (title, [(order.index(named) + 1, known[named]) for named in ids if named in known]) for title, ids in _PARTS
    ]


async def in_full(tx: Transaction, who: Person, case_id: CaseId, ids: Sequence[UUID], *, keys: KeyRing) -> list[Json]:
    """These assessments of the case with all their answers. Each that is read is evidence; the caller has the lock."""
    found = []
    for named in ids:
        if read := await assessments.read(tx, who, case_id, named, keys=keys):
            row, answers = read
            if answers is None:
                found.append({"assessment_id": str(named), "unreadable": True, "parts": [], "others": []})
                continue
            form = FORMS.get(row["form"], FORM)
            known = {question.id for question in form.questions}
            others = [(name, said(None, answer)) for name, answer in answers.items() if name not in known]
            parts = [
                (title, [(n, question, said(question, answers.get(question.id))) for n, question in questions])
                for title, questions in numbered(form)
            ]
            found.append({"assessment_id": str(named), "unreadable": False, "parts": parts, "others": others})
    return found


def said(question: Question | None, answer: object) -> list[tuple[str, str]]:
    """What was answered, line by line in both languages: what was ticked, and what was written."""
    if isinstance(answer, dict):
        ticked, words = answer.get("options"), answer.get("words")
        rest = {name: value for name, value in answer.items() if name not in ("options", "words")}
        others = [line for value in rest.values() for line in said(question, value)]
        return [*said(question, ticked), *said(None, words), *others]
    if isinstance(answer, list):
        return [line for each in answer for line in said(question, each)]
    if answer in (None, ""):
        return []
    options = question.options if question else ()
    option = next((each for each in options if each.code == answer), None)
    written = literally(str(answer))
    return [(option.danish, option.english) if option else (written, written)]
