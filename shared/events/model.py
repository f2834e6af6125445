"""What every event is: a frozen, past-tense fact about one case."""

import datetime as dt
from typing import Annotated, ClassVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from shared.calendar import in_bounds, saturated
from shared.ids import CaseId

Instant = Annotated[AwareDatetime, AfterValidator(saturated)]
"""A moment. One outside the bounds is told as the nearest inside: a field must not cost the whole fact."""
Day = Annotated[dt.date | None, AfterValidator(lambda day: day if day and in_bounds(day) else None)]
"""A day. One outside the bounds is told as none."""
Count = Annotated[int, Field(strict=True, ge=0, le=2**31 - 1)]
"""A number that a column of the type `integer` holds."""
Percent = Annotated[int, Field(strict=True, ge=0, le=100)]
"""A share in whole percent, so that the same share gives the same bytes everywhere."""


class Part(BaseModel):
    """A value inside an event. Unknown fields are skipped: additions within a major version are no break."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Event(Part):
    """A fact. `type` is the CloudEvents type; `urgent` facts also travel by the second road when Kafka is away."""

    topic: ClassVar[str]
    type: ClassVar[str]
    urgent: ClassVar[bool] = False

    case_id: CaseId
