"""Deadlines [frister]: what the law's clocks demand, each with its reason in words and dates."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from services.escalation.domain.page import person
from services.escalation.domain.rota import Ask, Asking, Rota
from services.escalation.domain.shift import instant
from shared.calendar import judge_by, local, receipt_due
from shared.events.codes import Answer, Rule, When
from shared.events.escalation import Recipient
from shared.events.intake import SignFact
from shared.ids import PersonId
from shared.signs import SIGNS, SignId

_MONTHS = (
    *("januar", "februar", "marts", "april", "maj", "juni"),
    *("juli", "august", "september", "oktober", "november", "december"),
)
_DATED = ("travel.", "marriage.", "body.fgm_risk")
"""Signs whose date, once passed, may be too late for everything."""
_WARN_BEFORE: Mapping[Rule, timedelta] = {
    Rule.ACUTE_JUDGEMENT: timedelta(hours=4),
    Rule.RECEIPT: timedelta(days=2),
    Rule.SAID_DATE: timedelta(days=3),
    Rule.HOLD_REVIEW: timedelta(days=1),
    Rule.INVESTIGATION: timedelta(days=14),
}


@dataclass(frozen=True, slots=True)
class Deadline:
    """A rule applied to one report: our target, the law's limit, and how they came about."""

    rule: Rule
    target: datetime
    limit: datetime
    explanation: str
    about: str = ""
    done_at: datetime | None = None
    """When it was done, where that is known from the start."""

    @property
    def warn_at(self) -> datetime:
        """When whoever can still keep it is told that it comes near."""
        return self.target - _WARN_BEFORE[self.rule]

    @property
    def state(self) -> str:
        """How it begins. One that is born past its limit runs until the tick has told of it."""
        if self.done_at is None:
            return "running"
        return "met" if self.done_at < self.limit else "missed"


class Passed(StrEnum):
    """What time has done to a deadline."""

    NEAR = "near"
    MISSED = "missed"
    MOOT = "moot"


def passed(rule: Rule, *, limit: datetime, closed: bool, now: datetime) -> Passed:
    """What is due at the deadline's next moment. An investigation (§ 20 stk. 3) that people have closed is done."""
    if rule is Rule.INVESTIGATION and closed:
        return Passed.MOOT
    return Passed.MISSED if now >= limit else Passed.NEAR


def whom(passed: Passed, *, responsible: PersonId | None, rota: Rota) -> tuple[Recipient, ...]:
    """Who is told: the responsible person, else who is on call, else Døgnvagt; leaders of a miss too."""
    on_duty = rota.asked(Ask.ON_CALL, Asking(staffed=True)) or rota.asked(Ask.DOEGNVAGT, Asking(staffed=False))
    first = (person(responsible),) if responsible else on_duty
    leaders = tuple(person(each) for each in rota.leaders) if passed is Passed.MISSED else ()
    return tuple(dict.fromkeys((*first, *leaders)))


def of_report(
    *,
    received_at: datetime,
    receipt_given_at: datetime | None,
    signs: Iterable[SignFact],
    investigation_months: int,
    adult: bool = False,
) -> list[Deadline]:
    """All clocks that a report starts. Barnets lov § 20 knows no investigation of grown-ups."""
    first = acute_judgement(received_at, adult=adult), receipt(received_at, given_at=receipt_given_at, adult=adult)
    clocks = [*first, *_said_dates(signs)]
    months = 0 if adult else investigation_months
    return [*clocks, investigation(received_at, months)] if months else clocks


def acute_judgement(received_at: datetime, *, adult: bool = False) -> Deadline:
    """24 elapsed hours from receipt to judge acute danger, for every report, repeats too (Barnets lov § 136).

    For grown-ups they are ours: the law has no such clock.
    """
    limit = judge_by(received_at)
    law = (
        f"Kommunen skal inden 24 timer vurdere, om barnets sundhed eller udvikling er i fare, og om der er behov for "
        f"akutte indsatser (barnets lov § 136). Det er senest {in_words(limit)}, uanset ugedag og sommertid."
    )
    ours = (
        f"Personen er 18 år eller over. Vi vurderer inden 24 timer, om personen er i akut fare: senest "
        f"{in_words(limit)}, uanset ugedag og sommertid. Det er vores egen frist. Kommunen kan give råd og lave en "
        f"plan med personen selv (serviceloven §§ 12 a–c)."
    )
    words = f"Modtaget {in_words(received_at)}. {ours if adult else law}"
    return Deadline(Rule.ACUTE_JUDGEMENT, target=limit, limit=limit, explanation=words)


