"""The golden ratings: 200 inputs of each rule set and the bytes that it makes of them, for ever.

`python -m tests.unit.triage.golden 2` writes the file of a new rule set. A file that exists is never written again.
"""

import json
import random
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from services.triage.domain import GRADED, ReportFacts, Tense, Term, encoded, facts_in, rate, snapshot
from services.triage.rules import rule_set
from shared.events.codes import AgeBand, Answer, Grade, When
from shared.events.intake import SignFact
from shared.ids import ReportId, derived_id
from shared.signs import SIGNS, SignId
from tests.support.facts import AS_OF, TODAY

DATA = Path(__file__).parents[2] / "data"


def inputs(version: int = 1, n: int = 200) -> Iterator[list[ReportFacts]]:
    """Cases of one to three reports. Each tells of what one rule of the set asks for, and of more beside."""
    chance = random.Random("golden")
    for number in range(n):
        reports = [_report(chance, number, part, version) for part in range(chance.choice((1, 1, 2, 3)))]
        yield [replace(reports[0], signs=(*_asked_by(chance, number, version), *reports[0].signs)), *reports[1:]]


def _asked_by(chance: random.Random, number: int, version: int) -> list[SignFact]:
    rules = rule_set(version).rules
    groups = rules[number % len(rules)].one_of_each
    return [_met(chance.choice(group)) for group in groups for _ in range(2)]


def _met(term: Term) -> SignFact:
    when = When(term.tense) if term.tense is not Tense.EVER else None
    day = None if term.within_days is None else TODAY + timedelta(days=term.within_days)
    return SignFact(sign=term.sign, answer=Answer.SAID, when=when, date=day)


def _report(chance: random.Random, number: int, part: int, version: int) -> ReportFacts:
    signs = chance.sample([sign.id for sign in SIGNS.values() if sign.since <= version], chance.randint(0, 5))
    return ReportFacts(
        report_id=ReportId(derived_id("golden", number, part)),
        received_at=AS_OF - timedelta(minutes=part),
        signs=(*(_graded(chance, _fact(chance, sign), version) for sign in signs), *_gates(chance)),
        age_bands=(chance.choice(list(AgeBand)),),
        contradictions=tuple(SignId(sign) for sign in signs[:1] if chance.random() < 0.2),
        language_unread=chance.random() < 0.1,
        pending=chance.random() < 0.1,
    )


def _gates(chance: random.Random) -> list[SignFact]:
    gates = [sign.id for sign in SIGNS.values() if sign.gate] if chance.random() < 0.7 else []
    return [SignFact(sign=SignId(sign), answer=Answer.DENIED) for sign in gates]


def _fact(chance: random.Random, sign: str) -> SignFact:
    day = TODAY + timedelta(days=chance.randint(-20, 70)) if chance.random() < 0.4 else None
    return SignFact(sign=SignId(sign), answer=chance.choice(list(Answer)), when=chance.choice((None, *When)), date=day)


def _graded(chance: random.Random, fact: SignFact, version: int) -> SignFact:
    """From rule set 3 on, some of the facts were read or suspected."""
    if version < GRADED or fact.answer is Answer.UNKNOWN or chance.random() < 0.5:
        return fact
    grade = chance.choice((Grade.READ, Grade.SUSPECTED))
    return fact.model_copy(update={"grade": grade, "score": chance.randint(20, 99)})


def golden_file(version: int) -> Path:
    """Where the ratings of a rule set lie, one JSON line each: the facts, the moment, the rating."""
    return DATA / f"ratings-rule-set-{version}.jsonl"


def line(facts: bytes, version: int, as_of: datetime) -> str:
    """One golden line."""
    rating = rate(facts_in(facts), rule_set(version), as_of=as_of)
    return f'{{"as_of":"{as_of.isoformat()}","facts":{facts.decode()},"rating":{encoded(rating).decode()}}}\n'


def main(version: int) -> None:
    """Write the file of a rule set that has none."""
    with golden_file(version).open("x", encoding="utf-8", newline="\n") as file:
        file.writelines(line(snapshot(reports), version, AS_OF) for reports in inputs(version))


def parts(text: str) -> tuple[str, str, str]:
    """Moment, facts and rating of a golden line, the bytes as they stand there."""
    as_of = json.loads(text)["as_of"]
    facts, _, rating = text.partition('"facts":')[2].rstrip("\n").partition(',"rating":')
    return as_of, facts, rating[:-1]


if __name__ == "__main__":
    main(int(sys.argv[1]))
