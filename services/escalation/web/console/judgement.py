"""One answer to whether there is acute danger, for all reports that a person has read."""

from typing import Any

from services.escalation.web.console.act import Fields
from services.escalation.web.console.wall import number_in


def shaped(sent: Fields) -> dict[str, Any]:
    """The fields as the API's body; what is not answered is left out."""
    answers = {name: sent[name] == "true" for name in ("acute", "started") if name in sent}
    named = [name.removeprefix("report.") for name in sent if name.startswith("report.")]
    return {"version": number_in(sent, "version"), "report_ids": named, **answers}
