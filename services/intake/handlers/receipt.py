"""The receipt: found by its two words, brought forward by what the other services tell."""

import hmac
from dataclasses import replace

from services.intake.domain.receipt import Words, as_written, words_for
from services.intake.handlers.belonging import join_siblings
from services.intake.secrets import Secrets
from services.intake.store import case as cases
from services.intake.store import receipt as receipts
from services.intake.store.receipt import Followed
from shared import evidence
from shared.delivery.outbox import Transaction, Transactions
from shared.events.escalation import Acknowledged, EscalationClosed, EscalationOpened, ReporterVerified, ReportJudged
from shared.ids import ReportId
from shared.telemetry.logging import log


async def follow(transactions: Transactions, secrets: Secrets, words: Words) -> Followed | None:
    """The report that these words belong to; None alike for a wrong reference and a wrong code."""
    async with transactions.begin("follow receipt") as tx:
        found = await receipts.with_reference(tx.conn, as_written(words.reference))
    code = as_written(words.code)
    right = (each for each in found if hmac.compare_digest(words_for(each.report_id, secrets.lookup).code, code))
    return next(right, None)


async def progress(transactions: Transactions, report_id: ReportId) -> tuple[Followed, ...]:
    """How far the report has come, and then each addition to it; who may learn that of the first may of the others."""
    async with transactions.begin("receipt progress") as tx:
        first, *additions = await receipts.with_additions(tx.conn, report_id)
    return (first, *(replace(each, informed=first.informed) for each in additions))


async def escalation_opened(tx: Transaction, event: EscalationOpened) -> None:
    """The demand for a human answer stands: kept as proof that the report did not end here.

    A case that is not here has no evidence to add to: a forged or broken report opens a demand at escalation too.
    """
    if not await cases.exists(tx.conn, event.case_id):
        log().warning("case.not_here", case_id=event.case_id)
        return
    facts: evidence.Facts = {"escalation_id": str(event.escalation_id), "ladder_version": event.ladder_version}
    await evidence.record(tx, event.case_id, act="escalation_opened", actor=None, facts=facts)


async def acknowledged(tx: Transaction, event: Acknowledged) -> None:
    """A consultant was shown reports up to a number."""
    await receipts.mark_seen(tx.conn, event.case_id, up_to=event.covers_report_no, at=tx.told_at or tx.now)


async def report_judged(tx: Transaction, event: ReportJudged) -> None:
    """The report was judged; verified professionals learn whether something was started (Barnets lov § 138)."""
    await receipts.mark_judged(tx.conn, event.report_id, started=event.started, at=tx.told_at or tx.now)


async def reporter_verified(tx: Transaction, event: ReporterVerified) -> None:
    """A consultant called the reporter back at their workplace: from now on the receipt tells how it goes on.

    The siblings that they named belong to the case, as they would have if the reporter had been known at once.
    """
    if event.by is not None:
        await join_siblings(tx, event.report_id, by=event.by)
    if await receipts.mark_called_back(tx.conn, event.report_id):
        facts: evidence.Facts = {"report_id": str(event.report_id), "how": event.how}
        await evidence.record(tx, event.case_id, act="reporter_verified", actor=None, facts=facts)


async def escalation_closed(tx: Transaction, event: EscalationClosed) -> None:
    """The demand was closed."""
    await receipts.mark_concluded(tx.conn, event.case_id, up_to=event.covers_report_no, at=tx.told_at or tx.now)
