"""What must hold at every moment of all that escalation has stored: read from its tables, not asked of its code.

Each check compares what stands now with what stood before the step, of which it is known who took it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any
from uuid import UUID

import asyncpg

from services.escalation import seed
from services.escalation.domain import hold as hold_rules
from services.escalation.domain.escalation import PROMISE, RATE_WITHIN
from services.escalation.store import hold, report
from shared.events.codes import Level
from shared.events.escalation import MessageRequested, MessageWithdrawn
from shared.evidence import broken_at
from shared.ids import CaseId
from shared.sealing import MacKeys
from tests.integration.escalation.conftest import DESK, DOEGNVAGT, OUTSIDE, ROLES, SEED

Row = Mapping[str, Any]
LADDERS = seed.read(SEED).plan.plan(1, None).ladders
LIVE = ("requested", "accepted")
HIGH = (Level.HIGH, Level.ACUTE)
QUIET = {"unrated": 0, "paging": 0, "acknowledged": 1, "closing": 2, "closed": 3}
"""How quiet a state is."""


class By(Enum):
    """Who took a step: a fact or the clock, a person, and what that person meant to do."""

    MACHINE = auto()
    PERSON = auto()
    HOLDS = auto()
    """A person with authority, about the contact hold."""
    COUNTERSIGNS = auto()


@dataclass(frozen=True)
class Stored:
    """What stands in the tables at one moment, in an order that is always the same."""

    now: datetime
    cases: Sequence[Row]
    reports: Sequence[Row]
    gone: Sequence[Row]
    """The numbers of reports that have left their case."""
    ratings: Sequence[Row]
    escalations: Sequence[Row]
    pages: Sequence[Row]
    lifts: Sequence[Row]
    assessments: Sequence[Row]
    exclusions: Sequence[Row]
    countersigns: Sequence[Row]
    alarms: Sequence[Row]
    deadlines: Sequence[Row]
    judgements: Sequence[Row]
    messages: Sequence[Row]
    """The `MessageRequested` and `MessageWithdrawn` that were told, with their `type`."""
    lifted: Sequence[tuple[UUID, str]]
    """The cases, and for whom, that the service holds to be lifted."""

    @property
    def requested(self) -> list[Row]:
        """The messages that somebody is to be sent."""
        return [row for row in self.messages if row["type"] == MessageRequested.type]

    def newest(self, case_id: UUID) -> Row | None:
        """The case's newest escalation."""
        return next((row for row in reversed(self.escalations) if row["case_id"] == case_id), None)

    def newest_report(self, case_id: UUID) -> int:
        """The highest number of the case's reports; 0 where there is none."""
        return max((row["report_no"] for row in self.reports if row["case_id"] == case_id), default=0)

    def near(self, case_id: UUID) -> set[UUID]:
        """The case and those directly linked, whichever of two named the other."""
        links = {row["case_id"]: row["linked_case_ids"] for row in self.cases}
        return {each for each in links if each == case_id or each in links[case_id] or case_id in links[each]}

    def case_of(self, escalation_id: UUID) -> UUID:
        """The case of an escalation."""
        return next(row["case_id"] for row in self.escalations if row["escalation_id"] == escalation_id)


_ORDER = {
    "cases": "case_id",
    "reports": "case_id, report_no",
    "gone": "case_id, report_no",
    "ratings": "case_id, rating_no",
    "escalations": "case_id, n",
    "pages": "escalation_id, round, rung, message_id",
    "lifts": "case_id, n",
    "assessments": "case_id, at, assessment_id",
    "exclusions": "case_id, person_id",
    "countersigns": "case_id, asked_at, countersign_id",
    "alarms": "opened_at, alarm_id",
    "deadlines": "report_id, rule, about",
    "judgements": "report_id, n",
}
_MESSAGES = """
    SELECT body->>'message_id' AS message_id, body->'recipient'->>'id' AS recipient_id, body->>'purpose' AS purpose,
           body->'recipient'->>'kind' AS recipient_kind, case_id, type
    FROM (SELECT seq, case_id, convert_from(body, 'UTF8')::jsonb AS body, headers->>'ce_type' AS type FROM outbox) told
    WHERE body ? 'message_id' ORDER BY seq"""


async def look(conn: asyncpg.Connection, now: datetime, macs: MacKeys) -> Stored:
    """Read it all; the evidence of every case is unbroken on the way."""
    rows = {table: await conn.fetch(f"SELECT * FROM {table} ORDER BY {order}") for table, order in _ORDER.items()}
    lifted: list[tuple[UUID, str]] = []
    for case_id in (CaseId(row["case_id"]) for row in rows["cases"]):
        assert await broken_at(conn, case_id, macs) is None, "the chain of evidence is broken"
        known = {"newest": await report.newest_of(conn, case_id), "now": now}
        held = hold_rules.holds(await hold.lifts(conn, case_id), **known)
        lifted += [(case_id, each.recipient.value) for each in held if each.lift is not None]
    return Stored(now, **rows, messages=await conn.fetch(_MESSAGES), lifted=lifted)


