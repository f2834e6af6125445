"""One case as the handlers keep it, without a database: facts are settled, pages end as in the store."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from services.escalation.domain.decision import decide
from services.escalation.domain.escalation import (
    Around,
    Asked,
    Decided,
    Decision,
    Due,
    Effect,
    Escalation,
    Fact,
    Lowered,
    PageFailed,
    Rated,
    ReportArrived,
    State,
    StoodDown,
    Taken,
    Took,
)
from services.escalation.domain.page import LIVE, Page, PageState
from services.escalation.domain.rota import Rota
from shared.events.codes import Level
from shared.ids import PersonId, ReportId
from tests.unit.escalation.world import CASE, NOW, PLAN, ROTA


def report_id(no: int) -> ReportId:
    return ReportId(UUID(int=1000 + no))


@dataclass
class Case:
    """Reports and ratings as stored, the escalation as decided, the pages of its rounds."""

    now: datetime = NOW
    rota: Rota = ROTA
    reports: dict[int, datetime] = field(default_factory=dict)
    ratings: dict[int, tuple[Level, frozenset[int]]] = field(default_factory=dict)
    lowered_no: int = 0
    judged: set[int] = field(default_factory=set)
    excluded: set[PersonId] = field(default_factory=set)
    shown: int = 0
    """Up to which report somebody has been shown, or has written, the case."""
    escalation: Escalation | None = None
    pages: list[Page] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)

    def settle(self, fact: Fact) -> Decided:
        """Decide, and keep what follows. The effects of this fact alone are in `effects` afterwards."""
        before, self.effects = self.escalation, []
        decided = decide(before, fact, self._around())
        if isinstance(decided, Decision) and decided.after is not None:
            if before is None or decided.after.n != before.n:
                self.pages = []
            self.escalation, self.effects = decided.after, list(decided.effects)
            for effect in decided.effects:
                self._enact(decided.after, effect)
        return decided

    def _around(self) -> Around:
        running = self.escalation if self.escalation and self.escalation.state is not State.CLOSED else None
        pages = tuple(page for page in self.pages if running and page.round == running.round)
        limits = {report_id(no): at + timedelta(hours=24) for no, at in self.reports.items() if no not in self.judged}
        rota = replace(
            self.rota,
            on_call=tuple(each for each in self.rota.on_call if each not in self.excluded),
            leaders=tuple(each for each in self.rota.leaders if each not in self.excluded),
        )
        return Around(now=self.now, plan=PLAN, rota=rota, pages=pages, unjudged=limits)

    def _enact(self, after: Escalation, effect: Effect) -> None:
        if isinstance(effect, Asked):
            place = (after.round, after.rung)
            self._end(PageState.SUPERSEDED, lambda page: (page.round, page.rung) != place)
            self.pages += [Page(*place, each, PageState.REQUESTED, False) for each in effect.recipients]
        if isinstance(effect, Took):
            self._end(PageState.ANSWERED, lambda page: page.recipient.id == effect.person_id)
            if after.state is State.ACKNOWLEDGED:
                self._end(PageState.WITHDRAWN, lambda page: True)

    def _end(self, state: PageState, which: object) -> None:
        self.pages = [
            replace(page, state=state) if page.state in LIVE and which(page) else page  # type: ignore[operator]
            for page in self.pages
        ]

    def report(self, no: int, *, received_at: datetime | None = None, by: PersonId | None = None) -> None:
        """A report comes; one that is here already has no effect."""
        if no in self.reports:
            return
        self.reports[no] = received_at or self.now
        if by is not None and self.shown == no - 1:
            self.shown = no
        levels = [level for rating, (level, _) in self.ratings.items() if rating > self.lowered_no]
        highest = max(levels, key=lambda level: level.rank, default=None)
        fact = ReportArrived(CASE, no, self.reports[no], False, rated=self.all_rated, level=highest, entered_by=by)
        self.settle(fact)

    def rate(self, no: int, level: Level, covers: frozenset[int]) -> None:
        """A rating comes; one that is here already has no effect."""
        if no in self.ratings:
            return
        self.ratings[no] = (level, covers)
        if no > self.lowered_no:
            self.settle(Rated(level, covers_all=self.all_rated))

    @property
    def next_no(self) -> int:
        """The first report that is not here."""
        return next(no for no in range(1, len(self.reports) + 2) if no not in self.reports)

    @property
    def all_rated(self) -> bool:
        return set(self.reports) <= {no for _, covers in self.ratings.values() for no in covers}

    def due(self) -> None:
        """Time passes to the next moment."""
        if self.escalation is not None and self.escalation.next_at is not None:
            self.now = max(self.now, self.escalation.next_at)
            self.settle(Due())

    def fail(self, page: Page) -> None:
        """A page is given up; one that has ended stays as it ended."""
        if page in self.pages and page.state is PageState.REQUESTED:
            self.pages[self.pages.index(page)] = replace(page, state=PageState.FAILED)
            self.settle(PageFailed())

    def accept(self, page: Page) -> None:
        """A provider takes a page, in time or late."""
        if page in self.pages:
            state = PageState.ACCEPTED if page.state is PageState.REQUESTED else page.state
            self.pages[self.pages.index(page)] = replace(page, state=state, accepted=True)

    def stand_down(self, who: PersonId, *, excluded: bool) -> None:
        """A person cannot, or has a conflict of interest."""
        if excluded:
            self.excluded.add(who)
        self._end(PageState.WITHDRAWN if excluded else PageState.ANSWERED, lambda page: page.recipient.id == who)
        self.settle(StoodDown(who))

    def take(self, who: PersonId, covers: int) -> None:
        """A person takes it, having been shown that much."""
        if 1 <= covers < self.next_no and who not in self.excluded:
            self.shown = max(self.shown, covers)
            self.settle(Taken(who, covers))

    def lower(self, level: Level) -> None:
        """Two persons agree."""
        self.lowered_no = max(self.ratings, default=0)
        self.settle(Lowered(level))
