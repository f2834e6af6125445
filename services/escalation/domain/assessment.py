"""The risk assessment [risikovurdering] before parents and network are involved (Barnets lov § 18 stk. 3): a person's.

Its form is twenty questions in a versioned file. Nothing is added up; what is not answered is unknown.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any


class Risk(StrEnum):
    """What the person concludes."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Option:
    """An answer that can be ticked."""

    code: str
    danish: str
    english: str


@dataclass(frozen=True, slots=True)
class Question:
    """One question. It can always be answered in words; where there are options, by several of them too."""

    id: str
    danish: str
    english: str
    options: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True)
class Form:
    """One version of the questions."""

    version: int
    questions: tuple[Question, ...]

    def unanswered(self, answers: Mapping[str, Any]) -> list[str]:
        """The questions without an answer: unknown, and named as such."""
        return [question.id for question in self.questions if not answers.get(question.id)]

    def unread(self, answers: Mapping[str, Any]) -> list[str]:
        """The answers that answer no question of this form. They are kept all the same."""
        known = {question.id for question in self.questions}
        return sorted(set(answers) - known)


def _read(path: Path) -> Form:
    body = tomllib.loads(path.read_text(encoding="utf-8"))
    questions = (
        Question(
            each["id"], each["danish"], each["english"], tuple(Option(**option) for option in each.get("options", ()))
        )
        for each in body["questions"]
    )
    return Form(body["version"], tuple(questions))


FORMS = {form.version: form for form in map(_read, Path(__file__).parent.glob("assessment.*.toml"))}
"""Every version: what was recorded names the one that it answered."""
FORM = FORMS[max(FORMS)]
"""The form that is answered now."""