def receipt(received_at: datetime, *, given_at: datetime | None, adult: bool = False) -> Deadline:
    """A receipt within six hverdage, in both readings of what counts as one (Barnets lov § 138).

    For reports about grown-ups this is ours.
    """
    due = receipt_due(received_at)
    ground = "vores egen frist, fordi personen er 18 år eller over" if adult else "barnets lov § 138"
    given = f" Kvitteringen blev givet {in_words(given_at)}." if given_at else ""
    words = (
        f"Modtaget {in_words(received_at)}. Kvittering skal gives inden 6 hverdage ({ground}): "
        f"senest {_day(due.target)}, hvis lørdag tæller med, og {_day(due.limit)}, hvis den ikke gør.{given}"
    )
    return Deadline(Rule.RECEIPT, _end_of(due.target), _end_of(due.limit), words, done_at=given_at)


def _said_dates(signs: Iterable[SignFact]) -> list[Deadline]:
    dates: dict[SignId, date] = {}
    for fact in signs:
        if fact.date and fact.answer is Answer.SAID and fact.when is not When.EARLIER and fact.sign.startswith(_DATED):
            dates[fact.sign] = min(fact.date, dates.get(fact.sign, fact.date))
    return [said_date(sign, day) for sign, day in dates.items()]


def said_date(sign: SignId, day: date) -> Deadline:
    """A journey or a wedding must not come to pass before anybody has judged the report."""
    words = f"{SIGNS[sign].danish}: {_day(day)} er oplyst. Underretningen skal være vurderet, før dagen begynder."
    limit = instant(day, time())
    return Deadline(Rule.SAID_DATE, target=limit, limit=limit, explanation=words, about=sign)


def hold_review(recipient: str, *, lifted_at: datetime, until: datetime) -> Deadline:
    """A lift of the contact hold ends; before that somebody looks at it again (Barnets lov § 18 stk. 3)."""
    words = (
        f"Kontaktspærren blev ophævet {in_words(lifted_at)} og gælder igen fra {in_words(until)} "
        f"(barnets lov § 18, stk. 3). Tag stilling inden da."
    )
    return Deadline(Rule.HOLD_REVIEW, target=until, limit=until, explanation=words, about=recipient)


def investigation(received_at: datetime, months: int) -> Deadline:
    """Where the municipality keeps this clock: the investigation ends within months of awareness (§ 20 stk. 3)."""
    last = _months_later(local(received_at).date(), months)
    words = (
        f"Kommunen blev opmærksom {in_words(received_at)}. En undersøgelse skal afsluttes inden {months} måneder "
        f"(barnets lov § 20, stk. 3): senest {_day(last)}."
    )
    return Deadline(Rule.INVESTIGATION, target=_end_of(last), limit=_end_of(last), explanation=words)


def _months_later(day: date, months: int) -> date:
    """The same day of a later month; its last day where it has no such day."""
    year, month = divmod(day.month - 1 + months, 12)
    first_of_next = date(day.year + year + (month == 11), (month + 1) % 12 + 1, 1)
    return min(first_of_next - timedelta(days=1), date(day.year + year, month + 1, 1) + timedelta(days=day.day - 1))


def _end_of(day: date) -> datetime:
    return instant(day + timedelta(days=1), time())


def in_words(at: datetime) -> str:
    """`10. marts 2026 kl. 13.00`, Copenhagen time."""
    there = local(at)
    return f"{_day(there.date())} kl. {there:%H.%M}"


def _day(day: date) -> str:
    return f"{day.day}. {_MONTHS[day.month - 1]} {day.year}"
