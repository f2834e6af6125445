"""What is said in a call, written down while it is said: the answers that would change the rating, and the words."""

from collections.abc import Mapping
from typing import Any

from services.escalation.web.console.hold import instant
from services.escalation.web.console.wall import number_in

_ANSWERS = ("said", "denied", "unknown")


def shaped(sent: Mapping[str, str]) -> dict[str, Any]:
    """The fields as the API's body; what is not answered is left out."""
    asked = {name.removeprefix("sign."): value for name, value in sent.items() if name.startswith("sign.")}
    return {
        "covers_report_no": number_in(sent, "covers_report_no"),
        "received_at": instant(sent.get("received_at", "")),
        "text": sent.get("text", ""),
        "reporter": {"name": name} if (name := sent.get("reporter", "").strip()) else {},
        "answers": [{"sign": sign, "answer": answer} for sign, answer in asked.items() if answer in _ANSWERS],
    }
