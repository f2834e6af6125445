"""A case as the API tells it: codes, ids and instants, for one person who sees it."""

import json
from collections.abc import Collection
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg

from services.escalation.domain.escalation import Escalation
from services.escalation.domain.hold import Hold, Lift, Newest, covers, ended, holds
from services.escalation.handlers import reading
from services.escalation.store import assessment, case, countersign, deadline, escalation, handover, hold, page, report
from services.escalation.web import rule_words
from shared.auth.people import Person
from shared.delivery.outbox import Transaction
from shared.ids import CaseId

Json: TypeAlias = dict[str, Any]
SHOWN = 50
"""Of reports, ratings, deadlines and pages in one answer."""


async def case_as_told(tx: Transaction, case_id: CaseId, who: Person, *, older: int = 0) -> Json:
    """The case, with what the person may know of the cases it is linked to, and with what this act has done.

    That it is shown to the person is noted here, because every screen and answer with a case comes this way. It holds
    nothing that people wrote: `web.reasons` adds that where a purpose was said. Of each long list it has the newest
    `SHOWN` after the newest `older`; `more` tells how many come before them.
    """
    await reading.viewed(tx, who, case_id)
    await tx.write()
    conn, row = tx.conn, await case.get(tx.conn, case_id)
    running = await escalation.newest(conn, case_id)
    rating, count = await report.newest_rating(conn, case_id), await report.counts(conn, case_id)
    lists = {
        "reports": [as_told(each) for each in await report.reports(conn, case_id, limit=SHOWN, older=older)],
        "ratings": [dict(each) for each in await report.ratings(conn, case_id, limit=SHOWN, older=older)],
        "deadlines": [_deadline(each) for each in await deadline.of_case(conn, case_id, limit=SHOWN, older=older)],
        "pages": [_page(each) for each in await page.of_case(conn, case_id, limit=SHOWN, older=older)],
    }
    highest = (await report.standing(conn, case_id)).highest
    newest = await report.newest_of(conn, case_id)
    asked = await countersign.of_case(conn, case_id)
    return {
        "case_id": str(case_id),
        "version": row["version"],
        "unit": row["unit"],
        "linked_case_ids": [str(each) for each in await case.seen_of(conn, sorted({*newest} - {case_id}), who)],
        "level": (running.level if running else None) or highest,
        **lists,
        "more": {name: max(0, count[name] - older - len(each)) for name, each in lists.items()},
        "newest_report_no": newest[case_id],
        "unjudged": count["unjudged"],
        "rating": await _rating(tx, rating, who) if rating else None,
        "first_level": rating["first_level"] if rating else None,
        "hold": await _holds(tx, case_id, newest),
        "assessments": [
            _assessment(each, no, newest) for no, each in enumerate(await assessment.of_case(conn, case_id), start=1)
        ],
        "escalation": _escalation(running) if running else None,
        "handover": await _handover(tx, running) if running else None,
        "countersigns": [_countersign(each) for each in asked],
        "evidence": {"n": row["evidence_n"], "hash": row["evidence_head"].hex()},
    }


async def glance(tx: Transaction, case_id: CaseId) -> Json:
    """As much of the case as the work list tells: for screens that ask every few seconds. No view is noted."""
    running, standing = await escalation.newest(tx.conn, case_id), await report.standing(tx.conn, case_id)
    return {
        "case_id": str(case_id),
        "version": (await case.get(tx.conn, case_id))["version"],
        "level": (running.level if running else None) or standing.highest,
        "newest_report_no": await report.newest_no(tx.conn, case_id),
    }


def as_told(row: asyncpg.Record) -> Json:
    """A report without its text."""
    judged = {"acute": row["acute"], "started": row["started"], "by": _id(row["person_id"]), "at": _at(row["at"])}
    return {
        "report_id": str(row["report_id"]),
        "report_no": row["report_no"],
        "received_at": _at(row["received_at"]),
        "judged": judged if row["person_id"] else None,
        "adult": row["adult"],
        "entered_by": _id(row["entered_by"]),
        "reporter_verified": row["reporter_verified"],
    }


async def _rating(tx: Transaction, row: asyncpg.Record, who: Person) -> Json:
    grounds = json.loads(row["grounds"])
    for each in grounds["reasons"]:
        each["report_ids"] = each["report_ids"][-SHOWN:]
    named = {UUID(each) for reason in grounds["reasons"] for each in reason["report_ids"]}
    known = {str(each) for each in await report.seen_of(tx.conn, named, who)}
    return {
        "rating_no": row["rating_no"],
        "level": row["level"],
        "rule_set": row["rule_set"],
        "as_of": _at(row["as_of"]),
        "reasons": [_reason(each, row["rule_set"], known) for each in grounds["reasons"]],
        "unknowns": grounds["unknowns"],
        "would_raise": [{"suspected": False, **each} for each in grounds["would_raise"]],
    }


