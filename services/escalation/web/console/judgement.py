"""One answer to whether there is acute danger, for all reports that a person has read."""

from typing import Any

from services.escalation.web.console.act import Fields
from services.escalation.web.console.wall import number_in
from shared.web.problems import Problem


def shaped(sent: Fields) -> dict[str, Any]:
    """The fields as the API's body; what is not answered is left out."""
    named = [name.removeprefix("report.") for name in sent if name.startswith("report.")]
    return {"report_ids": named, **single(sent)}


def single(sent: Fields) -> dict[str, Any]:
    """The same for one report. Raises a problem where the reason is missing.

    What was weighed must be noted (offentlighedsloven § 13).
    """
    reason = sent.get("reason", "").strip()
    if not reason:
        raise Problem(409, "reason_missing", "Say why in `reason`.")
    answers = {name: sent[name] == "true" for name in ("acute", "started") if name in sent}
    return {"version": number_in(sent, "version"), "reason": reason, **answers}
