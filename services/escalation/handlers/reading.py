"""Looking into a case: why, whether the reader knows anybody in it, and a grant for each report that is read."""

from datetime import timedelta

from services.escalation.store import case, reading
from shared.auth.grants import Grant, ReadPart, ReadPurpose
from shared.auth.people import Person
from shared.delivery.outbox import Transaction
from shared.evidence import Facts, record
from shared.ids import CaseId, ReportId
from shared.telemetry.logging import log

UNUSUAL_WITHIN = timedelta(hours=1)
UNUSUAL_FROM = 20
"""Cases in which one person reads within that time: more is told to the operators, and stands in the evidence."""
VIEWS_UNUSUAL_FROM = 30
"""Cases that one person looks into within that time: so many are told and recorded likewise."""


async def viewed(tx: Transaction, who: Person, case_id: CaseId) -> None:
    """Note that the case is shown to the person: once an hour, because screens ask again by themselves.

    The case is locked before the row is written: an act of the same person takes both in that order.
    """
    hour = tx.now.replace(minute=0, second=0, microsecond=0)
    if await reading.was_viewed(tx.conn, case_id, who.person_id, hour=hour):
        return
    await case.lock_family(tx.conn, case_id)
    if not await reading.note_view(tx.conn, case_id, who.person_id, hour=hour, now=tx.now):
        return
    await record(tx, case_id, act="case_viewed", actor=who.person_id, facts={})
    cases = await reading.cases_viewed(tx.conn, who.person_id, since=tx.now - UNUSUAL_WITHIN)
    if cases >= VIEWS_UNUSUAL_FROM:
        log().error("viewing.unusual", person_id=who.person_id, count=cases)
        await record(tx, case_id, act="unusual_viewing", actor=who.person_id, facts={"cases": cases})


async def reasons_shown(tx: Transaction, who: Person, case_id: CaseId, *, why: ReadPurpose, count: int) -> None:
    """The person is shown so many of the words in which people gave their reasons. The caller has locked the case."""
    await record(tx, case_id, act="reasons_read", actor=who.person_id, facts={"purpose": why, "reasons": count})


async def say_purpose(tx: Transaction, who: Person, case_id: CaseId, why: ReadPurpose) -> None:
    """Keep why the person looks into the case. The caller has locked it."""
    if await reading.say_purpose(tx.conn, case_id, who.person_id, why, now=tx.now):
        await record(tx, case_id, act="purpose_said", actor=who.person_id, facts={"purpose": why})


async def knows_nobody(tx: Transaction, who: Person, case_id: CaseId, *, up_to: int) -> None:
    """The person was shown the names in reports 1 to `up_to`, and knows none of them."""
    await reading.knows_nobody(tx.conn, case_id, who.person_id, up_to=up_to)
    await record(tx, case_id, act="knows_nobody", actor=who.person_id, facts={"up_to_report_no": up_to})


async def printed(tx: Transaction, who: Person, case_id: CaseId, *, first: int, up_to: int) -> None:
    """The person takes reports `first` to `up_to` onto paper. The caller has locked the case."""
    facts: Facts = {"from_report_no": first, "up_to_report_no": up_to}
    await record(tx, case_id, act="printed", actor=who.person_id, facts=facts)


async def grant(
    tx: Transaction, who: Person, case_id: CaseId, report_id: ReportId, *, why: ReadPurpose, part: ReadPart
) -> Grant:
    """Grant one reading, with evidence before anything is shown. The caller has locked the case."""
    granted = Grant(tx.ids(), report_id, who.person_id, why, part)
    await reading.note(tx.conn, case_id, granted, now=tx.now)
    await record(tx, case_id, act="report_read", actor=who.person_id, facts=granted.facts())
    cases = await reading.cases_read(tx.conn, who.person_id, since=tx.now - UNUSUAL_WITHIN)
    if cases > UNUSUAL_FROM:
        log().error("reading.unusual", person_id=who.person_id, count=cases)
        await record(tx, case_id, act="unusual_reading", actor=who.person_id, facts={"cases": cases})
    return granted
