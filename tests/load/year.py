"""A year of a large municipality in minutes: `python -m tests.load.year [--reports 16000] [--seed 1]`.

The rules themselves decide (escalation, rota, clocks); round them reports come at their weekly shape, and people
answer, delay, forget, cannot, have a conflict, fall ill and take holidays. Two runs of one seed end in one evidence.
"""

import argparse
import hashlib
import heapq
import json
import random
import time as wall_clock
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

from services.escalation import seed as seed_file
from services.escalation.domain.decision import decide
from services.escalation.domain.escalation import (
    Around,
    Asked,
    CloseAsked,
    Countersigned,
    Decision,
    Due,
    Escalation,
    Fact,
    NobodyReached,
    PageFailed,
    Rated,
    ReportArrived,
    State,
    StoodDown,
    Taken,
    Took,
)
from services.escalation.domain.page import LIVE, Page, PageState
from services.escalation.domain.rota import Ask, Plan, Rota
from services.escalation.domain.shift import Absence, Shifts, Span, Weekly
from shared.calendar import COPENHAGEN, judge_by
from shared.events.codes import Level, Outcome, RecipientKind
from shared.evidence import entry_hash, entry_mac
from shared.ids import CaseId, PersonId, ReportId
from shared.sealing import MacKeys

YEAR = 2026
_MACS = MacKeys("e1", {"e1": b"the same every year"})
PLAN: Plan = seed_file.read(Path("deploy/seed/people.toml")).plan.plan(1, None)
LEVELS = (Level.ACUTE, Level.HIGH, Level.ELEVATED, Level.LOW)
MONTHS = (1.0, 1.0, 1.1, 1.0, 1.4, 1.7, 0.4, 0.9, 1.1, 1.0, 1.1, 0.8)
"""The weeks before the summer holidays are the worst, the holidays the quietest."""
WEEKDAYS = (1.0, 1.0, 1.0, 1.0, 0.9, 0.15, 0.12)
HOURS = (*[0.1] * 7, 0.6, 2, 3, 3, 2.5, 2.5, 2.5, 2, 1.5, 0.8, *[0.3] * 7)
PHONED = 0.06
"""The share that is phoned and written down later."""
REPEATS = 0.4
"""The share that concerns a child of whom somebody has written before."""


@dataclass(order=True)
class Event:
    """What happens next."""

    at: datetime
    n: int
    do: Callable[[datetime], None] = field(compare=False)


@dataclass
class Case:
    """One case as the rules see it, and the end of its evidence. `came`: when a report could first be acted on."""

    case_id: CaseId
    escalation: Escalation | None = None
    pages: list[Page] = field(default_factory=list)
    reports: dict[ReportId, datetime] = field(default_factory=dict)
    came: dict[ReportId, datetime] = field(default_factory=dict)
    judged: set[ReportId] = field(default_factory=set)
    judges: set[PersonId] = field(default_factory=set)
    excluded: set[PersonId] = field(default_factory=set)
    level: Level | None = None
    rated: int = 0
    answered: int = 0
    head: bytes = b""
    n: int = 0


