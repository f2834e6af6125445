"""What triage does on hearing of a report: it keeps the facts, and rates the case and those linked with it anew."""

from collections.abc import Sequence
from datetime import datetime

from services.triage import store
from services.triage.domain import may_be_told, newest, rate
from services.triage.rules import newest as newest_rules
from services.triage.store import Made
from shared.delivery.outbox import Transaction
from shared.events.intake import LinkDecided, ReportRead, ReportReceived, ReportsSplit
from shared.events.triage import CaseRated
from shared.ids import CaseId, ReportId
from shared.telemetry.logging import log
from shared.telemetry.tracing import current_traceparent


async def report_received(tx: Transaction, event: ReportReceived) -> None:
    """Keep the answers and whom the report links."""
    linked = await store.lock_cases(tx.conn, event.case_id, event.linked_case_ids)
    if event.linked_case_ids:
        await store.link(tx.conn, event.case_id, event.linked_case_ids)
    if await store.add_received(tx.conn, event, traceparent=current_traceparent()):
        await _rate_around(tx, event.case_id, linked, of=event.report_id)


async def report_read(tx: Transaction, event: ReportRead) -> None:
    """Keep what was read in the text, whether or not the report has been heard of."""
    linked = await store.lock_cases(tx.conn, event.case_id)
    if await store.add_read(tx.conn, event):
        await _rate_around(tx, event.case_id, linked, of=event.report_id)


async def link_decided(tx: Transaction, event: LinkDecided) -> None:
    """People have linked or parted two cases: what is known of one counts for the other, or does no more."""
    linked = await store.lock_cases(tx.conn, event.case_id, [event.other_case_id])
    if await store.decide_link(tx.conn, event):
        await _rate_around(tx, event.case_id, linked)


async def reports_split(tx: Transaction, event: ReportsSplit) -> None:
    """People have moved reports to a case of their own: both cases are rated by what lies in them."""
    linked = await store.lock_cases(tx.conn, event.case_id, [event.new_case_id])
    if await store.move(tx.conn, event):
        await _rate_around(tx, event.case_id, linked)


async def _rate_around(
    tx: Transaction, case_id: CaseId, linked: Sequence[CaseId], *, of: ReportId | None = None
) -> None:
    """Rate the case and those linked with it, and the one that the report `of` which was heard has been moved to."""
    home = await store.home_of(tx.conn, of) if of else case_id
    moved = [] if home in (case_id, *linked) else [home, *await store.lock_cases(tx.conn, home)]
    for each in dict.fromkeys((case_id, *linked, *moved)):
        await rate_case(tx, each)


async def rate_case(
    tx: Transaction, case_id: CaseId, *, due: datetime | None = None, traceparent: str | None = None
) -> None:
    """Rate the case, whose row is locked, over its reports and those of linked cases; tell it if that is news.

    The moment never goes back: it is the newest receipt, the due moment or the last rating's, whichever is latest.
    """
    reports = await store.facts_around(tx.conn, case_id)
    if not reports:
        return
    last = await store.last_rating(tx.conn, case_id)
    as_of = max(moment for moment in (newest(reports), due, last and last.as_of) if moment)
    rules = newest_rules()
    rating = rate(reports, rules, as_of=as_of)
    made = Made(rules.version, as_of, tuple(reports), rating)
    if not may_be_told(rating, reports):
        await store.set_rerate_at(tx.conn, case_id, None)
    elif last and last.says_the_same_as(made):
        await store.set_rerate_at(tx.conn, case_id, rating.rerate_at)
    else:
        await _tell(tx, case_id, made, traceparent)


async def _tell(tx: Transaction, case_id: CaseId, made: Made, traceparent: str | None) -> None:
    rating_no = await store.add_rating(tx.conn, case_id, made, now=tx.now)
    event = CaseRated(
        case_id=case_id,
        rating_no=rating_no,
        level=made.rating.level,
        rule_set=made.rule_set,
        as_of=made.as_of,
        report_ids=made.report_ids,
        reasons=made.rating.reasons,
        unknowns=made.rating.unknowns,
        would_raise=made.rating.would_raise,
    )
    await tx.publish(event, traceparent=traceparent)
    log().info("case.rated", case_id=case_id, rating_no=rating_no, rule_set=made.rule_set)
