"""What triage tells: how it rates a case, and why."""

from typing import Any, ClassVar

from pydantic import SerializerFunctionWrapHandler, model_serializer

from shared.events.codes import Level, RuleId
from shared.events.model import Count, Event, Instant, Part
from shared.ids import ReportId
from shared.signs import KnownSign


class Reason(Part):
    """A published rule that held: the signs that met it and the reports that said them.

    `unanswered`: the rule held because nobody answered for these signs; nothing says that they are there. It is left
    out where it is false, so that what rule set 1 rated keeps its bytes.
    """

    rule: RuleId
    signs: tuple[KnownSign, ...]
    report_ids: tuple[ReportId, ...]
    unanswered: bool = False

    @model_serializer(mode="wrap")
    def _brief(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = serialize(self)
        if not self.unanswered:
            del fields["unanswered"]
        return fields


class WouldRaise(Part):
    """An unknown whose answer *said* would give this level: a question worth asking.

    `suspected`: the reader thinks that the text says it. It is asked whether or not it would raise, and is told as no
    fact. It is left out where it is false, like `unanswered`.
    """

    sign: KnownSign
    level: Level
    suspected: bool = False

    @model_serializer(mode="wrap")
    def _brief(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = serialize(self)
        if not self.suspected:
            del fields["suspected"]
        return fields


class CaseRated(Event):
    """All reports of the case, and of cases linked to it, were rated by one rule set as of one moment."""

    topic: ClassVar[str] = "triage.ratings"
    type: ClassVar[str] = "beredskab.triage.case-rated.v1"
    urgent: ClassVar[bool] = True

    rating_no: Count
    level: Level
    rule_set: Count
    as_of: Instant
    report_ids: tuple[ReportId, ...]
    reasons: tuple[Reason, ...] = ()
    unknowns: tuple[KnownSign, ...] = ()
    would_raise: tuple[WouldRaise, ...] = ()