class Year:
    """The simulation. Everything random comes from one generator, so that a seed tells the whole year."""

    def __init__(self, reports: int, seed: int) -> None:
        self.chance = random.Random(seed)
        self.wanted = reports
        self.queue: list[Event] = []
        self.cases: list[Case] = []
        self.count = 0
        self.figures: Counter[str] = Counter()
        self.misses: Counter[str] = Counter()
        self.answered: dict[Level, list[float]] = {level: [] for level in LEVELS}
        self.consultants = [PersonId(self._id()) for _ in range(8)]
        self.night = [PersonId(self._id()) for _ in range(4)]
        self.leaders = tuple(PersonId(self._id()) for _ in range(2))
        self.desks = {each: (self._id(),) for each in (Ask.DESK, Ask.DOEGNVAGT, Ask.OUTSIDE)}
        self.shifts = self._rota()
        self.rota_at = lru_cache(maxsize=4096)(self.shifts.on_call)

    def _id(self) -> UUID:
        return UUID(int=self.chance.getrandbits(128), version=4)

    def _rota(self) -> Shifts:
        """Two by day, in turns of two weeks; holidays, and about ten days ill a year each."""
        first = date(YEAR, 1, 1)
        workdays = frozenset(range(1, 6))
        weekly = [
            Weekly(
                person=person,
                days=workdays,
                starts=time(8),
                ends=time(16),
                first=first + timedelta(days=7 * (n // 2)),
                every=4,
            )
            for n, person in enumerate(self.consultants)
        ]
        away = [self._away(person, day, days) for person in self.consultants for day, days in self._absences()]
        return Shifts(weekly=tuple(weekly), absences=tuple(away))

    def _absences(self) -> Iterator[tuple[date, int]]:
        yield date(YEAR, 6, 29) + timedelta(days=7 * self.chance.randrange(5)), 21
        for _ in range(6):
            yield date(YEAR, 1, 1) + timedelta(days=self.chance.randrange(364)), self.chance.randint(1, 3)

    def _away(self, person: PersonId, day: date, days: int) -> Absence:
        start = datetime.combine(day, time(), COPENHAGEN).astimezone(UTC)
        return Absence(person, Span(start, start + timedelta(days=days)))

    def run(self) -> str:
        """Live the year, and a month more in which everything must end; the hash over all evidence."""
        for at in self._arrivals():
            self.later(at, self.report)
        while self.queue:
            event = heapq.heappop(self.queue)
            event.do(event.at)
        heads = sorted(f"{case.case_id}:{case.head.hex()}" for case in self.cases)
        return hashlib.sha256("\n".join(heads).encode()).hexdigest()

    def _arrivals(self) -> list[datetime]:
        days = [date(YEAR, 1, 1) + timedelta(days=n) for n in range(365)]
        weights = [MONTHS[day.month - 1] * WEEKDAYS[day.weekday()] for day in days]
        chosen = self.chance.choices(days, weights, k=self.wanted)
        hours = self.chance.choices(range(24), HOURS, k=self.wanted)
        return sorted(self._moment(day, hour) for day, hour in zip(chosen, hours, strict=True))

    def _moment(self, day: date, hour: int) -> datetime:
        seconds = timedelta(seconds=self.chance.randrange(3600))
        return datetime.combine(day, time(hour), COPENHAGEN).astimezone(UTC) + seconds

    def later(self, at: datetime, do: Callable[..., None], *args: Any) -> None:
        """Have it done then."""
        self.count += 1
        heapq.heappush(self.queue, Event(at, self.count, lambda now: do(now, *args)))

    # What comes in

    def report(self, now: datetime) -> None:
        """A report arrives, about a new child or one that is known; some were phoned up to 30 hours before."""
        self.figures["reports"] += 1
        again = self.cases and self.chance.random() < REPEATS
        case = self.chance.choice(self.cases[-400:]) if again else Case(CaseId(self._id()))
        if not again:
            self.cases.append(case)
        phoned = self.chance.random() < PHONED
        received = now - timedelta(hours=self.chance.expovariate(1 / 6)) if phoned else now
        report_id = ReportId(self._id())
        case.reports[report_id], case.came[report_id] = received, now
        limit = judge_by(received)
        self.note(case, now, "report_received", report_id=str(report_id))
        fact = ReportArrived(
            case_id=case.case_id,
            report_no=len(case.reports),
            received_at=received,
            conflict_declared=self.chance.random() < 0.01,
            rated=False,
            level=case.level,
        )
        self.settle(case, now, fact)
        self.later(now + self._judging(), self.rate, case, len(case.reports))
        self.later(max(now, limit - timedelta(hours=4)), self.warn, case, report_id, limit)
        self.later(max(now, limit), self.limit, case, report_id, now >= limit)

    def _judging(self) -> timedelta:
        """Triage takes seconds; now and then it is down for an hour or two."""
        slow = self.chance.random() < 0.002
        return (
            timedelta(minutes=self.chance.uniform(5, 120)) if slow else timedelta(seconds=self.chance.uniform(0.1, 4))
        )

    def rate(self, now: datetime, case: Case, covers: int) -> None:
        """The rating of the case."""
        level = self.chance.choices(LEVELS, (3, 10, 30, 57))[0]
        case.level = max(case.level or level, level, key=lambda each: each.rank)
        case.rated = max(case.rated, covers)
        self.figures[f"rated {level}"] += 1
        self.settle(case, now, Rated(level, covers_all=case.rated >= len(case.reports)))

    # The rules

    def settle(self, case: Case, now: datetime, fact: Fact) -> None:
        """As the handlers do: look around, decide, keep, carry out, and wait for the next moment."""
        before = case.escalation
        decided = decide(before, fact, self._around(case, now))
        if not isinstance(decided, Decision) or decided.after is None:
            return
        case.escalation = decided.after
        if before is None or before.escalation_id != decided.after.escalation_id:
            case.pages = []
        for effect in decided.effects:
            self._enact(case, now, effect)
        if decided.after != before:
            self.note(case, now, type(fact).__name__, state=decided.after.state, level=decided.after.ladder)
            if decided.after.next_at is not None:
                self.later(max(now, decided.after.next_at), self.due, case)
        self._demand_answer(case, now)

    def _around(self, case: Case, now: datetime) -> Around:
        running = case.escalation
        on_call = tuple(each for each in self.rota_at(now) if each not in case.excluded)
        leaders = tuple(each for each in self.leaders if each not in case.excluded)
        return Around(
            now=now,
            plan=PLAN,
            rota=Rota(on_call, leaders, leaders, self.desks),
            pages=tuple(each for each in case.pages if running and each.round == running.round),
            unjudged={each: judge_by(at) for each, at in case.reports.items() if each not in case.judged},
            judges=frozenset(case.judges),
        )

    def _enact(self, case: Case, now: datetime, effect: object) -> None:
        state = case.escalation
        assert state is not None
        match effect:
            case Asked(recipients):
                here = (state.round, state.rung)
                case.pages = [self._superseded(each, here) for each in case.pages]
                for recipient in recipients:
                    case.pages.append(Page(*here, recipient, PageState.REQUESTED, False))
                    self._page(case, now, recipient.kind, recipient.id, here)
            case Took(person_id, _, _):
                self._took(case, now, person_id)
            case NobodyReached():
                self.figures["nobody reachable"] += 1

    def _superseded(self, page: Page, here: tuple[int, int]) -> Page:
        stays = page.state not in LIVE or (page.round, page.rung) == here
        return page if stays else replace(page, state=PageState.SUPERSEDED)

    def _took(self, case: Case, now: datetime, person_id: PersonId) -> None:
        case.pages = [replace(each, state=PageState.ANSWERED) if each.state in LIVE else each for each in case.pages]
        state = case.escalation
        if state is not None and state.state is State.ACKNOWLEDGED:
            waited = list(case.came.values())[case.answered : state.acknowledged_report_no]
            self.answered[state.ladder] += [(now - came).total_seconds() for came in waited]
            case.answered = max(case.answered, state.acknowledged_report_no)
            self._work(case, now, person_id)

    def due(self, now: datetime, case: Case) -> None:
        """The tick, at the moment it is due."""
        state = case.escalation
        if state is not None and state.next_at is not None and state.next_at <= now:
            self.settle(case, now, Due())

    def _demand_answer(self, case: Case, now: datetime) -> None:
        """What is acute is answered, or somebody is asked, and it does not wait longer than a rung."""
        state = case.escalation
        if state is None or state.state is State.CLOSED:
            return
        assert state.next_at is not None
        assert not {each.recipient.id for each in case.pages if each.state in LIVE} & case.excluded
        if state.level is Level.ACUTE:
            assert state.state in (State.PAGING, State.ACKNOWLEDGED, State.CLOSING)
            assert state.state is not State.PAGING or state.next_at <= now + PLAN.ladders[Level.ACUTE].wait

    # What people do

    def _page(self, case: Case, now: datetime, kind: RecipientKind, named: Any, here: tuple[int, int]) -> None:
        self.figures["pages"] += 1
        if self.chance.random() < 0.01:
            self.later(now + timedelta(seconds=5), self.lost, case, named, here)
            return
        self.later(now + timedelta(seconds=1), self.delivered, case, named, here)
        answers = self.chance.choices(("soon", "late", "never", "cannot", "conflict"), (78, 10, 8, 3, 1))[0]
        if answers == "never":
            return
        minutes = {"late": self.chance.uniform(5, 45)}.get(answers, self.chance.expovariate(1 / 2))
        person = named if kind is RecipientKind.PERSON else self.chance.choice(self.night)
        act = {"cannot": self.cannot, "conflict": self.conflict}.get(answers, self.take)
        self.later(now + timedelta(minutes=minutes, seconds=2), act, case, person)

    def lost(self, now: datetime, case: Case, named: Any, here: tuple[int, int]) -> None:
        """The message is given up."""
        if self._change(case, named, here, PageState.REQUESTED, PageState.FAILED):
            self.settle(case, now, PageFailed())

    def delivered(self, _now: datetime, case: Case, named: Any, here: tuple[int, int]) -> None:
        """A provider took the message."""
        self._change(case, named, here, PageState.REQUESTED, PageState.ACCEPTED)

    def _change(self, case: Case, named: Any, here: tuple[int, int], old: PageState, new: PageState) -> bool:
        for n, each in enumerate(case.pages):
            if (each.round, each.rung) == here and each.recipient.id == named and each.state is old:
                case.pages[n] = replace(each, state=new, accepted=new is PageState.ACCEPTED)
                return True
        return False

    def take(self, now: datetime, case: Case, person: PersonId) -> None:
        """They sign in, see everything, and take it: unless somebody else has, or they may not."""
        state = case.escalation
        if person not in case.excluded and state is not None and state.state in (State.UNRATED, State.PAGING):
            self.settle(case, now, Taken(person, len(case.reports)))

    def cannot(self, now: datetime, case: Case, person: PersonId) -> None:
        """They cannot."""
        self.figures["cannot"] += 1
        self.settle(case, now, StoodDown(person))

    def conflict(self, now: datetime, case: Case, person: PersonId) -> None:
        """They have a conflict of interest: from now on they are never asked about it again."""
        self.figures["conflicts"] += 1
        case.excluded.add(person)
        case.pages = [
            replace(each, state=PageState.WITHDRAWN) if each.state in LIVE and each.recipient.id == person else each
            for each in case.pages
        ]
        self.note(case, now, "excluded", person_id=str(person))
        self.settle(case, now, StoodDown(person))

    def _work(self, case: Case, now: datetime, person: PersonId) -> None:
        """Most judge within the hour, some need longer and say so, some forget."""
        way = self.chance.choices(("at once", "longer", "forgets"), (75, 20, 5))[0]
        if way == "at once":
            self.later(now + timedelta(minutes=self.chance.uniform(5, 50)), self.judge, case, person)
        if way == "longer":
            self.later(now + timedelta(minutes=59), self.renew, case, person)

    def renew(self, now: datetime, case: Case, person: PersonId) -> None:
        """They promise another hour."""
        if self._has(case, person):
            self.settle(case, now, Taken(person, len(case.reports)))

    def judge(self, now: datetime, case: Case, person: PersonId) -> None:
        """They judge every report that is there, and ask that it be closed."""
        if self._has(case, person):
            case.judged |= case.reports.keys()
            case.judges.add(person)
            self.note(case, now, "judged", person_id=str(person))
            self.later(now + timedelta(minutes=self.chance.uniform(1, 9)), self.close, case, person)

    def close(self, now: datetime, case: Case, person: PersonId) -> None:
        """They ask that it be closed; where that takes a second person, one answers within a day or two."""
        if self._has(case, person):
            self.settle(case, now, CloseAsked(Outcome.ADVISED))
            self.later(now + timedelta(hours=self.chance.uniform(0.2, 40)), self.countersign, case)

    def countersign(self, now: datetime, case: Case) -> None:
        """The second person agrees, or does not, and the work goes on."""
        state = case.escalation
        if state is None or state.state is not State.CLOSING:
            return
        agree = self.chance.random() > 0.04
        self.settle(case, now, Countersigned(agree, Outcome.ADVISED))
        if not agree and state.responsible is not None:
            self.later(now + timedelta(minutes=30), self.close, case, state.responsible)

    def _has(self, case: Case, person: PersonId) -> bool:
        state = case.escalation
        return state is not None and state.state is State.ACKNOWLEDGED and state.responsible == person

    # The clock of § 136

    def warn(self, now: datetime, case: Case, report_id: ReportId, limit: datetime) -> None:
        """Four hours before: whoever has it mostly heeds it."""
        state = case.escalation
        if report_id in case.judged or now >= limit or state is None or state.responsible is None:
            return
        self.figures["warned"] += 1
        if self.chance.random() < 0.85:
            self.later(now + timedelta(minutes=self.chance.uniform(1, 100)), self.judge, case, state.responsible)

    def limit(self, now: datetime, case: Case, report_id: ReportId, born: bool) -> None:
        """The 24 hours are over."""
        if report_id in case.judged:
            return
        state = case.escalation
        late = case.came[report_id] - case.reports[report_id]
        why = f"{state.state}: {_WHY[state.state]}" if state else "?"
        why = "written down after its 24 hours" if born else f"{why}, {_hours(late)}"
        self.misses[why] += 1
        self.note(case, now, "deadline_missed", report_id=str(report_id))

    def note(self, case: Case, now: datetime, act: str, **facts: str) -> None:
        """As evidence is written: a chain of hashes."""
        case.n += 1
        text = json.dumps(facts, sort_keys=True, default=str, separators=(",", ":"))
        mac = entry_mac(_MACS, case.case_id, at=now, act=act, actor=None, facts=text)
        case.head = entry_hash(case.head, case.n, mac)

    @property
    def open(self) -> int:
        """How many cases are still open."""
        return sum(case.escalation is not None and case.escalation.state is not State.CLOSED for case in self.cases)


def _hours(late: timedelta) -> str:
    return f"written down {late // timedelta(hours=1)} h late" if late else "sent when it was written"


_WHY = {
    State.UNRATED: "nobody had rated it",
    State.PAGING: "nobody had answered",
    State.ACKNOWLEDGED: "taken, and not judged",
    State.CLOSING: "a later report came in while it was closing",
    State.CLOSED: "closed unjudged",
}


def main() -> None:
    """Live a year twice and tell what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=int, default=16_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    began = wall_clock.perf_counter()
    first, again = Year(asked.reports, asked.seed), Year(asked.reports, asked.seed)
    evidence, repeated = first.run(), again.run()
    print(f"{asked.reports} reports, seed {asked.seed}: two years in {wall_clock.perf_counter() - began:.0f} s")
    print(f"evidence {evidence}\nthe same {evidence == repeated}; open at the end {first.open}")
    for name, count in sorted(first.figures.items()):
        print(f"  {name:<44}{count:>8}")
    print("answered after (minutes): half, nine in ten, all but one in a hundred")
    for level, waits in first.answered.items():
        shares = [f"{sorted(waits)[int(len(waits) * share)] / 60:>10.1f}" for share in (0.5, 0.9, 0.99) if waits]
        print(f"  {level:<22}{''.join(shares)}")
    print("24 hours missed (§ 136), by cause")
    for why, count in first.misses.most_common():
        print(f"  {why:<44}{count:>8}")


if __name__ == "__main__":
    main()
