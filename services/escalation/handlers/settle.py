"""One fact, settled: the escalation is loaded, decided about, saved, and what follows is stored and told.

Whoever calls holds the lock on the case's row.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from services.escalation.domain.climbing import wait_of
from services.escalation.domain.decision import decide
from services.escalation.domain.escalation import (
    Around,
    Asked,
    Decision,
    Escalation,
    Fact,
    Finished,
    NobodyReached,
    Offered,
    Opened,
    Refused,
    Reminded,
    State,
    Took,
)
from services.escalation.domain.page import message_id, person
from services.escalation.store import alarm, case, countersign, escalation, page, report, rota
from shared.delivery.outbox import Transaction
from shared.events.codes import Purpose, RecipientKind, Template
from shared.events.escalation import (
    Acknowledged,
    EscalationClosed,
    EscalationOpened,
    MessageRequested,
    MessageWithdrawn,
    NobodyReachable,
    Recipient,
)
from shared.events.model import Event
from shared.evidence import Facts, record
from shared.ids import CaseId, MessageId, PersonId, derived_id
from shared.postgres.faults import INFRASTRUCTURE
from shared.telemetry.logging import error_code, log

REMINDER_LASTS = timedelta(hours=8)


async def settle(tx: Transaction, case_id: CaseId, fact: Fact, *, actor: PersonId | None = None) -> Refused | None:
    """Let the fact have its effect; a refusal of the rules is handed back and nothing was changed."""
    before = await escalation.newest(tx.conn, case_id)
    around = await around_of(tx, case_id, before)
    decided = decide(before, fact, around)
    if isinstance(decided, Refused):
        return decided
    if decided.after is not None and (decided.effects or decided.after != before):
        await escalation.save(tx.conn, decided.after)
        await _enact(tx, decided.after, decided, around, actor)
        if before is not None:
            await _void(tx, before, decided.after)
    return None


async def tried(tx: Transaction, case_id: CaseId, act: Callable[[], Awaitable[object]]) -> bool:
    """Let time have its effect on one case of many; False where it cannot be decided: it must not stop the others."""
    try:
        async with tx.part():
            await act()
    except INFRASTRUCTURE:
        raise
    except Exception as error:
        log().error("tick.failed", case_id=case_id, error=error_code(error))
        return False
    return True


async def _void(tx: Transaction, before: Escalation, after: Escalation) -> None:
    """What a second person has not answered yet was asked about a case that is no longer the same."""
    known = (before.newest_report_no, before.level, before.escalation_id)
    changed = after.state is State.CLOSED or known != (after.newest_report_no, after.level, after.escalation_id)
    acts = [*(["close"] if after.state is not State.CLOSING else []), *(["lower"] if changed else [])]
    if acts:
        await countersign.void(tx.conn, before.escalation_id, acts)


async def around_of(tx: Transaction, case_id: CaseId, state: Escalation | None) -> Around:
    """What a decision about the case looks at now."""
    running = state if state and state.state is not State.CLOSED else None
    plan, people = await rota.plan_and_rota(tx.conn, running.ladder_version if running else None, case_id, tx.now)
    judged = await report.judged(tx.conn, case_id)
    pages = await page.of_round(tx.conn, running) if running else ()
    return Around(tx.now, plan, people, pages, judged.unjudged, judged.judges)


async def _enact(
    tx: Transaction, after: Escalation, decision: Decision, around: Around, actor: PersonId | None
) -> None:
    for effect in decision.effects:
        match effect:
            case Opened():
                await _opened(tx, after)
            case Asked(recipients):
                await page.supersede(tx.conn, after)
                for recipient in recipients:
                    await _page(tx, after, recipient, around)
            case Took():
                await _took(tx, after, effect)
            case Offered(to):
                await _offered(tx, after, to, around)
            case NobodyReached():
                await _nobody_reached(tx, after)
            case Reminded():
                await remind(tx, after, around)
            case Finished():
                await _finished(tx, after, effect, actor)


async def _opened(tx: Transaction, after: Escalation) -> None:
    told = EscalationOpened(
        case_id=after.case_id,
        escalation_id=after.escalation_id,
        ladder=after.ladder,
        ladder_version=after.ladder_version,
    )
    await _tell(tx, told)
    await _note(tx, after, "escalation_opened", {"ladder": after.ladder, "ladder_version": after.ladder_version})


async def _page(tx: Transaction, after: Escalation, recipient: Recipient, around: Around) -> None:
    named = message_id(after.escalation_id, round=after.round, rung=after.rung, recipient=recipient)
    not_fresh = after.fresh_eyes and recipient.id in around.judges
    await page.request(tx.conn, named, after, recipient, not_fresh=not_fresh, now=tx.now)
    if not_fresh:
        await _note(tx, after, "fresh_eyes_breached", {"recipient_id": str(recipient.id), "message_id": str(named)})
    template = Template.DESK_PAGE if recipient.kind is RecipientKind.DESK else Template.PAGE
    lasts = wait_of(after, around)
    await _request(tx, after, named, recipient, template=template, lasts=lasts, purpose=Purpose.PAGE)
    log().info(
        "page.requested",
        case_id=after.case_id,
        escalation_id=after.escalation_id,
        message_id=named,
        round=after.round,
        rung=after.rung,
        level_in_force=after.ladder,
    )


async def _request(
    tx: Transaction,
    after: Escalation,
    named: MessageId,
    recipient: Recipient,
    *,
    template: Template,
    lasts: timedelta,
    answer_in: timedelta | None = None,
    purpose: Purpose = Purpose.NOTICE,
) -> None:
    """Past its time a page is no use: the next one is out by then, and tells another time."""
    until = tx.now + lasts
    standing = await report.standing(tx.conn, after.case_id)
    assert standing.newest is not None  # an escalation is opened by a report
    told = MessageRequested(
        case_id=after.case_id,
        message_id=named,
        report_id=standing.newest,
        purpose=purpose,
        recipient=recipient,
        template=template,
        answer_by=tx.now + (answer_in or lasts),
        not_after=until,
        quiet_allowed=template is Template.REMINDER,
        canary=standing.canary,
    )
    await _tell(tx, told)
    act = "page_requested" if purpose is Purpose.PAGE else "reminder_requested"
    asked: Facts = {"recipient_kind": recipient.kind, "recipient_id": str(recipient.id), "message_id": str(named)}
    await _note(tx, after, act, {**asked, "round": after.round, "rung": after.rung})


async def _took(tx: Transaction, after: Escalation, took: Took) -> None:
    await page.answer(tx.conn, after.escalation_id, took.person_id)
    if after.state is State.ACKNOWLEDGED:
        await withdraw(tx, after)
    told = Acknowledged(
        case_id=after.case_id,
        escalation_id=after.escalation_id,
        person_id=took.person_id,
        covers_report_no=took.covers,
        promise_until=took.until,
    )
    await tx.publish(told)
    facts: Facts = {"covers_report_no": took.covers, "promise_until": took.until.isoformat()}
    await _note(tx, after, "acknowledged", facts, actor=took.person_id)


async def withdraw(tx: Transaction, of: Escalation, person_id: PersonId | None = None) -> None:
    """Withdraw the messages, of one person or of all, that nobody need answer any more."""
    for named in await page.withdraw(tx.conn, of.escalation_id, tx.now, person_id):
        await tx.publish(MessageWithdrawn(case_id=of.case_id, message_id=named))
        await _note(tx, of, "page_withdrawn", {"message_id": str(named)})


async def _offered(tx: Transaction, after: Escalation, to: PersonId, around: Around) -> None:
    """Ask the person in the words of a page, to answer within what a page of the case's level waits.

    Nobody is asked after them: the message lasts longer than that, and the promise of whoever has it still runs.
    """
    named = MessageId(derived_id("handover", after.escalation_id, to, tx.now.isoformat()))
    wait = wait_of(after, around)
    await _request(
        tx, after, named, person(to), template=Template.PAGE, lasts=max(wait, REMINDER_LASTS), answer_in=wait
    )


async def _nobody_reached(tx: Transaction, after: Escalation) -> None:
    if (await case.get(tx.conn, after.case_id))["canary"]:
        return  # that it does not come round is an alarm of its own
    await _tell(tx, NobodyReachable(case_id=after.case_id, escalation_id=after.escalation_id))
    await _note(tx, after, "nobody_reachable", {"round": after.round})
    await alarm.open_one(tx.conn, tx.ids(), after.case_id, tx.now)
    log().error("escalation.nobody_reachable", escalation_id=after.escalation_id, round=after.round)


async def remind(tx: Transaction, after: Escalation, around: Around) -> None:
    """Tell those who may countersign that something waits, except the one who asked: at once, and each day anew."""
    for waiting in await countersign.all_waiting(tx.conn, after.escalation_id):
        for person_id in around.rota.countersigners:
            if person_id != waiting["asked_by"]:
                named = MessageId(derived_id("reminder", waiting["countersign_id"], tx.now.date(), person_id))
                await _request(tx, after, named, person(person_id), template=Template.REMINDER, lasts=REMINDER_LASTS)


async def _finished(tx: Transaction, after: Escalation, finished: Finished, actor: PersonId | None) -> None:
    told = EscalationClosed(
        case_id=after.case_id,
        escalation_id=after.escalation_id,
        covers_report_no=after.acknowledged_report_no,
        outcome=finished.outcome,
    )
    await tx.publish(told)
    await _note(tx, after, "closed", {"outcome": finished.outcome}, actor=actor)


async def _tell(tx: Transaction, event: Event) -> None:
    """Told in the concern's own trace, by the tick and in people's acts too."""
    stored = None if tx.told_at else (await case.get(tx.conn, event.case_id))["traceparent"]
    await tx.publish(event, traceparent=stored)


async def _note(tx: Transaction, after: Escalation, act: str, facts: Facts, *, actor: PersonId | None = None) -> None:
    of = {"escalation_id": str(after.escalation_id)}
    await record(tx, after.case_id, act=act, actor=actor, facts={**of, **facts})