def _reason(reason: Json, rule_set: int, known: Collection[str]) -> Json:
    """With its rule's own Danish sentence, and no report of a case that the reader does not see.

    `unanswered`: the rule holds because nobody answered for its signs. None of them may be told as a fact.
    `suspected`: it holds for what the text may be about; it names no sign.
    """
    words = rule_words.sentence(rule_set, reason)
    reports = [each for each in reason["report_ids"] if each in known]
    holds_for = {"unanswered": words.unanswered, "suspected": words.suspected}
    return {**reason, "report_ids": reports, "text": words.danish, **holds_for}


async def _holds(tx: Transaction, case_id: CaseId, newest: Newest) -> list[Json]:
    standing = holds(await hold.lifts(tx.conn, case_id), newest=newest, now=tx.now)
    return [{**_hold(each), "ended": await _ended(tx, case_id, each.former, newest)} for each in standing]


def _hold(held: Hold) -> Json:
    lift = held.lift
    return {
        "recipient": held.recipient,
        "state": held.state,
        "until": _at(lift.until) if lift else None,
        "by": str(lift.person_id) if lift else None,
        "mediation": bool(lift and lift.mediation),
        "at": _at(lift.at) if lift else None,
        "assessment_id": _id(lift.assessment_id) if lift else None,
        "lift_no": lift.n if lift else None,
    }


async def _ended(tx: Transaction, case_id: CaseId, former: Lift | None, newest: Newest) -> Json | None:
    """Why it is held again. That somebody has a conflict of interest is told of nobody: a void step has no name."""
    if former is None:
        return None
    reported_at = await report.first_after(tx.conn, case_id, former.covers.get(case_id, 0))
    return {
        "why": list(ended(former, case_id, newest=newest, now=tx.now)),
        "action": former.action,
        "by": None if former.void else str(former.person_id),
        "at": _at(former.at),
        "until": _at(former.until),
        "lift_no": None if former.void else former.n,
        "report_at": _at(reported_at),
    }


def _assessment(row: asyncpg.Record, no: int, newest: Newest) -> Json:
    """Codes alone, with its number; `current`: it covers everything that has come, so that a lift may cite it."""
    codes = {name: row[name] for name in ("covers_report_no", "level", "acute", "form")}
    current = covers(assessment.covers_of(row), newest)
    by = {"by": str(row["person_id"]), "at": _at(row["at"])}
    return {"assessment_id": str(row["assessment_id"]), "assessment_no": no, **codes, **by, "current": current}


def _escalation(running: Escalation) -> Json:
    return {
        "escalation_id": str(running.escalation_id),
        "state": running.state,
        "ladder": running.ladder,
        "rung": running.rung,
        "round": running.round,
        "next_at": _at(running.next_at),
        "responsible": _id(running.responsible),
        "acknowledged_report_no": running.acknowledged_report_no,
        "peak": running.peak,
        "fresh_eyes": running.fresh_eyes,
        "offered_to": _id(running.offered_to),
    }


async def _handover(tx: Transaction, running: Escalation) -> Json | None:
    """The offer that stands."""
    row = await handover.last(tx.conn, running.case_id)
    if row is None or running.offered_to != row["to_person"]:
        return None
    return {"by": str(row["by"]), "to": str(row["to_person"]), "at": _at(row["at"])}


def _countersign(row: asyncpg.Record) -> Json:
    return {
        "id": str(row["countersign_id"]),
        "act": row["act"],
        "asks": row["outcome"] or row["level"],
        "by": str(row["asked_by"]),
        "state": row["state"],
    }


def _deadline(row: asyncpg.Record) -> Json:
    return {
        "rule": row["rule"],
        "report_id": str(row["report_id"]),
        "target": _at(row["target_at"]),
        "limit": _at(row["limit_at"]),
        "state": row["state"],
        "about": row["about"],
        "warned_at": _at(row["warned_at"]),
        "explanation": row["explanation"],
    }


def _page(row: asyncpg.Record) -> Json:
    return {
        "message_id": str(row["message_id"]),
        "recipient": {"kind": row["recipient_kind"], "id": str(row["recipient_id"])},
        "requested_at": _at(row["requested_at"]),
        "state": row["state"],
        "channel": row["channel"],
        "not_fresh": row["not_fresh"],
    }


def _at(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None


def _id(named: object) -> str | None:
    return str(named) if named else None
