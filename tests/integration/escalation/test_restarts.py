"""Whatever comes, in whatever order and however often, and wherever a process dies: the promise is kept.

Hypothesis drives escalation on a real PostgreSQL: facts that are late, early, twice or in one batch, people who act and
act again because nobody answered them, time that passes. Any step may be cut at any of its statements, and before or
after its COMMIT: the connection is ended, the process is gone, and another takes the step again. After every attempt
the invariants 2, 4, 5 and 8 hold of what is stored (`invariants.py`). In the end the database is the same, evidence to
the byte and outbox in its order, as one that took everything once, uncut; and what reports and ratings come to is the
same as where they came in the order in which they were told. The rules alone, a thousand times as fast, are in
`tests/unit/escalation/test_any_way.py`.
"""

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import nullcontext
from datetime import date, datetime, timedelta
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from deploy.local.postgres import Postgres
from services.escalation.domain.hold import Action, HeldFrom
from shared.delivery.inbox import Taking
from shared.events.codes import Answer, Channel, Failure, Level, Purpose, Template, Unit, When
from shared.events.envelope import Envelope
from shared.events.intake import LinkDecided, ReportReceived, SignFact
from shared.events.model import Event
from shared.events.notify import MessageAccepted, MessageFailed
from shared.events.triage import CaseRated
from shared.ids import CaseId, EventId, MessageId, PersonId, ReportId, derived_id
from shared.signs import SignId
from tests.integration.escalation.conftest import AASE, BO, CARLA, DITTE, Service
from tests.integration.escalation.invariants import By, Row, Stored, check, look
from tests.integration.escalation.world import Act, Step, World, hear, time_passes
from tests.support.cuts import Cut, Where
from tests.support.races import REPETITIONS

E = TypeVar("E", bound=Event)
FIRST, SECOND = (CaseId(derived_id("case", n)) for n in (1, 2))
BY = PersonId(AASE)
UNITS = st.sampled_from([Unit.NOERREBRO, Unit.AMAGER])
CASES = st.sampled_from([FIRST, FIRST, SECOND])
PEOPLE = st.sampled_from([AASE, BO, CARLA, DITTE])
LEVELS = st.sampled_from(list(Level))
COMMITS = [Cut(where, n) for where in (Where.BEFORE_COMMIT, Where.AFTER_COMMIT) for n in (1, 1, 2, 3)]
CUT = st.none() | st.builds(Cut, st.just(Where.STATEMENT), st.integers(1, 32)) | st.sampled_from(COMMITS)
LATE = st.sampled_from([False, False, True])
CUTS = st.lists(CUT, max_size=2)
SAID_AGAIN = ("/acknowledge", "/cannot")
"""To take a case again is to promise anew; to say it again that one cannot is recorded again."""
REPORTS = 4
REASON = "Begrundelse."
JOURNEY = SignFact(sign=SignId("travel.planned"), answer=Answer.SAID, when=When.NOW, date=date(2026, 3, 12))

TOLD = st.fixed_dictionaries(
    {
        "conflict_declared": st.sampled_from([False, False, True]),
        "already_supported": st.booleans(),
        "entered_by": st.sampled_from([None, None, AASE]),
        "signs": st.sampled_from([(), (JOURNEY,)]),
        "unit": st.sampled_from([Unit.NOERREBRO, Unit.UNKNOWN]),
    }
)


