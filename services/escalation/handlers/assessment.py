"""The risk assessment: recorded once, read with a trace."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import asyncpg

from services.escalation.domain.assessment import FORM, Risk
from services.escalation.domain.escalation import Refused
from services.escalation.handlers.draft import ASSESSMENT
from services.escalation.store import assessment, case, report
from services.escalation.store import draft as drafts
from shared.auth.people import Person
from shared.delivery.outbox import Transaction
from shared.evidence import Facts, record
from shared.ids import CaseId
from shared.sealing import DataKey, KeyRing, SealBroken
from shared.telemetry.logging import error_code, log

Answers = Mapping[str, Any]


async def assess(
    tx: Transaction,
    who: Person,
    case_id: CaseId,
    *,
    covers: int,
    level: Risk,
    acute: bool,
    answers: Answers,
    keys: KeyRing,
) -> UUID | Refused:
    """Record an assessment of reports 1 to `covers`, and of what has come by now in linked cases; its id.

    Whoever got no answer and says the same again has said it once.
    """
    if covers > await report.shown_up_to(tx.conn, case_id):
        return Refused("not_shown")
    key = await case.data_key(tx.conn, case_id, keys)
    known = {**await report.newest_of(tx.conn, case_id), case_id: covers}
    last = await assessment.newest(tx.conn, case_id)
    if last is not None and _says(last, key) == (who.person_id, known, FORM.version, level, acute, dict(answers)):
        return UUID(str(last["assessment_id"]))
    named = tx.ids()
    await assessment.add(
        tx.conn,
        named,
        case_id,
        covers_report_no=covers,
        covers=known,
        form=FORM.version,
        level=level,
        acute=acute,
        answers=key.seal(json.dumps(dict(answers)).encode(), table="assessments", column="answers", row=named),
        by=who.person_id,
        now=tx.now,
    )
    await drafts.drop(tx.conn, case_id, who.person_id, ASSESSMENT)
    await case.changed(tx.conn, case_id)
    facts: Facts = {"assessment_id": str(named), "covers_report_no": covers, "level": level.value, "acute": acute}
    await record(tx, case_id, act="assessed", actor=who.person_id, facts=facts)
    return named


def _says(row: asyncpg.Record, key: DataKey) -> tuple[object, ...]:
    answers = key.unseal(row["answers"], table="assessments", column="answers", row=row["assessment_id"])
    known = assessment.covers_of(row)
    return row["person_id"], known, row["form"], row["level"], row["acute"], json.loads(answers)


async def read(
    tx: Transaction, who: Person, case_id: CaseId, assessment_id: UUID, *, keys: KeyRing
) -> tuple[asyncpg.Record, Answers | None] | None:
    """An assessment with its answers, which are None where they do not open. That it was read is evidence."""
    row = await assessment.get(tx.conn, case_id, assessment_id)
    if row is None:
        return None
    key = await case.data_key(tx.conn, case_id, keys)
    try:
        plain = key.unseal(row["answers"], table="assessments", column="answers", row=assessment_id)
        answers = json.loads(plain)
    except (SealBroken, ValueError) as error:
        log().error("assessment.unreadable", row_id=assessment_id, error=error_code(error))
        return row, None
    await record(tx, case_id, act="assessment_read", actor=who.person_id, facts={"assessment_id": str(assessment_id)})
    return row, answers