def check(before: Stored, after: Stored, by: By, shown: Mapping[UUID, int]) -> None:
    """Invariants 2, 4, 5 and 8. `shown`: up to which report a person has said that they were shown each case."""
    _whatever_came_waits_for_an_answer(after)
    _there_is_exactly_one_next_moment(after)
    _silence_climbs(after)
    _nobody_on_duty_has_a_ladder_of_its_own(after)
    _what_nobody_was_shown_is_not_answered(after, shown)
    if by is By.MACHINE:
        _no_machine_stops_a_ladder(before, after)
    _the_hold_is_lifted_by_authority_alone(before, after, by)
    _messages_are_for_staff_and_desks(after)
    _what_was_rated_stays_and_counts(before, after)
    _nothing_falls_or_ends_without_a_second_person(before, after, by)
    _whoever_is_excluded_is_not_asked(before, after)
    _every_page_is_told_and_nothing_else(after)


def _whatever_came_waits_for_an_answer(after: Stored) -> None:
    """2: an escalation opens on the report, and grows with each."""
    for case in {row["case_id"] for row in after.reports}:
        newest = after.newest(case)
        assert newest is not None, "a report that nobody has to answer"
        assert newest["newest_report_no"] == after.newest_report(case)


def _there_is_exactly_one_next_moment(after: Stored) -> None:
    """2: an escalation that is not closed always has exactly one next moment; at most one of a case is open."""
    for row in after.escalations:
        assert (row["state"] == "closed") == (row["next_at"] is None)
        assert row["state"] == "closed" or row == after.newest(row["case_id"])
        if row["state"] == "unrated":
            assert row["next_at"] <= after.now + RATE_WITHIN
        if row["state"] == "acknowledged":
            assert row["next_at"] <= after.now + PROMISE


def _silence_climbs(after: Stored) -> None:
    """2: whoever is waited for has been asked, or the next try comes within a rung's wait."""
    for row in after.escalations:
        if row["state"] != "paging":
            continue
        of_round = [page for page in _pages_of(after, row) if page["round"] == row["round"]]
        if any(page["rung"] == row["rung"] and page["state"] in LIVE for page in of_round):
            continue
        assert row["nobody_at"] is not None or (row["rung"] == 0 and not of_round), "silence, and nobody was asked"
        if row["nobody_at"] is not None or row["level"] in HIGH:
            assert row["next_at"] <= after.now + LADDERS[Level(row["level"])].wait


def _pages_of(stored: Stored, escalation: Row) -> list[Row]:
    return [page for page in stored.pages if page["escalation_id"] == escalation["escalation_id"]]


def _nobody_on_duty_has_a_ladder_of_its_own(after: Stored) -> None:
    """2: a round that reached nobody is an alarm that runs, until somebody is reached or has answered."""
    for row in after.escalations:
        if row["nobody_at"] is None:
            continue
        reached = [page["accepted_at"] for page in _pages_of(after, row) if page["accepted_at"] is not None]
        running = any(alarm["ended_at"] is None for alarm in after.alarms)
        assert running or any(at >= row["nobody_at"] for at in reached), "nobody was reached, and nobody is told"


def _what_nobody_was_shown_is_not_answered(after: Stored, shown: Mapping[UUID, int]) -> None:
    """2: an acknowledgement covers only the reports that person was shown."""
    for row in after.escalations:
        assert row["acknowledged_report_no"] <= shown.get(row["case_id"], 0)
        if row["state"] in ("acknowledged", "closing"):
            assert row["acknowledged_report_no"] == after.newest_report(row["case_id"])
            assert row["responsible"] is not None


def _no_machine_stops_a_ladder(before: Stored, after: Stored) -> None:
    """2: only a person's act stops a ladder."""
    stood = {row["escalation_id"]: row for row in before.escalations}
    for row in after.escalations:
        was = stood.get(row["escalation_id"])
        assert QUIET[row["state"]] <= QUIET[was["state"] if was else "paging"]
        assert row["acknowledged_report_no"] == (was["acknowledged_report_no"] if was else 0)