class Restarts(RuleBasedStateMachine):
    """Two cases, linked sooner or later, to which anything may happen while processes die."""

    def __init__(self, runner: asyncio.Runner, worlds: Sequence[World]) -> None:
        super().__init__()
        self.runner = runner
        self.world, self.once, self.in_order = worlds
        self.told: list[Taking] = []
        self.on_the_way: list[Taking] = []
        self.heard: list[Taking] = []
        self.done: list[Step] = []
        self.shown: dict[UUID, int] = {}
        self.broken = False
        self._run(self.world.begin())
        self.stored: Stored = self._run(look(self.world.watch, self.now, self.world.macs))

    @property
    def now(self) -> datetime:
        """The moment, in all processes."""
        return self.world.clock.at

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        try:
            return self.runner.run(work)
        except BaseException:
            self.broken = True
            raise

    # What is told

    @rule(
        case=CASES,
        hours=st.sampled_from([0, 0, 1, 20, 30]),
        linked=st.booleans(),
        told=TOLD,
        late=st.booleans(),
        cut=CUT,
    )
    def a_report_is_sent(
        self, case: CaseId, hours: int, linked: bool, told: dict[str, Any], late: bool, cut: Cut | None
    ) -> None:
        no = 1 + len(self._reports(case))
        if no > REPORTS:
            return
        event = self.world.service.report(
            case,
            no,
            report_id=derived_id("report", case, no),
            received_at=self.now - timedelta(hours=hours),
            linked_case_ids=(FIRST,) if linked and case == SECOND else (),
            **told,
        )
        self._tell(event, late=late, cut=cut)

    def _events(self, kind: type[E]) -> list[E]:
        return [fact.event for fact in self.told if isinstance(fact.event, kind)]

    def _reports(self, case: CaseId) -> list[ReportReceived]:
        return [event for event in self._events(ReportReceived) if event.case_id == case]

    @rule(case=CASES, level=LEVELS, covers=st.integers(1, REPORTS), late=LATE, cut=CUT)
    @precondition(lambda self: self.told)
    def triage_rates(self, case: CaseId, level: Level, covers: int, late: bool, cut: Cut | None) -> None:
        reports = self._reports(case)[:covers]
        if reports:
            no = 1 + sum(isinstance(fact.event, CaseRated) and fact.event.case_id == case for fact in self.told)
            self._tell(self.world.service.rating(level, *reports, no=no), late=late, cut=cut)

    @rule(last=st.integers(1, 4), taken=st.booleans(), times=st.integers(0, 2), cut=CUT)
    @precondition(lambda self: self.stored.pages)
    def something_is_heard_of_a_page(self, last: int, taken: bool, times: int, cut: Cut | None) -> None:
        """Now, later, or now and again."""
        page = self.stored.pages[-min(last, len(self.stored.pages))]
        about: dict[str, Any] = {
            "case_id": self.stored.case_of(page["escalation_id"]),
            "message_id": MessageId(page["message_id"]),
        }
        named = ReportId(derived_id("report", about["case_id"], 1))
        codes: dict[str, Any] = {"purpose": Purpose.PAGE, "channel": Channel.EMAIL, "template": Template.PAGE}
        event = (
            MessageAccepted(**about, **codes, report_id=named, template_version=1, text_sha256="0" * 64)
            if taken
            else MessageFailed(**about, reason=Failure.REFUSED)
        )
        self._tell(event, late=times == 0, cut=cut)
        if times == 2:
            self._hear(self.told[-1:], None)

    def _tell(self, event: Event, *, late: bool, cut: Cut | None) -> None:
        named = EventId(derived_id("fact", len(self.told)))
        fact = Taking(Envelope(named, event.type, "test", self.now, 1, None), event, nullcontext())
        self.told.append(fact)
        self.on_the_way.append(fact)
        if not late:
            self._hear([fact], cut)

    # How it arrives

    @rule(place=st.integers(0, 9), cut=CUT)
    @precondition(lambda self: self.on_the_way)
    def something_arrives(self, place: int, cut: Cut | None) -> None:
        self._hear([self.on_the_way[place % len(self.on_the_way)]], cut)

    @rule(before=st.integers(0, 40), cut=CUT)
    @precondition(lambda self: self.heard)
    def something_arrives_again(self, before: int, cut: Cut | None) -> None:
        self._hear([self.heard[-1 - before % len(self.heard)]], cut)

    @rule(places=st.lists(st.integers(0, 40), min_size=2, max_size=5), cut=CUT)
    @precondition(lambda self: len(self.told) > 1)
    def much_arrives_together(self, places: list[int], cut: Cut | None) -> None:
        self._hear([self.told[place % len(self.told)] for place in places], cut)

    def _hear(self, facts: Sequence[Taking], cut: Cut | None) -> None:
        """Whoever dies has not said that it took them: they come again, sooner or later."""
        written = [event for event in (fact.event for fact in facts) if getattr(event, "entered_by", None)]
        for event in written:
            self._show(event.case_id, event.report_no, written=True)  # type: ignore[attr-defined]
        self._run(self.world.attempt(partial(hear, facts=facts), cut))
        if self.world.knife.commits:
            self._has_effect(facts)
        self._look(By.PERSON if written else By.MACHINE)
        self.on_the_way = [each for each in self.on_the_way if each not in facts]
        if self.world.knife.fallen:
            self.on_the_way += facts

    def _has_effect(self, facts: Sequence[Taking]) -> None:
        for fact in sorted(facts, key=lambda each: each.event.case_id):
            if fact not in self.heard:
                self.heard.append(fact)
                self.done.append(Step(self.now, partial(hear, facts=[fact])))

    # Time

    @rule(seconds=st.sampled_from([0, 0, 1, 20, 200, 700, 4_000, 30_000]), cuts=CUTS)
    def time_passes(self, seconds: int, cuts: list[Cut | None]) -> None:
        """To the next moment at which something is due, or by that much."""
        until = self.now + timedelta(seconds=seconds)
        self.world.clock.at = until if seconds else max(until, min(self._moments(), default=until))
        before = self.stored
        self._do(time_passes, cuts, By.MACHINE)
        assert all(moment > self.now for moment in self._moments()), "what was due was not done"
        known = {page["message_id"] for page in before.pages}
        asked = {page["escalation_id"] for page in self.stored.pages if page["message_id"] not in known}
        nobody = {row["escalation_id"] for row in self.stored.escalations if row["nobody_at"] == self.now}
        for row in before.escalations:
            if row["state"] in ("unrated", "paging") and row["next_at"] <= self.now:
                assert row["escalation_id"] in asked | nobody, "silence, and nobody was asked anew"

    def _moments(self) -> list[datetime]:
        rows: list[Row] = [*self.stored.escalations, *self.stored.deadlines, *self.stored.alarms]
        return [row["next_at"] for row in rows if row["next_at"] is not None]

    # People

    @rule(case=CASES, cuts=CUTS)
    @precondition(lambda self: self.stored.reports)
    def somebody_does_what_comes_next(self, case: CaseId, cuts: list[Cut | None]) -> None:
        case = self._known(case)
        stands = self.stored.newest(case)
        assert stands is not None
        judged = {row["report_id"] for row in self.stored.judgements}
        unjudged = [row for row in self.stored.reports if row["case_id"] == case and row["report_id"] not in judged]
        match stands["state"]:
            case "unrated" | "paging":
                self._take(self._free(case, AASE, BO, DITTE), case, 0, cuts)
            case "acknowledged" if unjudged:
                self._judge(unjudged[0], cuts)
            case "acknowledged":
                self._close(self._free(case, AASE, BO, DITTE), case, cuts)
            case "closing":
                self._answer(DITTE, agree=True, cuts=cuts)

    def _known(self, case: CaseId) -> CaseId:
        here = [CaseId(row["case_id"]) for row in self.stored.reports]
        return next(each for each in (case, FIRST, SECOND, *here) if each in here)

    def _free(self, case: CaseId, *people: UUID) -> UUID:
        excluded = {row["person_id"] for row in self.stored.exclusions if row["case_id"] == case}
        return next((each for each in people if each not in excluded), people[0])

    @rule(who=PEOPLE, case=CASES, unseen=st.sampled_from([0, 1, 1, -1]), cuts=CUTS)
    @precondition(lambda self: self.stored.reports)
    def somebody_takes_it(self, who: UUID, case: CaseId, unseen: int, cuts: list[Cut | None]) -> None:
        self._take(who, self._known(case), unseen, cuts)

    def _take(self, who: UUID, case: CaseId, unseen: int, cuts: list[Cut | None]) -> None:
        covers = max(1, self.stored.newest_report(case) - unseen)
        self._show(case, covers)
        self._act(who, f"cases/{case}/acknowledge", cuts, covers_report_no=covers)

    def _show(self, case: CaseId, covers: int, *, written: bool = False) -> None:
        """A person has seen the reports up to this one, or has just written it; what has not come cannot be seen."""
        known = [*self.stored.reports, *self.stored.gone]
        here = {row["report_no"] for row in known if row["case_id"] == case}
        if here | ({covers} if written else set()) >= set(range(1, covers + 1)):
            self.shown[case] = max(self.shown.get(case, 0), covers)

    @rule(who=PEOPLE, case=CASES, minutes=st.integers(0, 90), cuts=CUTS)
    @precondition(lambda self: self.stored.reports)
    def somebody_said_so_by_phone(self, who: UUID, case: CaseId, minutes: int, cuts: list[Cut | None]) -> None:
        case = self._known(case)
        covers, said_at = self.stored.newest_report(case), self.now - timedelta(minutes=minutes)
        self._show(case, covers)
        body = {"person_id": str(who), "said_at": said_at.isoformat(), "covers_report_no": covers}
        self._act(DITTE, f"cases/{case}/phone-answer", cuts, **self._versioned(case), **body)

    @rule(who=PEOPLE, case=CASES, cuts=CUTS)
    @precondition(lambda self: self.stored.reports)
    def somebody_cannot(self, who: UUID, case: CaseId, cuts: list[Cut | None]) -> None:
        self._act(who, f"cases/{self._known(case)}/cannot", cuts)

    @rule(who=st.sampled_from([BO, DITTE]), case=CASES, cuts=CUTS)
    @precondition(lambda self: self.stored.reports)
    def somebody_has_a_conflict(self, who: UUID, case: CaseId, cuts: list[Cut | None]) -> None:
        self._act(who, f"cases/{self._known(case)}/conflict", cuts)

    @rule(who=st.sampled_from([BO, BO, AASE, CARLA]), case=CASES, cuts=CUTS)
    @precondition(lambda self: self.stored.reports)
    def a_leader_excludes_somebody(self, who: UUID, case: CaseId, cuts: list[Cut | None]) -> None:
        self._act(DITTE, "exclusions", cuts, case_id=str(self._known(case)), person_id=str(who), reason=REASON)

    @rule(case=CASES, place=st.integers(0, REPORTS), cuts=CUTS)
    @precondition(lambda self: self.stored.reports)
    def a_report_is_judged(self, case: CaseId, place: int, cuts: list[Cut | None]) -> None:
        self._judge(self.stored.reports[place % len(self.stored.reports)], cuts)

    def _judge(self, report: Row, cuts: list[Cut | None]) -> None:
        said = {"acute": False, "started": True, **self._versioned(report["case_id"])}
        self._act(CARLA, f"reports/{report['report_id']}/judgement", cuts, **said)

    @rule(who=PEOPLE, case=CASES, level=LEVELS, way=st.sampled_from(["raise", "lower"]), cuts=CUTS)
    @precondition(lambda self: self.stored.reports)
    def somebody_takes_it_for_more_or_less(
        self, who: UUID, case: CaseId, level: Level, way: str, cuts: list[Cut | None]
    ) -> None:
        case = self._known(case)
        self._act(who, f"cases/{case}/{way}", cuts, **self._versioned(case), level=level, reason=REASON)

    @rule(who=PEOPLE, to=PEOPLE, case=CASES, cuts=CUTS)
    @precondition(lambda self: self.stored.reports)
    def somebody_offers_it(self, who: UUID, to: UUID, case: CaseId, cuts: list[Cut | None]) -> None:
        case = self._known(case)
        self._act(who, f"cases/{case}/handover", cuts, **self._versioned(case), to=str(to), note=REASON)

    # Who has it, and what belongs together

    @rule(who=PEOPLE, case=CASES, unit=UNITS, cuts=CUTS)
    @precondition(lambda self: self.stored.reports)
    def somebody_moves_it_to_another_unit(self, who: UUID, case: CaseId, unit: Unit, cuts: list[Cut | None]) -> None:
        case = self._known(case)
        self._act(who, f"cases/{case}/unit", cuts, **self._versioned(case), unit=unit, reason=REASON)

    @rule(linked=st.booleans(), late=LATE, cut=CUT)
    @precondition(lambda self: self.told)
    def people_link_the_two_or_part_them(self, linked: bool, late: bool, cut: Cut | None) -> None:
        n = 1 + sum(isinstance(fact.event, LinkDecided) for fact in self.told)
        event = LinkDecided(case_id=FIRST, other_case_id=SECOND, linked=linked, n=n, by=BY)
        self._tell(event, late=late, cut=cut)

    def _close(self, who: UUID, case: CaseId, cuts: list[Cut | None]) -> None:
        body = {"outcome": "advised", "reason": REASON, **self._versioned(case)}
        self._act(who, f"cases/{case}/close", cuts, **body)

    @rule(who=PEOPLE, agree=st.booleans(), cuts=CUTS)
    @precondition(lambda self: any(row["state"] == "asked" for row in self.stored.countersigns))
    def a_second_person_answers(self, who: UUID, agree: bool, cuts: list[Cut | None]) -> None:
        self._answer(who, agree=agree, cuts=cuts)

    def _answer(self, who: UUID, *, agree: bool, cuts: list[Cut | None]) -> None:
        asked = next(row for row in self.stored.countersigns if row["state"] == "asked")
        body = {"agree": agree, "reason": REASON, **self._versioned(asked["case_id"])}
        self._act(who, f"countersign/{asked['countersign_id']}", cuts, By.COUNTERSIGNS, **body)

    @rule(
        who=st.sampled_from([CARLA, CARLA, CARLA, AASE]),
        case=CASES,
        recipient=st.sampled_from(list(HeldFrom)[:2]),
        action=st.sampled_from([Action.LIFT, Action.LIFT, Action.NOT_APPLICABLE, Action.REINSTATE]),
        assessed=st.booleans(),
        hours=st.sampled_from([1, 40]),
        cuts=CUTS,
    )
    @precondition(lambda self: self.stored.reports)
    def somebody_decides_on_the_hold(
        self,
        who: UUID,
        case: CaseId,
        recipient: HeldFrom,
        action: Action,
        assessed: bool,
        hours: int,
        cuts: list[Cut | None],
    ) -> None:
        case = self._known(case)
        if assessed:
            self._assess(who, case, cuts)
        cited = [str(row["assessment_id"]) for row in self.stored.assessments]
        until = None if action is Action.REINSTATE else (self.now + timedelta(hours=hours)).isoformat()
        body = {"recipient": recipient, "action": action, "until": until, "reason": REASON}
        named = {"assessment_id": cited[-1]} if cited else {}
        self._act(who, f"cases/{case}/hold", cuts, By.HOLDS, **self._versioned(case), **body, **named)

    def _assess(self, who: UUID, case: CaseId, cuts: list[Cut | None]) -> None:
        said = {"covers_report_no": self.stored.newest_report(case), "level": "high", "acute": False}
        self._act(who, f"cases/{case}/assessment", cuts, **said, answers={"own_view": REASON})

    def _versioned(self, case: UUID) -> dict[str, int]:
        return {"version": next(row["version"] for row in self.stored.cases if row["case_id"] == case)}

    def _act(self, who: UUID, path: str, cuts: list[Cut | None], by: By = By.PERSON, **body: Any) -> None:
        """Whoever got no answer does it again: it counts once, but for what people may say as often as they like."""
        commits = self._do(partial(Service.act, who=who, path=path, **body), cuts, by)
        if path.endswith(SAID_AGAIN):
            self.done += [self.done[-1]] * (commits - 1)

    def _do(self, do: Act, cuts: list[Cut | None], by: By) -> int:
        """Until a process lives through it; in how many attempts something was committed."""
        self.done.append(Step(self.now, do))
        attempts = 0
        for cut in (*cuts, None):
            self._run(self.world.attempt(do, cut))
            attempts += bool(self.world.knife.commits)
            self._look(by)
            if not self.world.knife.fallen:
                break
        return attempts

    # What must hold

    def _look(self, by: By) -> None:
        self._run(self._checked(by))

    async def _checked(self, by: By) -> None:
        before, self.stored = self.stored, await look(self.world.watch, self.now, self.world.macs)
        check(before, self.stored, by, self.shown)
        for row in self.stored.exclusions:
            named, who = str(row["case_id"]), row["person_id"]
            assert (await self.world.service.ask(who, f"cases/{named}")).status_code == 404
            assert named not in (await self.world.service.ask(who, "work")).text

    def teardown(self) -> None:
        """Everything has arrived in the end: what is stored is what it would be had nothing ever failed."""
        if self.broken:
            return
        for fact in tuple(self.on_the_way):
            self._hear([fact], None)
        self._run(self._ends_the_same())

    async def _ends_the_same(self) -> None:
        await self.once.begin(self.world.ids.kept)
        await self.once.live(self.done)
        stored, expected = await self.world.dump(), await self.once.dump()
        for table, rows in stored.items():
            assert not _differ(rows, expected[table]), table
        await self.in_order.begin()
        told = [fact for fact in self.told if isinstance(fact.event, STRUCTURAL)]
        await self.in_order.live([Step(fact.envelope.time, partial(hear, facts=[fact])) for fact in told])
        for question in WHATEVER_THE_ORDER:
            assert await self.world.watch.fetch(question) == await self.in_order.watch.fetch(question), question
        if not await self.world.watch.fetchval("SELECT count(*) FROM steps WHERE kind = 'unit_moved'"):
            # A case that was split off before the other's first report came is everybody's.
            units = "SELECT case_id, unit FROM cases WHERE case_id = ANY ($1::uuid[]) ORDER BY case_id", [FIRST, SECOND]
            assert await self.world.watch.fetch(*units) == await self.in_order.watch.fetch(*units)


