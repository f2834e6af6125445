"""What belongs to a case, as forms: what an unlinking and a split send."""

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]


def split(sent: Mapping[str, str]) -> Json:
    """The fields as the API's body: every report that is ticked, and the child that a form is about."""
    ids = [name.removeprefix("report.") for name in sent if name.startswith("report.")]
    return {**_said(sent), "report_ids": ids, "child_ids": [sent["child"]] if sent.get("child") else []}


def unlink(sent: Mapping[str, str]) -> Json:
    """The fields as the API's body."""
    return {**_said(sent), "case_id": sent.get("case_id", "")}


def proposal(sent: Mapping[str, str]) -> Json:
    """The fields as the API's body."""
    return {**_said(sent), "joins": sent.get("joins") == "true"}


def _said(sent: Mapping[str, str]) -> Json:
    version = sent.get("version", "")
    return {"version": int(version) if version.isdecimal() else 0, "reason": sent.get("reason", "")}
