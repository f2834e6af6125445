"""What every event is: a frozen, past-tense fact about one case."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from shared.ids import CaseId


class Part(BaseModel):
    """A value inside an event. Unknown fields are skipped: additions within a major version are no break."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Event(Part):
    """A fact. `type` is the CloudEvents type; `urgent` facts also travel by the second road when Kafka is away."""

    topic: ClassVar[str]
    type: ClassVar[str]
    urgent: ClassVar[bool] = False

    case_id: CaseId
