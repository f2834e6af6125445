"""`POST /v1/questions`: what a reporter should be asked about a report that is not sent yet. Nothing is stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from services.intake.domain.draft import parse, read_draft
from services.intake.domain.prose import text_of
from services.intake.domain.questions import Asked, chosen
from services.intake.web.fields import fields_in
from services.intake.web.scores import Worker
from services.intake.web.sections import FIELDS, worded
from shared.beside import beside
from shared.calendar import local
from shared.clock import Clock
from shared.web.language import Language


@dataclass(frozen=True, slots=True)
class Question:
    """A question as it is put: its sign, its words, why it is asked, and what the reporter wrote that makes one ask."""

    sign: str
    question: str
    reason: str
    quote: str | None

    def told(self) -> dict[str, Any]:
        """As the API tells it."""
        return {"sign": self.sign, "question": self.question, "reason": self.reason, "quote": self.quote}


async def questions(raw: bytes, worker: Worker | None, clock: Clock, lang: Language) -> list[Question]:
    """At most six questions about the report in these bytes. Raises `NotJson`."""
    given = await beside(len(raw), parse, raw)
    on = local(clock.now()).date()
    draft = await beside(len(raw), partial(read_draft, given, on=on))
    text = text_of(given)
    scores = await worker.scores(text) if worker else []
    return put(chosen(draft, scores), text, fields_in(given), lang)


def put(asked: Sequence[Asked], text: str, values: Mapping[str, str], lang: Language) -> list[Question]:
    """The questions in the words of the form, which these values of it decide, with what was written."""
    return [
        Question(
            sign=each.sign,
            question=worded(FIELDS[each.sign], values, lang),
            reason=each.why,
            quote=None if each.place is None else text[slice(*each.place)],
        )
        for each in asked
    ]
