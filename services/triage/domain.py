"""How urgent a case is: a pure function of coded facts, one published rule set and one moment.

Rules look at *which* signs are there; nothing is added up, and the number of reports is never looked at. A sign stands
at the highest of what the reports say of it: denied < unknown < said. So whatever is said more, or denied less, can
only raise; and time can only raise, because a date that has come near stays near.

What the reader is sure of counts as said. What it only suspects is unknown, and raises by rules of its own until a
person answers for it. Only people deny.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from enum import StrEnum
from functools import cached_property

from pydantic import TypeAdapter

from shared.calendar import COPENHAGEN, local
from shared.events.codes import AgeBand, Answer, Grade, Level, RuleId, When
from shared.events.intake import SignFact
from shared.events.triage import Reason, WouldRaise
from shared.ids import ReportId
from shared.signs import PLACE, SIGNS, KnownSign, SignId

QUESTIONS = 3
"""How many unknowns are offered as questions worth asking."""
GRADED = 3
"""The first rule set that looks at how a sign is known. To earlier ones every fact is as good as said."""
ANY = "any"
"""What a rule over suspected signs names instead of a tier."""
_WEIGHTS = {"acute": 10, "high": 10, "strong": 7, "concern": 6}
"""How much a suspected sign of a tier matters beside others, in tenths of its score."""


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """What is known of one report, as codes. `pending`: its text is still to be read."""

    report_id: ReportId
    received_at: datetime
    signs: tuple[SignFact, ...] = ()
    age_bands: tuple[AgeBand, ...] = ()
    contradictions: tuple[KnownSign, ...] = ()
    language_unread: bool = False
    pending: bool = False


@dataclass(frozen=True, slots=True)
class Rating:
    """How urgent a case is, and why. `rerate_at`: when a date that comes near will change the level or the reasons."""

    level: Level
    reasons: tuple[Reason, ...]
    unknowns: tuple[KnownSign, ...]
    would_raise: tuple[WouldRaise, ...]
    rerate_at: datetime | None


class Tense(StrEnum):
    """What a rule wants of the time of a sign. *Now* is everything that is not said to be of earlier."""

    NOW = "now"
    EARLIER = "earlier"
    EVER = "ever"


@dataclass(frozen=True, slots=True)
class Term:
    """A sign that was said; with `within_days`, its date is at most so far off, or (`undated`) it has none."""

    sign: SignId
    tense: Tense
    within_days: int | None
    undated: bool

    def __str__(self) -> str:
        tense = "" if self.tense is Tense.EVER else f"@{self.tense.value}"
        days = "" if self.within_days is None else f" within {self.within_days} days"
        return f"{self.sign}{tense}{days}{' or undated' if self.undated else ''}"


@dataclass(frozen=True, slots=True)
class Rule:
    """A published rule. It holds when every group of `one_of_each` has a sign that was said, `different` at least.

    A rule with `unanswered` holds instead when one of those signs was neither said nor denied, and one with `suspected`
    when a sign of that tier, or `any`, is suspected.
    """

    id: RuleId
    level: Level
    danish: str
    english: str
    source: str
    one_of_each: tuple[tuple[Term, ...], ...]
    different: int
    minors_only: bool
    unanswered: tuple[SignId, ...]
    suspected: str = ""

    @property
    def signs(self) -> frozenset[SignId]:
        """The signs that it asks for."""
        return frozenset(term.sign for group in self.one_of_each for term in group)


@dataclass(frozen=True)
class RuleSet:
    """One version of the rules, as published."""

    version: int
    published: date
    changes: tuple[str, str]
    rules: tuple[Rule, ...]

    @cached_property
    def signs(self) -> tuple[SignId, ...]:
        """The signs that this version knows, the gates first."""
        known = [sign for sign in SIGNS.values() if sign.since <= self.version]
        return tuple(SignId(sign.id) for sign in sorted(known, key=lambda sign: not sign.gate))

    @cached_property
    def sources(self) -> Mapping[str, str]:
        """The source of each rule, by its id."""
        return {rule.id: rule.source for rule in self.rules}

    @cached_property
    def by_level(self) -> tuple[Rule, ...]:
        """The rules, those of the highest level first."""
        return tuple(sorted(self.rules, key=lambda rule: -rule.level.rank))

    @cached_property
    def by_sign(self) -> Mapping[SignId, tuple[Rule, ...]]:
        """The rules that a sign can help to hold, those of the highest level first."""
        return {sign: tuple(rule for rule in self.by_level if sign in rule.signs) for sign in PLACE}


def rate(reports: Sequence[ReportFacts], rules: RuleSet, *, as_of: datetime) -> Rating:
    """Rate a case over all its reports, as of a moment."""
    heard = _heard(reports, as_of, graded=rules.version >= GRADED)
    reasons = _reasons(heard, rules)
    level = _level(heard, rules.by_level)
    unknowns = tuple(sign for sign in rules.signs if heard.is_unknown(sign))
    return Rating(
        level=level,
        reasons=reasons,
        unknowns=unknowns,
        would_raise=_would_raise(heard, rules, level, unknowns),
        rerate_at=_rerate_at(heard, rules, reasons),
    )


def newest(reports: Iterable[ReportFacts]) -> datetime:
    """When the newest of the reports was received."""
    return max(report.received_at for report in reports)


def may_be_told(rating: Rating, reports: Iterable[ReportFacts]) -> bool:
    """Whether the rating goes out now: one below *high* waits until every text has been read."""
    return rating.level.rank >= Level.HIGH.rank or not any(report.pending for report in reports)


def encoded(rating: Rating) -> bytes:
    """The rating as bytes: the same rating gives the same bytes, in every process and every year."""
    return _RATING.dump_json(rating)


def decoded(data: bytes) -> Rating:
    """The rating that was encoded."""
    return _RATING.validate_json(data)


def snapshot(reports: Iterable[ReportFacts]) -> bytes:
    """The facts a rating was made from, in one order, so that the rating can be made again from them."""
    return _SNAPSHOT.dump_json(tuple(_in_order(report) for report in sorted(reports, key=_by_id)))


def facts_in(data: bytes) -> tuple[ReportFacts, ...]:
    """The facts of a snapshot."""
    return _SNAPSHOT.validate_json(data)


_RATING = TypeAdapter(Rating)
_SNAPSHOT = TypeAdapter(tuple[ReportFacts, ...])
_RANK = {level: level.rank for level in Level}


def _by_id(report: ReportFacts) -> str:
    return str(report.report_id)


def _in_order(report: ReportFacts) -> ReportFacts:
    return replace(
        report,
        received_at=report.received_at.astimezone(UTC),
        signs=tuple(sorted(set(report.signs), key=lambda fact: fact.model_dump_json())),
        age_bands=tuple(sorted(set(report.age_bands))),
        contradictions=tuple(sorted(set(report.contradictions))),
    )


@dataclass(frozen=True, slots=True)
class _Said:
    """That a sign was said. `day` is the ordinal of its date; a sign that is only imagined has no report."""

    earlier: bool = False
    day: int | None = None
    report_id: ReportId | None = None


@dataclass(frozen=True, slots=True)
class _Suspected:
    """That a sign is suspected, and nobody has answered for it: at its surest, and in which reports."""

    score: int
    report_ids: frozenset[ReportId]


@dataclass(frozen=True, slots=True)
class _Heard:
    """All reports together, on one day."""

    said: Mapping[SignId, tuple[_Said, ...]]
    suspected: Mapping[SignId, _Suspected]
    denied: frozenset[SignId]
    unread: frozenset[ReportId]
    minor: bool
    today: int

    def meets(self, term: Term) -> bool:
        """Whether some report meets the term."""
        return term.sign in self.said and any(_fits(each, term, self.today) for each in self.said[term.sign])

    def by(self, term: Term) -> set[ReportId]:
        """The reports that meet the term."""
        told = self.said.get(term.sign, ())
        return {each.report_id for each in told if each.report_id and _fits(each, term, self.today)}

    def is_unknown(self, sign: SignId) -> bool:
        """Whether nobody has said the sign of now or denied it."""
        return sign not in self.denied and all(each.earlier for each in self.said.get(sign, ()))

    def is_unanswered(self, sign: SignId) -> bool:
        """Like unknown; a denial does not count beside text that nobody has read, for the text may say otherwise."""
        return self.is_unknown(sign) or bool(self.unread and sign in self.denied)

    def suspected_of(self, tier: str) -> list[_Suspected]:
        """What is suspected of a tier, or of any."""
        return [each for sign, each in self.suspected.items() if tier in (ANY, SIGNS[sign].tier)]


def _heard(reports: Sequence[ReportFacts], as_of: datetime, *, graded: bool) -> _Heard:
    told = [(report.report_id, fact) for report in reports for fact in report.signs]
    facts = [(report_id, fact) for report_id, fact in told if _counts(fact)] if graded else told
    said: dict[SignId, tuple[_Said, ...]] = {}
    for report_id, fact in facts:
        if fact.answer is Answer.SAID:
            day = fact.date.toordinal() if fact.date else None
            said[fact.sign] = (*said.get(fact.sign, ()), _Said(fact.when is When.EARLIER, day, report_id))
    return _Heard(
        said=said,
        suspected=_suspected(told, [fact for _, fact in facts]) if graded else {},
        denied=_denied([fact for _, fact in facts]),
        unread=frozenset(report.report_id for report in reports if report.language_unread or report.pending),
        minor=any(_minor(report) for report in reports),
        today=local(as_of).toordinal(),
    )


def _counts(fact: SignFact) -> bool:
    """Whether a fact is known: a person answered, or the reader is sure that the text says it. Only people deny."""
    return fact.grade is Grade.SAID or (fact.grade is Grade.READ and fact.answer is Answer.SAID)


def _suspected(told: Iterable[tuple[ReportId, SignFact]], known: Iterable[SignFact]) -> dict[SignId, _Suspected]:
    """What the reader suspects and no known yes or no has cleared: one of earlier clears nothing of now."""
    answers = [fact for fact in known if fact.answer is not Answer.UNKNOWN]
    cleared = {fact.sign for fact in answers if fact.when is not When.EARLIER}
    cleared_earlier = {fact.sign for fact in answers}
    suspected: dict[SignId, _Suspected] = {}
    for report_id, fact in told:
        suspicion = fact.grade is Grade.SUSPECTED and fact.answer is Answer.SAID
        if suspicion and fact.sign not in (cleared_earlier if fact.when is When.EARLIER else cleared):
            before = suspected.get(fact.sign, _Suspected(0, frozenset()))
            score = max(before.score, fact.score or 0)
            suspected[fact.sign] = _Suspected(score, before.report_ids | {report_id})
    return suspected


def _denied(facts: Iterable[SignFact]) -> frozenset[SignId]:
    """What is denied and nowhere said or unknown. That something was not so earlier does not deny that it is so now."""
    of_now = [fact for fact in facts if fact.when is not When.EARLIER]
    stronger = {fact.sign for fact in of_now if fact.answer is not Answer.DENIED}
    return frozenset(fact.sign for fact in of_now) - stronger


def _minor(report: ReportFacts) -> bool:
    """A child whose age is not known counts as a minor."""
    return not report.age_bands or any(band is not AgeBand.ADULT for band in report.age_bands)


def _fits(said: _Said, term: Term, today: int) -> bool:
    if term.tense is not Tense.EVER and said.earlier != (term.tense is Tense.EARLIER):
        return False
    if term.within_days is None:
        return True
    return term.undated if said.day is None else said.day - term.within_days <= today


def _holds(rule: Rule, heard: _Heard) -> bool:
    if rule.minors_only and not heard.minor:
        return False
    if rule.unanswered:
        return any(heard.is_unanswered(sign) for sign in rule.unanswered)
    if rule.suspected:
        return bool(heard.suspected_of(rule.suspected))
    met: set[SignId] = set()
    for group in rule.one_of_each:
        signs = [term.sign for term in group if heard.meets(term)]
        if not signs:
            return False
        met.update(signs)
    return len(met) >= rule.different


def _level(heard: _Heard, rules: Iterable[Rule]) -> Level:
    """The level of the first rule that holds, the highest being asked first."""
    return next((rule.level for rule in rules if _holds(rule, heard)), Level.LOW)


def _reasons(heard: _Heard, rules: RuleSet) -> tuple[Reason, ...]:
    return tuple(_reason(rule, heard, rules.version) for rule in rules.by_level if _holds(rule, heard))


def _reason(rule: Rule, heard: _Heard, version: int) -> Reason:
    """Why a rule held. What is only suspected is not named: it is asked, and no reason until somebody has answered.

    Rule set 1 told its unanswered signs like any others, and is replayed as it was told.
    """
    if rule.unanswered:
        signs = {sign for sign in rule.unanswered if heard.is_unanswered(sign)}
        told = _sorted_reason(rule, signs, heard.unread)
        return told if version == 1 else told.model_copy(update={"unanswered": True})
    if rule.suspected:
        return _sorted_reason(
            rule, set(), frozenset().union(*(e.report_ids for e in heard.suspected_of(rule.suspected)))
        )
    terms = [term for group in rule.one_of_each for term in group if heard.meets(term)]
    by = {report_id for term in terms for report_id in heard.by(term)}
    return _sorted_reason(rule, {term.sign for term in terms}, by)


def _sorted_reason(rule: Rule, signs: set[SignId], by: Iterable[ReportId]) -> Reason:
    signs_in_order = sorted(signs, key=PLACE.__getitem__)
    return Reason(rule=rule.id, signs=tuple(signs_in_order), report_ids=tuple(sorted(by, key=str)))


def _would_raise(heard: _Heard, rules: RuleSet, level: Level, unknowns: Sequence[SignId]) -> tuple[WouldRaise, ...]:
    """What is suspected, then the unknowns that raise most when said: gates first, then of themes already told of."""
    themes = {_theme(sign) for sign in heard.said}
    higher = {sign: [rule for rule in rules.by_sign[sign] if _RANK[rule.level] > _RANK[level]] for sign in unknowns}
    levels = {sign: _level(_imagining(heard, sign), each) for sign, each in higher.items() if each}
    first = _asked_first(heard, rules)

    def urgency(sign: SignId) -> tuple[int, bool, bool, int]:
        return -_RANK[levels[sign]], not SIGNS[sign].gate, _theme(sign) not in themes, PLACE[sign]

    raising = (sign for sign in levels if _RANK[levels[sign]] > _RANK[level] and sign not in heard.suspected)
    asked = tuple(WouldRaise(sign=sign, level=levels[sign]) for sign in sorted(raising, key=urgency))
    return (*first, *asked)[:QUESTIONS]


def _asked_first(heard: _Heard, rules: RuleSet) -> Iterator[WouldRaise]:
    """What is suspected, by its score and the weight of its tier, with the level that a yes would leave."""

    def doubt(sign: SignId) -> tuple[int, int]:
        return -heard.suspected[sign].score * _WEIGHTS[SIGNS[sign].tier], PLACE[sign]

    for sign in sorted(heard.suspected, key=doubt)[:QUESTIONS]:
        yield WouldRaise(sign=sign, level=_level(_imagining(heard, sign), rules.by_level), suspected=True)


def _theme(sign: SignId) -> str:
    return sign.partition(".")[0]


def _imagining(heard: _Heard, sign: SignId) -> _Heard:
    """As if the sign had been said too, of now and without a date."""
    suspected = {each: told for each, told in heard.suspected.items() if each != sign}
    return replace(heard, said={**heard.said, sign: (*heard.said.get(sign, ()), _Said())}, suspected=suspected)


def _rerate_at(heard: _Heard, rules: RuleSet, reasons: tuple[Reason, ...]) -> datetime | None:
    """The first midnight in Copenhagen at which the reasons (and with them the level) are others than today's."""
    for day in sorted(set(_days_ahead(heard, rules))):
        if _reasons(replace(heard, today=day), rules) != reasons:
            return datetime.combine(date.fromordinal(day), time(), COPENHAGEN).astimezone(UTC)
    return None


def _days_ahead(heard: _Heard, rules: RuleSet) -> Iterator[int]:
    terms = {
        term for rule in rules.rules for group in rule.one_of_each for term in group if term.within_days is not None
    }
    for term in terms:
        for said in heard.said.get(term.sign, ()):
            day = said.day - (term.within_days or 0) if said.day is not None else 0
            if day > heard.today:
                yield day
