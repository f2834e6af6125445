"""Deadlines [frister]: what the law's clocks demand of one report, with the reason in words and dates."""

from dataclasses import dataclass
from datetime import datetime

from shared.calendar import judge_by, local
from shared.events.codes import Rule

_MONTHS = (
    *("januar", "februar", "marts", "april", "maj", "juni"),
    *("juli", "august", "september", "oktober", "november", "december"),
)


@dataclass(frozen=True, slots=True)
class Deadline:
    """A rule applied to one report: our target, the law's limit, and how they came about."""

    rule: Rule
    target: datetime
    limit: datetime
    explanation: str


def acute_judgement(received_at: datetime) -> Deadline:
    """24 elapsed hours from receipt to judge acute danger, for every report, repeats too (Barnets lov § 136)."""
    limit = judge_by(received_at)
    words = (
        f"Modtaget {in_words(received_at)}. Akut fare skal vurderes inden 24 timer fra modtagelsen, "
        f"uanset ugedag og sommertid (barnets lov § 136): senest {in_words(limit)}."
    )
    return Deadline(Rule.ACUTE_JUDGEMENT, target=limit, limit=limit, explanation=words)


def in_words(instant: datetime) -> str:
    """`10. marts 2026 kl. 13.00`, Copenhagen time."""
    there = local(instant)
    return f"{there.day}. {_MONTHS[there.month - 1]} {there.year} kl. {there:%H.%M}"