def _the_hold_is_lifted_by_authority_alone(before: Stored, after: Stored, by: By) -> None:
    """4: held is the absence of a valid lift, and a lift is one recorded act of a person with authority."""
    assert after.lifts == before.lifts or (by is By.HOLDS and len(after.lifts) == len(before.lifts) + 1)
    excluded = {(row["case_id"], row["person_id"]) for row in after.exclusions}
    for case_id, recipient in after.lifted:
        *_, lift = [row for row in after.lifts if (row["case_id"], row["recipient"]) == (case_id, recipient)]
        assert lift["action"] in ("lift", "not_applicable")
        assert ROLES[lift["person_id"]] == "authority"
        assert (case_id, lift["person_id"]) not in excluded
        assert lift["until"] > after.now
        assert lift["reason"]
        known = json.loads(lift["covers"])
        assert all(known.get(str(each), 0) >= after.newest_report(each) for each in after.near(case_id))
        if lift["action"] == "lift":
            (cited,) = [row for row in after.assessments if row["assessment_id"] == lift["assessment_id"]]
            assert cited["case_id"] == case_id
            assert cited["covers_report_no"] >= after.newest_report(case_id)


def _messages_are_for_staff_and_desks(after: Stored) -> None:
    """4: family cannot be addressed at all."""
    kinds = dict.fromkeys(map(str, ROLES), "person") | dict.fromkeys(map(str, (DESK, DOEGNVAGT, OUTSIDE)), "desk")
    assert all(kinds[row["recipient_id"]] == row["recipient_kind"] for row in after.requested)


def _what_was_rated_stays_and_counts(before: Stored, after: Stored) -> None:
    """5: rules raise, and every rating stays visible."""
    rated = [{(row["case_id"], row["rating_no"], row["level"]) for row in stored.ratings} for stored in (before, after)]
    assert rated[0] <= rated[1]
    for case in after.cases:
        newest = after.newest(case["case_id"])
        for row in after.ratings:
            if newest and row["case_id"] == case["case_id"] and row["rating_no"] > case["lowered_rating_no"]:
                assert _rank(row["level"]) <= _rank(newest["level"])


def _rank(level: str | None) -> int:
    return Level(level).rank if level else -1


def _nothing_falls_or_ends_without_a_second_person(before: Stored, after: Stored, by: By) -> None:
    """5: lowering, and closing what was ever acute or high, takes a second person and a reason."""
    stood = {row["escalation_id"]: row for row in before.escalations}
    for row in after.escalations:
        was = stood.get(row["escalation_id"])
        agreed = [each for each in after.countersigns if each["escalation_id"] == row["escalation_id"]]
        assert _rank(row["peak"]) >= max(_rank(row["level"]), _rank(was["peak"]) if was else -1)
        if was and _rank(row["level"]) < _rank(was["level"]):
            assert by is By.COUNTERSIGNS
            assert any(_by_two(each, "lower") and each["answered_at"] == after.now for each in agreed)
        if row["state"] == "closed":
            alone = row["peak"] in (Level.LOW, Level.ELEVATED) and any(each["state"] == "waived" for each in agreed)
            assert alone or any(_by_two(each, "close") for each in agreed)


def _by_two(row: Row, act: str) -> bool:
    words = row["reason"] and row["answer_reason"]
    return bool((row["act"], row["state"]) == (act, "agreed") and row["answered_by"] != row["asked_by"] and words)


def _whoever_is_excluded_is_not_asked(before: Stored, after: Stored) -> None:
    """8: from the moment a conflict of interest is recorded that person is never paged, in linked cases too."""
    excluded = {(row["case_id"], row["person_id"]) for row in after.exclusions}
    for row in after.pages:
        asked = (after.case_of(row["escalation_id"]), row["recipient_id"])
        assert row["state"] not in LIVE or asked not in excluded
    known = {(row["case_id"], str(row["person_id"])) for row in before.exclusions}
    told = {row["message_id"] for row in before.requested}
    new = {(row["case_id"], row["recipient_id"]) for row in after.requested if row["message_id"] not in told}
    assert not new & known
    for case_id, person_id in excluded:
        linked = {each for each in after.near(case_id) if after.newest_report(each)}  # else there is nothing to see yet
        assert {(each, person_id) for each in linked} <= excluded


def _every_page_is_told_and_nothing_else(after: Stored) -> None:
    """9: a page and its message are stored together or not at all; so is what takes it back."""
    asked = sorted((str(row["message_id"]), str(row["recipient_id"])) for row in after.pages)
    told = sorted((row["message_id"], row["recipient_id"]) for row in after.requested if row["purpose"] == "page")
    assert asked == told
    withdrawn = sorted(str(row["message_id"]) for row in after.pages if row["withdrawn_at"] is not None)
    assert withdrawn == sorted(row["message_id"] for row in after.messages if row["type"] == MessageWithdrawn.type)