def _differ(rows: Sequence[Row], expected: Sequence[Row]) -> list[Any]:
    """The first rows that are not the same, without what is the same in them."""
    pairs = zip_longest(rows, expected, fillvalue={})
    return next(
        (
            [{name: (each.get(name), other.get(name)) for name in {*each, *other} if each.get(name) != other.get(name)}]
            for each, other in pairs
            if each != other
        ),
        [],
    )


STRUCTURAL = (ReportReceived, CaseRated, LinkDecided)
"""Facts whose order must not matter for what there is in the end."""
WHATEVER_THE_ORDER = (
    "SELECT * FROM reports ORDER BY report_id",
    "SELECT * FROM ratings ORDER BY case_id, rating_no",
    "SELECT case_id, canary FROM cases ORDER BY case_id",
    # Which of two names the other tells nothing: a report that comes after a decision may name it once more.
    """SELECT DISTINCT least(case_id, other) AS one, greatest(case_id, other) AS two
       FROM cases, unnest(linked_case_ids) other ORDER BY 1, 2""",
    "SELECT case_id, max(newest_report_no) FROM escalations GROUP BY case_id ORDER BY case_id",
    """SELECT report_id, rule, about, target_at, limit_at, explanation FROM deadlines WHERE rule <> 'hold_review'
       ORDER BY report_id, rule, about""",
)


@pytest.fixture
def worlds(postgres: Postgres, keys: Path) -> Iterator[tuple[asyncio.Runner, list[World]]]:
    """Three databases of escalation, and the loop that their processes run in."""
    opened = [World(postgres, keys) for _ in range(3)]
    with asyncio.Runner() as runner:
        for world in opened:
            runner.run(world.open())
        yield runner, opened
        for world in opened:
            runner.run(world.close())


@pytest.mark.race
@pytest.mark.timeout(7200)
def test_whatever_comes_and_wherever_a_process_dies_it_ends_as_if_nothing_had(
    worlds: tuple[asyncio.Runner, list[World]],
) -> None:
    run_state_machine_as_test(
        lambda: Restarts(*worlds),
        settings=settings(
            max_examples=REPETITIONS,
            stateful_step_count=25,
            phases=(Phase.reuse, Phase.generate),  # Phase.shrink takes minutes: for whoever looks for a cause
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
